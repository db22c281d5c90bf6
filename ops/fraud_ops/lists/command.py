"""`fraud lists fetch | load | diff | status`."""

import shutil
import time
from collections.abc import Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import typer
import yaml
from pydantic import ValidationError
from rich.progress import Progress, TaskID
from rich.table import Table

from fraud_ops.figures import finish, gate, wide_console
from fraud_ops.lists.config import ListSource, read_sources
from fraud_ops.lists.fetch import Outcome, fetch, new_client
from fraud_ops.lists.folder import ListFolder, Place, Taken
from fraud_sanctions.lists.catalogue import Source, families, family, read, sources
from fraud_sanctions.lists.delta import delta, fingerprints
from fraud_sanctions.lists.records import WatchList
from fraud_sanctions.lists.sources.refusal import ListRefused

console = wide_console()
_SHOWN = 20


def fetch_command(
    config: Path, folder: Path, only: list[str], *, as_json: bool
) -> None:
    """Fetch every enabled list; exit 1 when any had to be refused."""
    now = datetime.now(UTC)
    wanted = _sources(config, only)
    list_folder = ListFolder(folder)
    with Progress(console=console) as bars, new_client() as client:
        tasks: dict[str, TaskID] = {}

        def report_progress(list_id: str, done: int, total: int | None) -> None:
            if list_id not in tasks:
                tasks[list_id] = bars.add_task(list_id, total=total)
            bars.update(tasks[list_id], completed=done)

        found = [
            fetch(source, list_folder, client, now, report_progress)
            for source in wanted
        ]
    table = Table("list", "result", "version", "entities", "+", "-", "changed", "why")
    for outcome in found:
        table.add_row(*_row(outcome), outcome.detail)
    console.print(table)
    figures = {"lists": [_outcome(outcome) for outcome in found]}
    _finish("lists fetch", figures, len(found), as_json=as_json)
    if any(outcome.failed for outcome in found):
        raise typer.Exit(1)


def _sources(config: Path, only: list[str]) -> list[ListSource]:
    """The lists to fetch; what cannot be meant ends the command with one line."""
    try:
        found = read_sources(config).lists
    except OSError as error:
        console.print(f"{config} cannot be read: {error.strerror}.")
    except yaml.YAMLError:
        console.print(f"{config} is not YAML.")
    except ValidationError as error:
        first = error.errors()[0]
        place = ".".join(map(str, first["loc"])) or "the file"
        console.print(f"{config} is not as documented: {place}: {first['msg']}.")
    else:
        unknown = sorted(set(only) - {source.list_id for source in found})
        if not unknown:
            return [s for s in found if (s.list_id in only if only else s.enabled)]
        console.print(f"{config} has no list {', '.join(unknown)}.")
    raise typer.Exit(2)


def _row(outcome: Outcome) -> list[str]:
    if outcome.taken is None:
        return [outcome.list_id, outcome.result, "", "", "", "", ""]
    return [outcome.list_id, outcome.result, *_counts(outcome.taken)]


def _counts(taken: Taken) -> list[str]:
    changes = taken.delta
    return [
        taken.watch.version,
        f"{len(taken.watch.entities):,}",
        *(f"{len(ids):,}" for ids in (changes.added, changes.removed, changes.changed)),
    ]


def _outcome(outcome: Outcome) -> dict[str, Any]:
    found: dict[str, Any] = {"list": outcome.list_id, "result": outcome.result}
    if taken := outcome.taken:
        found |= {
            "version": taken.watch.version,
            "previous": taken.previous,
            "sha256": taken.watch.sha256,
            "entities": len(taken.watch.entities),
            "added": len(taken.delta.added),
            "removed": len(taken.delta.removed),
            "changed": len(taken.delta.changed),
        }
    return found


def _finish(
    what: str, figures: Mapping[str, Any], count: int, *, as_json: bool
) -> None:
    finish(what, figures, [], n=count, seed=None, as_json=as_json, enforce=False)


def load_command(path: Path, name: str, folder: Path, *, as_json: bool) -> None:
    """Take a file, a family or a folder of this machine, with the checks of a fetch."""
    list_folder = ListFolder(folder)
    found = _given(path)
    if name and len(found) > 1:
        console.print(f"{path} holds {len(found)} lists: --name is for one.")
        raise typer.Exit(2)
    if not found:
        console.print(f"{path} is refused: LIST_MISSING. It holds no list.")
        raise typer.Exit(1)
    started = time.perf_counter()
    outcomes = [_loaded(list_folder, source, name) for source in found]
    taken = [outcome for outcome in outcomes if outcome.taken]
    if taken:
        table = Table("list", "result", "version", "entities", "+", "-", "changed")
        for outcome in taken:
            table.add_row(*_row(outcome))
        console.print(table)
        seconds = round(time.perf_counter() - started, 3)
        rows = [_outcome(outcome) for outcome in taken]
        figures = rows[0] if len(found) == 1 else {"lists": rows}
        count = sum(len(o.taken.watch.entities) for o in taken if o.taken)
        _finish("lists load", {**figures, "seconds": seconds}, count, as_json=as_json)
    if len(taken) < len(found):
        raise typer.Exit(1)


def _given(path: Path) -> list[Source]:
    """The lists of a folder; a family by its main file, with what lies beside it; a file."""
    if path.is_dir():
        return sources(path)
    if family([path.name]):
        return [source for source in families(path.parent) if source.files[0] == path]
    return [Source(path.name.partition(".")[0], (path,))]


def _loaded(list_folder: ListFolder, source: Source, name: str) -> Outcome:
    names = [path.name for path in source.files]
    list_id = name or source.list_id
    if not family(names):
        names = [f"{list_id}{source.files[0].suffix}"]
    place = Place.of(names, list_id)
    try:
        with list_folder.room(place) as room:
            for path, target in zip(source.files, place.names, strict=True):
                shutil.copyfile(path, room / target)
            taken = list_folder.take(room, place, datetime.now(UTC))
    except (OSError, ListRefused) as error:
        code = error.code if isinstance(error, ListRefused) else "LIST_MISSING"
        files = error.files if isinstance(error, ListRefused) else ()
        why = f" It is also in {', '.join(files)}." if files else ""
        console.print(f"{list_id} is refused: {code}.{why} The old version stays.")
        return Outcome(list_id, code)
    return Outcome(taken.watch.list_id, "updated", taken)


def diff_command(old: Path, new: Path, *, as_json: bool) -> None:
    """What came, went and changed between two files of a list."""
    now = datetime.now(UTC)
    before, after = (_read_file(path, now) for path in (old, new))
    found = delta(fingerprints(before.entities), fingerprints(after.entities))
    captions = {
        entity.entity_id: entity.caption
        for watch in (before, after)
        for entity in watch.entities
    }
    changes = {"added": found.added, "removed": found.removed, "changed": found.changed}
    table = Table("change", "entity", "name")
    for what, ids in changes.items():
        for entity_id in ids[:_SHOWN]:
            table.add_row(what, entity_id, captions[entity_id])
        if len(ids) > _SHOWN:
            table.add_row(what, f"and {len(ids) - _SHOWN:,} more", "")
    console.print(table)
    figures = {"before": before.version, "after": after.version, **changes}
    _finish("lists diff", figures, len(after.entities), as_json=as_json)


def _read_file(path: Path, now: datetime) -> WatchList:
    # One name for both, so that the ids of two files can be compared.
    try:
        return read(Source("list", (path,)), now)
    except ListRefused as refusal:
        console.print(f"{path} is refused: {refusal.code}")
        raise typer.Exit(1) from None


def status_command(
    folder: Path, stale_after_hours: float, *, as_json: bool, enforce: bool
) -> None:
    """Version, hash, date and age of every list of the folder, and of the last fetch."""
    now = datetime.now(UTC)
    list_folder = ListFolder(folder)
    notes = list_folder.notes()
    table = Table(
        "list", "version", "dated", "age, h", "entities", "sha256", "last fetch"
    )
    rows: list[dict[str, Any]] = []
    for source in sources(folder):
        row = _status(source, now)
        note = notes.get(source.files[0].relative_to(folder).as_posix())
        row["last_fetch"] = note.outcome if note else None
        rows.append(row)
        table.add_row(*(str(value)[:40] for value in row.values()))
    console.print(table)
    stale = sum(
        row["version"] is None or row["age_hours"] > stale_after_hours for row in rows
    )
    finish(
        "lists status",
        {"lists": rows},
        [
            gate("lists", len(rows), 1, "at_least"),
            gate("stale or unreadable lists", stale, 0, "at_most"),
        ],
        n=len(rows),
        seed=None,
        as_json=as_json,
        enforce=enforce,
    )


def _status(source: Source, now: datetime) -> dict[str, Any]:
    age = max(0.0, (now - source.written_at).total_seconds() / 3600)
    try:
        watch = read(source, now)
    except ListRefused as refusal:
        return {
            "list": source.list_id,
            "version": None,
            "dated": refusal.code,
            "age_hours": round(age, 2),
            "entities": 0,
            "sha256": "",
        }
    return {
        "list": watch.list_id,
        "version": watch.version,
        "dated": watch.dated.isoformat() if watch.dated else None,
        "age_hours": round(age, 2),
        "entities": len(watch.entities),
        "sha256": watch.sha256,
    }
