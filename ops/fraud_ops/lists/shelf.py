"""A folder of lists: what is in it, and how a new version gets in."""

import json
import os
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from datetime import datetime
from pathlib import Path

from fraud_sanctions.catalogue import Source, read, refuse_shrunken
from fraud_sanctions.delta import Delta, delta, fingerprints
from fraud_sanctions.records import WatchList
from fraud_sanctions.sources.refusal import ListRefused

_NOTES = ".fetched.json"


@dataclass(frozen=True)
class Note:
    """What is remembered of a fetch: the server's marks, and how the last one ended."""

    etag: str | None = None
    last_modified: str | None = None
    sha256: str | None = None
    checked_at: str | None = None
    outcome: str = ""


@dataclass(frozen=True)
class Taken:
    """A new version that is now in the folder, and what it changes."""

    watch: WatchList
    delta: Delta
    previous: str | None


class Shelf:
    """Files that the sanctions service reads; each is replaced in one step or not at all."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        folder.mkdir(parents=True, exist_ok=True)

    def current(self, file: str, now: datetime) -> WatchList | None:
        """The version in the folder; None when there is none that can be read."""
        path = self.folder / file
        try:
            return read(Source(file.partition(".")[0], (path,)), now)
        except ListRefused:
            return None

    @contextmanager
    def part(self, file: str) -> Iterator[Path]:
        """A place beside the file to write the new one to; gone afterwards."""
        path = self.folder / f".{file}.{os.getpid()}.part"
        try:
            yield path
        finally:
            path.unlink(missing_ok=True)

    def take(self, part: Path, file: str, now: datetime) -> Taken:
        """Check a whole new file, and put it in the place of the old one.

        Raises ListRefused; then the old file is as it was.
        """
        fresh = read(Source(file.partition(".")[0], (part,)), now)
        old = self.current(file, now)
        refuse_shrunken(fresh, old)
        with part.open("rb") as written:
            os.fsync(written.fileno())
        os.replace(part, self.folder / file)
        before = fingerprints(old.entities) if old else {}
        return Taken(
            fresh,
            delta(before, fingerprints(fresh.entities)),
            old.version if old else None,
        )

    def touch(self, file: str, now: datetime) -> None:
        """The list was looked at and is current: its age counts from now."""
        os.utime(self.folder / file, (now.timestamp(), now.timestamp()))

    def notes(self) -> dict[str, Note]:
        """What was noted about each file."""
        try:
            found = json.loads((self.folder / _NOTES).read_text("utf-8"))
            return {file: Note(**note) for file, note in found.items()}
        except (OSError, ValueError, TypeError, AttributeError):
            return {}

    def note(self, file: str, note: Note) -> None:
        """Remember `note` about `file`."""
        notes = {**self.notes(), file: note}
        text = json.dumps(
            {name: asdict(value) for name, value in notes.items()}, indent=1
        )
        part = self.folder / f"{_NOTES}.part"
        part.write_text(text + "\n", "utf-8")
        os.replace(part, self.folder / _NOTES)
