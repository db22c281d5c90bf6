"""A mesh in this process in which nothing depends on the machine's clock or speed."""

import asyncio
import json
import time
from collections.abc import AsyncIterator, Callable, Iterator, Sequence
from contextlib import asynccontextmanager, contextmanager
from datetime import UTC, datetime

import orjson
from fastapi import FastAPI

from fraud_features.store.memory.store import MemoryOnlineStore
from fraud_lab.parity.labels import LabelTracker
from fraud_lab.parity.stages import ALONE, variables
from fraud_lab.replay.recording import LABEL, PAYMENT, Request
from fraud_ops.mesh.environment import LocalMesh
from fraud_ops.mesh.http import Client
from fraud_ops.mesh.in_process import InProcessMesh
from fraud_ops.running import CommandError
from fraud_sanctions.settings import SAMPLE_LISTS
from fraud_shared.mesh.transport import AsgiTransport
from fraud_shared.web.keys import key_hash, new_key

TIMEOUT_S = 300.0
LOADED_WITHIN_S = 120.0
POLL_S = 0.05
_LONG_MS = str(120_000)
_NEVER_S = str(10**6)
SETTINGS = {
    **ALONE,
    **{
        f"FRAUD_ORCHESTRATOR_{name}_MS": _LONG_MS
        for name in (
            *("WALL", "ONLINE_CAP", "RULES_CAP", "MODELS_CAP", "DECISION_CAP"),
            *("ACTION_CAP", "QUERY_CAP", "DEFAULT_DEADLINE", "DEADLINE_CAP"),
        )
    },
    "FRAUD_ORCHESTRATOR_TAIL_MS": "100",
    "FRAUD_ORCHESTRATOR_RATE_PER_S": "1e6",
    "FRAUD_ORCHESTRATOR_RATE_BURST": "1000000",
    # What runs out is seen by the clock at each payment; sweeps come at any moment.
    "FRAUD_ACTION_SWEEP_EVERY_S": _NEVER_S,
    "FRAUD_ACTION_RECONCILE_EVERY_S": _NEVER_S,
    # Each start sweeps once: ending months of challenges would lock the file for seconds.
    "FRAUD_ACTION_OTP_TTL": "P3650D",
    "FRAUD_ACTION_HOLD_TTL": "P3650D",
    "FRAUD_POST_AUTH_EXPORT_CHECK_S": _NEVER_S,
    "FRAUD_SANCTIONS_LISTS": str(SAMPLE_LISTS),
    "FRAUD_SANCTIONS_CHECK_EVERY_S": "0",
    # Months pass by the clock, and the lists stay as they are.
    "FRAUD_SANCTIONS_STALE_AFTER_HOURS": "1e6",
}
# A challenger that decides nothing is not waited for, so its signal depends on speed.
CHALLENGER_OFF = {"FRAUD_CHALLENGER_MODE": "off"}
CHALLENGER_DECIDES = {"FRAUD_CHALLENGER_MODE": "share", "FRAUD_CHALLENGER_SHARE": "1"}


class ModelsMissing(CommandError):
    """The registry has no models that this mesh can serve."""


class StillClock:
    """Stands still until it is set, and lies before the machine's: so no decision that is
    under way on a busy machine looks interrupted to the gateway."""

    def __init__(self) -> None:
        self.at = datetime(1970, 1, 1, tzinfo=UTC)

    def now(self) -> datetime:
        """The time it was set to."""
        return self.at

    def monotonic(self) -> float:
        """The machine's: of durations, none of which decides anything here."""
        return time.monotonic()


class StillMesh:
    """Answers one request at a time, each at the time it says.

    A label counts before the next request is made.
    """

    def __init__(self, keys: dict[str, str], token_key: str) -> None:
        self._clock = StillClock()
        self._store = MemoryOnlineStore(now=self._clock.now)
        self._token_key = token_key
        self._gateway: dict[str, FastAPI] = {}
        transport = AsgiTransport(self._gateway)
        self._clients = {
            name: Client("", key, transport=transport) for name, key in keys.items()
        }
        self._labels = {
            name: LabelTracker(client) for name, client in self._clients.items()
        }

    @asynccontextmanager
    async def running(self, at: datetime, **settings: str) -> AsyncIterator[None]:
        """The services, started at `at`; what they knew before they know again."""
        self._clock.at = at
        await self._store.mark_warm()
        with variables(settings):
            # Models of a signed registry, tried when they were published.
            mesh_in_process = InProcessMesh(
                self._store,
                self._token_key,
                trial=lambda _: None,
                clock=self._clock,
            )
            async with mesh_in_process.running() as gateway:
                self._gateway["gateway"] = gateway
                yield
                del self._gateway["gateway"]

    async def models(self) -> dict[str, dict[str, str]]:
        """Name, version, hash and bundle of each model, once all are loaded: a scorer is
        live before. Raises ModelsMissing."""
        client = next(iter(self._clients.values()))
        waited_until = time.monotonic() + LOADED_WITHIN_S
        while True:
            status, found = await client.get("/v1/version", timeout_s=TIMEOUT_S)
            whole = status == 200 and not found["unavailable"]
            if whole and all(found["models"].values()):
                return dict(sorted(found["models"].items()))
            if time.monotonic() >= waited_until:
                raise ModelsMissing(ModelsMissing.__doc__)
            await asyncio.sleep(POLL_S)

    async def ask(self, request: Request) -> tuple[int, bytes]:
        """The answer to a request."""
        self._clock.at = request.at
        labels = self._labels[request.client]
        status, reply = await self._clients[request.client].post(
            request.path, orjson.dumps(request.body), timeout_s=TIMEOUT_S
        )
        if status == 200 and request.path == PAYMENT:
            labels.paid(request.body["transaction_id"])
        elif status == 200 and request.path == LABEL:
            labels.accepted(request.body)
            await labels.settle()
        return status, reply


Take = Callable[[int, Request, int, bytes], None]
Begin = Callable[[dict[str, dict[str, str]]], None]


def play(
    trained: LocalMesh,
    requests: Sequence[Request],
    challenger_from: int,
    *,
    begin: Begin,
    take: Take,
) -> None:
    """Ask a fresh mesh with the models of `trained` every request in order.

    `begin` hears which models serve before the first request, `take` every answer and its
    number. From `challenger_from` on the challenger decides.
    """
    clients = sorted({request.client for request in requests})
    with _environment(trained, clients) as (mesh, keys):
        still = StillMesh(keys, mesh.secret("FRAUD_TOKEN_KEY"))
        asyncio.run(_play(still, requests, challenger_from, begin, take))


async def _play(
    mesh: StillMesh,
    requests: Sequence[Request],
    challenger_from: int,
    begin: Begin,
    take: Take,
) -> None:
    parts: tuple[tuple[dict[str, str], Sequence[Request], int], ...] = (
        (CHALLENGER_OFF, requests[:challenger_from], 0),
        (CHALLENGER_DECIDES, requests[challenger_from:], challenger_from),
    )
    begun = False
    for settings, part, first in parts:
        if not part:
            continue
        async with mesh.running(part[0].at, **settings):
            served = await mesh.models()
            if not begun:
                begin(served)
                begun = True
            for number, request in enumerate(part, first):
                take(number, request, *await mesh.ask(request))


@contextmanager
def _environment(
    trained: LocalMesh, clients: Sequence[str]
) -> Iterator[tuple[LocalMesh, dict[str, str]]]:
    """A mesh of its own in this process's environment, and a key for each client."""
    with trained.fresh(trained.first_port) as mesh:
        mesh.prepare()
        keys = {client: new_key(client) for client in clients}
        pepper = mesh.secret("FRAUD_KEY_PEPPER")
        entries = [
            {
                "client": client,
                "hash": key_hash(pepper, key),
                "scopes": ["score", "label", "read"],
            }
            for client, key in keys.items()
        ]
        own = {"FRAUD_API_KEYS": json.dumps(entries)}
        with variables({**mesh.environment("memory://"), **SETTINGS, **own}):
            yield mesh, keys
