"""A folder of lists: what is in it, and how a new version gets in."""

import json
import os
import shutil
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from datetime import datetime
from pathlib import Path

from fraud_sanctions.lists.catalogue import (
    Source,
    family,
    family_list,
    read,
    refuse_shrunken,
    sources,
)
from fraud_sanctions.lists.delta import Delta, delta, fingerprints
from fraud_sanctions.lists.records import WatchList
from fraud_sanctions.lists.sources.refusal import ListRefused

_NOTES = ".fetched.json"


@dataclass(frozen=True)
class FetchRecord:
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


@dataclass(frozen=True)
class Place:
    """Where the files of one list belong: a file of the folder, or a family of files that
    has a sub-folder of its own, with the main one first."""

    list_id: str
    names: tuple[str, ...]
    within: str = ""

    @classmethod
    def of(cls, names: Sequence[str], list_id: str = "") -> "Place":
        """The place of a file, or of the files of a family, by their names."""
        if members := family(names):
            list_id = list_id or family_list(members[0])
            return cls(list_id, members, within=list_id)
        (name,) = names
        stem, _, _ = name.partition(".")
        return cls(stem, (name,))

    def key(self, name: str) -> str:
        """The path of one of the files within the folder."""
        return f"{self.within}/{name}" if self.within else name


class ListFolder:
    """Files that the sanctions service reads; a list is replaced in one step or not at all."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        folder.mkdir(parents=True, exist_ok=True)

    def path(self, place: Place, name: str) -> Path:
        """Where one file of a list lies."""
        return self.folder / place.key(name)

    def current(self, place: Place, now: datetime) -> WatchList | None:
        """The version in the folder; None when there is none that can be read."""
        try:
            return self._read(self.folder / place.within, place, now)
        except ListRefused:
            return None

    def _read(self, folder: Path, place: Place, now: datetime) -> WatchList:
        main, *side = (folder / name for name in place.names)
        there = [path for path in side if path.is_file()]
        return read(Source(place.list_id, (main, *there)), now)

    @contextmanager
    def room(self, place: Place) -> Iterator[Path]:
        """A hidden folder to write the new files to, by their own names, since a name may
        say what a file is; gone afterwards."""
        path = self.folder / f".{place.list_id}.{os.getpid()}.part"
        shutil.rmtree(path, ignore_errors=True)
        path.mkdir()
        try:
            yield path
        finally:
            shutil.rmtree(path, ignore_errors=True)

    def take(self, room: Path, place: Place, now: datetime) -> Taken:
        """Check the whole new files, and put them in the place of the old ones.

        Raises ListRefused; then the old ones are as they were.
        """
        fresh = self._read(room, place, now)
        self._refuse_another(place)
        old = self.current(place, now)
        refuse_shrunken(fresh, old)
        for path in room.iterdir():
            with path.open("rb") as written:
                os.fsync(written.fileno())
        if place.within:
            self._swap(room, self.folder / place.within)
        else:
            os.replace(room / place.names[0], self.folder / place.names[0])
        before = fingerprints(old.entities) if old else {}
        return Taken(
            fresh,
            delta(before, fingerprints(fresh.entities)),
            old.version if old else None,
        )

    def _refuse_another(self, place: Place) -> None:
        """Two sources of one list would both be refused by the service."""
        main = self.path(place, place.names[0])
        others = tuple(
            source.files[0].relative_to(self.folder).as_posix()
            for source in sources(self.folder)
            if source.list_id == place.list_id and source.files[0] != main
        )
        if others:
            raise ListRefused(place.list_id, "LIST_DUPLICATE", others)

    def _swap(self, room: Path, target: Path) -> None:
        """A whole folder for another. Between the two renames there is none, which a running
        service takes for a list that is missing, and keeps the one it has."""
        old = room.with_suffix(".old")
        shutil.rmtree(old, ignore_errors=True)
        if target.exists():
            os.rename(target, old)
        try:
            os.rename(room, target)
        except OSError:
            if old.exists():
                os.rename(old, target)
            raise
        shutil.rmtree(old, ignore_errors=True)

    def touch(self, place: Place, now: datetime) -> None:
        """The list was looked at and is current: its age counts from now."""
        at = (now.timestamp(), now.timestamp())
        os.utime(self.path(place, place.names[0]), at)

    def notes(self) -> dict[str, FetchRecord]:
        """What was noted about each file, by its path within the folder."""
        try:
            found = json.loads((self.folder / _NOTES).read_text("utf-8"))
            return {file: FetchRecord(**note) for file, note in found.items()}
        except (OSError, ValueError, TypeError, AttributeError):
            return {}

    def note(self, fresh: Mapping[str, FetchRecord]) -> None:
        """Remember this about these files."""
        notes = {**self.notes(), **fresh}
        text = json.dumps(
            {name: asdict(value) for name, value in notes.items()}, indent=1
        )
        part = self.folder / f"{_NOTES}.part"
        part.write_text(text + "\n", "utf-8")
        os.replace(part, self.folder / _NOTES)
