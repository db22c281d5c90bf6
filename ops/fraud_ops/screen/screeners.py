"""Who answers: a running sanctions service, or lists read here without one."""

import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path

import httpx
from pydantic import ValidationError

from fraud_ops.screen.batches import Screen
from fraud_sanctions.lists.catalogue import Loaded, load
from fraud_sanctions.lists.records import WatchList
from fraud_sanctions.matching.answers import hit_of, party_of, worst
from fraud_sanctions.matching.index import Index
from fraud_sanctions.matching.screener import Bands, Screener
from fraud_shared.contracts.screening import (
    ListVersion,
    ScreeningRequest,
    ScreeningResult,
)
from fraud_shared.mesh.deadline import HEADER
from fraud_shared.mesh.tokens import TokenIssuer

_DEADLINE_MS = 10_000
_TRIES = 5
_PAUSE_S = 0.5
_BUSY = {429, 503}


class ScreenerUnusable(Exception):
    """Nobody can answer; `problem` says why."""

    def __init__(self, problem: str) -> None:
        super().__init__(problem)
        self.problem = problem


@contextmanager
def service(url: str, token_key: str) -> Iterator[Screen]:
    """The service at `url`. A busy one is asked again after a pause, five times."""
    issuer = TokenIssuer("ops", token_key)
    with httpx.Client(base_url=url, timeout=2 * _DEADLINE_MS / 1000) as http:

        def screen(request: ScreeningRequest) -> ScreeningResult:
            body = request.model_dump_json()
            for attempt in range(1, _TRIES + 1):
                reply = _post(http, body, issuer.bearer("sanctions"))
                if reply.status_code not in _BUSY:
                    return _result(reply)
                if attempt < _TRIES:
                    time.sleep(_PAUSE_S * attempt)
            return ScreeningResult(status="unavailable", detail="SANCTIONS_UNAVAILABLE")

        yield screen


def _post(http: httpx.Client, body: str, token: str) -> httpx.Response:
    headers = {
        "authorization": token,
        "content-type": "application/json",
        HEADER: str(_DEADLINE_MS),
    }
    try:
        return http.post("/screen", content=body.encode(), headers=headers)
    except httpx.HTTPError as error:
        problem = f"the sanctions service did not answer ({type(error).__name__})"
        raise ScreenerUnusable(problem) from None


def _result(reply: httpx.Response) -> ScreeningResult:
    if reply.status_code != 200:
        raise ScreenerUnusable(
            f"the sanctions service refused with {reply.status_code}"
        )
    try:
        return ScreeningResult.model_validate_json(reply.content)
    except ValidationError:
        raise ScreenerUnusable(
            "the answer is not that of a sanctions service"
        ) from None


def folder(path: Path, bands: Bands, most: int) -> Screen:
    """The lists of a folder, read once. One that would be refused ends it: a report that
    silently leaves out a list would be taken for a clean one."""
    now = datetime.now(UTC)
    loaded = _load(path, now)
    screener = Screener(Index([e for watch in loaded.lists for e in watch.entities]))
    versions = tuple(_version(watch) for watch in loaded.lists)

    def screen(request: ScreeningRequest) -> ScreeningResult:
        started = time.perf_counter()
        hits = tuple(
            hit_of(query.role, hit, bands)
            for query in request.parties
            for hit in screener.screen(party_of(query), least=bands.possible, most=most)
        )
        elapsed = round((time.perf_counter() - started) * 1000, 3)
        return ScreeningResult(
            status=worst(hits), hits=hits, lists=versions, elapsed_ms=elapsed
        )

    return screen


def _load(path: Path, now: datetime) -> Loaded:
    try:
        loaded = load(path, {}, now)
    except OSError:
        raise ScreenerUnusable("the folder of lists cannot be read") from None
    if loaded.refused:
        refused = ", ".join(f"{r.list_id} ({r.code})" for r in loaded.refused)
        raise ScreenerUnusable(f"refused: {refused}")
    if not loaded.lists:
        raise ScreenerUnusable("the folder holds no list")
    return loaded


def _version(watch: WatchList) -> ListVersion:
    return ListVersion(
        list=watch.list_id,
        version=watch.version,
        entities=len(watch.entities),
        loaded_at=watch.loaded_at,
        age_hours=0.0,
    )
