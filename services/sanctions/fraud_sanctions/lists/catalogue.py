"""The lists of a folder: which files make a list, whether to take it, and its version.

A folder holds any of: `sdn.csv` or `cons_prim.csv` with their side files (directly, or in
a sub-folder that names the list), and single files in any format of `sources/formats.py`,
whose name without the ending is the list's. A `SHA256SUMS` file, where there is one, is
binding.
"""

import hashlib
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from datetime import UTC, date, datetime
from io import BufferedReader
from pathlib import Path

from fraud_sanctions.lists.records import ListedEntity, SkippedRow, WatchList
from fraud_sanctions.lists.sources import formats, ofac
from fraud_sanctions.lists.sources.refusal import ListRefused

LARGEST_LOSS = 0.10
_ENDINGS = (".xml", ".csv", ".json", ".jsonl")
_LIST_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,62}")
_CHECKSUMS = "SHA256SUMS"
# Main file -> (list name at the top of the folder, alternates, addresses, comments).
_OFAC = {
    "sdn.csv": ("ofac_sdn", "alt.csv", "add.csv", "sdn_comments.csv"),
    "cons_prim.csv": ("ofac_cons", "cons_alt.csv", "cons_add.csv", "cons_comments.csv"),
}
_OFAC_FILES = {*_OFAC, *(name for _, *side in _OFAC.values() for name in side)}


@dataclass(frozen=True, slots=True)
class Source:
    """The files of one list; the first is the main one."""

    list_id: str
    files: tuple[Path, ...]

    @property
    def written_at(self) -> datetime:
        """When the main file was last written."""
        return datetime.fromtimestamp(self.files[0].stat().st_mtime, UTC)


@dataclass(frozen=True, slots=True)
class Loaded:
    """What a look at the folder gave: the lists to use, and the lists refused."""

    lists: tuple[WatchList, ...]
    refused: tuple[ListRefused, ...]


def sources(folder: Path) -> list[Source]:
    """The lists a folder holds, by name."""
    found = list(_ofac_sources(folder, None))
    for path in sorted(folder.iterdir()):
        if path.name.startswith("."):
            continue  # what whoever fetches lists notes down, and half-written files
        if path.is_dir():
            found += _ofac_sources(path, path.name)
        elif path.suffix in _ENDINGS and path.name not in _OFAC_FILES:
            found.append(Source(path.name.split(".")[0], (path,)))
    return found


def family(names: Iterable[str]) -> tuple[str, ...]:
    """Names of files in the order of the OFAC family that they make, the main one first;
    nothing when they make none."""
    given = set(names)
    for main, (_, *side) in _OFAC.items():
        ordered = tuple(name for name in (main, *side) if name in given)
        if main in given and len(ordered) == len(given):
            return ordered
    return ()


def families(folder: Path) -> list[Source]:
    """The OFAC families that lie directly in a folder."""
    return list(_ofac_sources(folder, None))


def family_list(main: str) -> str:
    """The usual name of the list that a family's main file is of."""
    return _OFAC[main][0]


def _ofac_sources(folder: Path, name: str | None) -> Iterator[Source]:
    for main, (default, *side) in _OFAC.items():
        if (folder / main).is_file():
            present = [folder / s for s in side if (folder / s).is_file()]
            yield Source(name or default, (folder / main, *present))


def refuse_duplicates(folder: Path, found: Iterable[Source]) -> list[ListRefused]:
    """A refusal for each name that several sources give their list.

    Which of them is meant nobody can tell, and the one left out would be missed by nobody.
    """
    files: dict[str, list[str]] = {}
    for source in found:
        name = source.files[0].relative_to(folder).as_posix()
        files.setdefault(source.list_id, []).append(name)
    return [
        ListRefused(list_id, "LIST_DUPLICATE", tuple(names))
        for list_id, names in files.items()
        if len(names) > 1
    ]


def load(folder: Path, in_use: Mapping[str, WatchList], now: datetime) -> Loaded:
    """Read every list of the folder; a refused one is replaced by the one in use.

    A list in use whose files are gone is refused as missing, and kept.
    """
    lists: dict[str, WatchList] = {}
    checksums = _checksums(folder)
    found = sources(folder)
    refused = refuse_duplicates(folder, found)
    several = {refusal.list_id for refusal in refused}
    for source in found:
        if source.list_id in several:
            continue
        try:
            fresh = read(source, now, checksums)
            refuse_shrunken(fresh, in_use.get(source.list_id))
            lists[source.list_id] = fresh
        except ListRefused as refusal:
            refused.append(refusal)
    for list_id, used in in_use.items():
        if list_id not in lists:
            lists[list_id] = used
            if all(refusal.list_id != list_id for refusal in refused):
                refused.append(ListRefused(list_id, "LIST_MISSING"))
    return Loaded(tuple(lists[key] for key in sorted(lists)), tuple(refused))


def shrunken(now: int, before: int) -> bool:
    """Whether more than a tenth of so many entities are gone."""
    return now < (1.0 - LARGEST_LOSS) * before


def refuse_shrunken(fresh: WatchList, used: WatchList | None) -> None:
    """Raise ListRefused when more than a tenth of the entities are gone."""
    if used and shrunken(len(fresh.entities), len(used.entities)):
        raise ListRefused(fresh.list_id, "LIST_SHRUNKEN")


def read(
    source: Source, now: datetime, checksums: Mapping[Path, str] | None = None
) -> WatchList:
    """One list from its files. Raises ListRefused.

    Hash and content come from one open file, so that they belong together also when the
    file is replaced meanwhile.
    """
    if not _LIST_NAME.fullmatch(source.list_id):
        raise ListRefused("unnamed", "LIST_CORRUPT")
    with ExitStack() as stack:
        try:
            files = [stack.enter_context(path.open("rb")) for path in source.files]
        except OSError:
            raise ListRefused(source.list_id, "LIST_MISSING") from None
        digest = _digest(source, files, checksums or {})
        skipped: list[SkippedRow] = []
        entities, generated = _parse(source, files, skipped)
    return WatchList(
        list_id=source.list_id,
        version=f"{generated}+{digest[:12]}" if generated else digest[:12],
        sha256=digest,
        dated=generated or source.written_at.date(),
        loaded_at=now,
        entities=entities,
        skipped=tuple(skipped),
    )


def _digest(
    source: Source, files: Sequence[BufferedReader], checksums: Mapping[Path, str]
) -> str:
    digest = hashlib.sha256()
    for path, file in zip(source.files, files, strict=True):
        own = hashlib.file_digest(file, "sha256").hexdigest()
        file.seek(0)
        if checksums.get(path, own) != own:
            raise ListRefused(source.list_id, "LIST_CHECKSUM")
        digest.update(own.encode())
    return digest.hexdigest()


def _parse(
    source: Source, files: Sequence[BufferedReader], skipped: list[SkippedRow]
) -> tuple[Sequence[ListedEntity], date | None]:
    main = source.files[0].name
    if main not in _OFAC:
        return formats.load(files[0], list_id=source.list_id, skipped=skipped)
    data = {p.name: f.read() for p, f in zip(source.files, files, strict=True)}
    _, *side = _OFAC[main]
    parts = [data.get(name, b"") for name in side]
    found = ofac.parse(data[main], *parts, list_id=source.list_id, skipped=skipped)
    return found, None


def _checksums(folder: Path) -> dict[Path, str]:
    path = folder / _CHECKSUMS
    if not path.is_file():
        return {}
    found = {}
    for line in path.read_text("utf-8").splitlines():
        digest, _, name = line.partition(" ")
        if name.strip():
            found[folder / name.strip().lstrip("*")] = digest.lower()
    return found
