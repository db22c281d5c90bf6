"""Fetching lists over HTTP: only what changed, only whole, never more than agreed."""

import hashlib
import re
from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import datetime
from pathlib import Path

import httpx

from fraud_ops.lists.config import ListSource, expanded
from fraud_ops.lists.shelf import Note, Shelf, Taken
from fraud_sanctions.sources.refusal import ListRefused

TIMEOUT = httpx.Timeout(30.0, read=60.0)
_HASH = re.compile(r"\b[0-9a-fA-F]{64}\b")
_LOOPBACK = {"127.0.0.1", "::1", "localhost"}
Progress = Callable[[str, int, int | None], None]


@dataclass(frozen=True)
class Outcome:
    """How the fetch of one list ended: `updated`, `unchanged`, `skipped`, or a code."""

    list_id: str
    result: str
    taken: Taken | None = None
    detail: str = ""

    @property
    def failed(self) -> bool:
        """Whether the old version had to stay."""
        return self.result not in ("updated", "unchanged", "skipped")


class FetchFailed(Exception):
    """There is no new file; `code` says why."""

    def __init__(self, code: str, detail: str = "") -> None:
        super().__init__(code)
        self.code = code
        self.detail = detail


def new_client() -> httpx.Client:
    """A client that never speaks unencrypted, except to this machine."""
    return httpx.Client(
        timeout=TIMEOUT,
        follow_redirects=True,
        max_redirects=5,
        headers={"user-agent": "fraud-lists/1", "accept-encoding": "gzip"},
        event_hooks={"request": [_encrypted]},
    )


def _encrypted(request: httpx.Request) -> None:
    if request.url.scheme != "https" and request.url.host not in _LOOPBACK:
        raise FetchFailed("LIST_INSECURE", "only https is fetched")


def fetch(
    source: ListSource,
    shelf: Shelf,
    client: httpx.Client,
    now: datetime,
    progress: Progress = lambda *_: None,
) -> Outcome:
    """Bring one list of the folder up to date; whatever fails, the old file stays."""
    url = expanded(source.url)
    if url is None:
        return Outcome(source.list_id, "skipped", detail="its variable is not set")
    known = shelf.notes().get(source.file, Note())
    stamp = now.isoformat(timespec="seconds")
    try:
        outcome, note = _fetch(source, url, shelf, client, known, now, progress)
    except FetchFailed as failure:
        outcome = Outcome(source.list_id, failure.code, detail=failure.detail)
        note = known
    except ListRefused as refusal:
        outcome, note = Outcome(source.list_id, refusal.code), known
    except httpx.HTTPError as error:
        cut = isinstance(error, httpx.RemoteProtocolError)
        code = "LIST_TRUNCATED" if cut else "LIST_UNREACHABLE"
        outcome = Outcome(source.list_id, code, detail=type(error).__name__)
        note = known
    shelf.note(source.file, replace(note, checked_at=stamp, outcome=outcome.result))
    return outcome


def _fetch(
    source: ListSource,
    url: str,
    shelf: Shelf,
    client: httpx.Client,
    known: Note,
    now: datetime,
    progress: Progress,
) -> tuple[Outcome, Note]:
    headers = _conditions(shelf.folder / source.file, known)
    with (
        shelf.part(source.file) as part,
        client.stream("GET", url, headers=headers) as reply,
    ):
        if reply.status_code == httpx.codes.NOT_MODIFIED and headers:
            shelf.touch(source.file, now)
            return Outcome(source.list_id, "unchanged"), known
        if reply.status_code != httpx.codes.OK:
            raise FetchFailed("LIST_UNREACHABLE", f"HTTP {reply.status_code}")
        digest = _save(source, reply, part, progress)
        if source.sha256_url and digest != _announced(client, source.sha256_url):
            raise ListRefused(source.list_id, "LIST_CHECKSUM")
        note = Note(
            reply.headers.get("etag"), reply.headers.get("last-modified"), digest
        )
        if digest == known.sha256 == _hash_of(shelf.folder / source.file):
            shelf.touch(source.file, now)
            return Outcome(source.list_id, "unchanged"), note
        taken = shelf.take(part, source.file, now)
        return Outcome(source.list_id, "updated", taken), note


def _conditions(path: Path, known: Note) -> dict[str, str]:
    """Ask for changes only if the file is still the one the server's marks belong to."""
    if known.sha256 is None or _hash_of(path) != known.sha256:
        return {}
    marks = {"if-none-match": known.etag, "if-modified-since": known.last_modified}
    return {name: mark for name, mark in marks.items() if mark}


def _hash_of(path: Path) -> str | None:
    try:
        with path.open("rb") as file:
            return hashlib.file_digest(file, "sha256").hexdigest()
    except OSError:
        return None


def _save(
    source: ListSource, reply: httpx.Response, part: Path, progress: Progress
) -> str:
    most = int(source.max_mb * 1_000_000)
    length = reply.headers.get("content-length", "")
    total = int(length) if length.isdecimal() else None
    if total is not None and total > most:
        raise FetchFailed("LIST_TOO_LARGE", f"announced {total:,} bytes")
    digest, written = hashlib.sha256(), 0
    with part.open("wb") as file:
        for data in reply.iter_bytes(256 * 1024):
            written += len(data)
            # Counted after decompression: a small reply may unpack into a large file.
            if written > most:
                raise FetchFailed("LIST_TOO_LARGE", f"more than {most:,} bytes")
            digest.update(data)
            file.write(data)
            progress(source.list_id, written, total)
    return digest.hexdigest()


def _announced(client: httpx.Client, url: str) -> str:
    with client.stream("GET", expanded(url) or url) as reply:
        if reply.status_code != httpx.codes.OK:
            raise FetchFailed("LIST_UNREACHABLE", f"checksum: HTTP {reply.status_code}")
        head = next(reply.iter_bytes(4096), b"")
    found = _HASH.search(head.decode("ascii", "ignore"))
    if found is None:
        raise FetchFailed("LIST_CHECKSUM", "no hash at its address")
    return found[0].lower()
