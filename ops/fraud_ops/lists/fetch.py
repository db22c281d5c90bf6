"""Fetching lists over HTTP: only what changed, only whole, never more than agreed."""

import hashlib
import re
import shutil
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from pathlib import Path

import httpx

from fraud_ops.lists.config import ListFile, ListSource, expanded
from fraud_ops.lists.folder import FetchRecord, ListFolder, Taken
from fraud_sanctions.lists.sources.refusal import ListRefused

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
    list_folder: ListFolder,
    client: httpx.Client,
    now: datetime,
    progress: Progress = lambda *_: None,
) -> Outcome:
    """Bring one list of the folder up to date; whatever fails, the old file stays."""
    urls = [expanded(part.url) for part in source.parts]
    if None in urls:
        return Outcome(source.list_id, "skipped", detail="its variable is not set")
    noted, place = list_folder.notes(), source.place
    known = {
        key: noted.get(key, FetchRecord())
        for key in (place.key(name) for name in place.names)
    }
    stamp = now.isoformat(timespec="seconds")
    notes: Mapping[str, FetchRecord] = known
    try:
        outcome, notes = _fetch(source, list_folder, client, known, now, progress)
    except FetchFailed as failure:
        outcome = Outcome(source.list_id, failure.code, detail=failure.detail)
    except ListRefused as refusal:
        why = f"also in {', '.join(refusal.files)}" if refusal.files else ""
        outcome = Outcome(source.list_id, refusal.code, detail=why)
    except httpx.HTTPError as error:
        cut = isinstance(error, httpx.RemoteProtocolError)
        code = "LIST_TRUNCATED" if cut else "LIST_UNREACHABLE"
        outcome = Outcome(source.list_id, code, detail=type(error).__name__)
    list_folder.note(
        {
            key: replace(note, checked_at=stamp, outcome=outcome.result)
            for key, note in notes.items()
        }
    )
    return outcome


def _fetch(
    source: ListSource,
    list_folder: ListFolder,
    client: httpx.Client,
    known: Mapping[str, FetchRecord],
    now: datetime,
    progress: Progress,
) -> tuple[Outcome, Mapping[str, FetchRecord]]:
    """All files of the list, those that did not change from the folder, taken together."""
    place, notes, changed = source.place, {}, False
    with list_folder.room(place) as room:
        for part in source.parts:
            key = place.key(part.file)
            old = list_folder.path(place, part.file)
            one = _Download(source, part, old, room / part.file, known[key], progress)
            notes[key] = one.bring(client)
            changed |= one.changed
        if not changed:
            list_folder.touch(place, now)
            return Outcome(source.list_id, "unchanged"), notes
        taken = list_folder.take(room, place, now)
        return Outcome(source.list_id, "updated", taken), notes


@dataclass
class _Download:
    """One file on its way from its address, or from the folder, to the new ones."""

    source: ListSource
    part: ListFile
    old: Path
    new: Path
    known: FetchRecord
    progress: Progress
    changed: bool = False

    def bring(self, client: httpx.Client) -> FetchRecord:
        """Write the new file; what to remember of it."""
        headers = _conditions(self.old, self.known)
        url = expanded(self.part.url) or self.part.url
        with client.stream("GET", url, headers=headers) as reply:
            if reply.status_code == httpx.codes.NOT_MODIFIED and headers:
                shutil.copyfile(self.old, self.new)
                return self.known
            if reply.status_code != httpx.codes.OK:
                why = f"{self.part.file}: HTTP {reply.status_code}"
                raise FetchFailed("LIST_UNREACHABLE", why)
            digest = _save(self.source, reply, self.new, self.progress)
            hash_url = self.part.sha256_url
            if hash_url and digest != _announced(client, hash_url):
                raise ListRefused(self.source.list_id, "LIST_CHECKSUM")
            self.changed = not (digest == self.known.sha256 == _hash_of(self.old))
            return FetchRecord(
                reply.headers.get("etag"), reply.headers.get("last-modified"), digest
            )


def _conditions(path: Path, known: FetchRecord) -> dict[str, str]:
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
