"""`fraud screen`: a file of names against the lists."""

import time
from collections import Counter
from collections.abc import Iterable, Iterator
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import typer
from rich.markup import escape
from rich.table import Table

from fraud_ops.features.progress import Progress, bars
from fraud_ops.figures import finish, gate, wide_console
from fraud_ops.mesh.environment import local_mesh
from fraud_ops.screen import screeners
from fraud_ops.screen.batches import Screen, Screened, screened
from fraud_ops.screen.report import write_report
from fraud_ops.screen.rows import FileUnreadable, Refused, Row, read_rows
from fraud_sanctions.matching.screener import Bands
from fraud_sanctions.settings import Settings

STATUSES = ("clear", "possible", "match", "unavailable", "refused")
_SHOWN = 20


@dataclass(frozen=True)
class Task:
    """What to screen, by whom, and where the report goes."""

    file: Path
    report: Path
    batch: int
    lists: Path | None
    url: str
    var: Path | None


def screen_command(task: Task, *, as_json: bool, enforce: bool) -> None:
    """Screen every row, write the report, show a summary."""
    console = wide_console()
    started = time.perf_counter()
    try:
        with bars(console) as report_progress:
            counts, refused, cited = _run(task, report_progress)
    except (FileUnreadable, screeners.ScreenerUnusable) as error:
        console.print(f"Not screened: {escape(error.problem)}.")
        raise typer.Exit(1) from None
    seconds = time.perf_counter() - started
    rows = sum(counts[status] for status in STATUSES)
    table = Table("status", "rows", title=f"{rows:,} rows, {counts['hits']:,} hits")
    for status in STATUSES:
        table.add_row(status, f"{counts[status]:,}")
    console.print(table)
    for row in refused[:_SHOWN]:
        console.print(f"line {row.line}, {row.field}: {row.problem}", markup=False)
    if len(refused) > _SHOWN:
        console.print(f"and {len(refused) - _SHOWN:,} more; the report has them all")
    console.print(f"Report: {task.report}", markup=False)
    finish(
        "screen",
        {
            "rows": {status: counts[status] for status in STATUSES},
            "hits": counts["hits"],
            "lists": cited,
            "report": str(task.report),
            "seconds": round(seconds, 3),
            "rows_per_s": round(rows / seconds, 1),
        },
        [
            gate("rows refused", counts["refused"], 0, "at_most"),
            gate("rows without an answer", counts["unavailable"], 0, "at_most"),
        ],
        n=rows,
        seed=None,
        as_json=as_json,
        enforce=enforce,
    )


def _run(
    task: Task, report_progress: Progress
) -> tuple[Counter[str], list[Refused], list[dict[str, Any]]]:
    # Read to the end first: a file that breaks off is told before anything is asked.
    total = sum(1 for _ in read_rows(task.file))
    seen = _Seen()
    with _service(task) as screen:
        rows = read_rows(task.file)
        found = screened(rows, screen, task.batch)
        counts = write_report(seen.through(found, report_progress, total), task.report)
    return counts, seen.refused, [{"list": k, "version": v} for k, v in seen.cited]


class _Seen:
    """What the summary needs of the rows that pass by."""

    def __init__(self) -> None:
        self.refused: list[Refused] = []
        self.cited: list[tuple[str, str]] = []

    def through(
        self, found: Iterable[Screened], report_progress: Progress, total: int
    ) -> Iterator[Screened]:
        for done, one in enumerate(found, 1):
            self._note(one.row)
            for version in one.lists:
                if (version.list, version.version) not in self.cited:
                    self.cited.append((version.list, version.version))
            report_progress("screening", done, total)
            yield one

    def _note(self, row: Row) -> None:
        if isinstance(row, Refused):
            self.refused.append(replace(row, row_id=""))


def _service(task: Task) -> AbstractContextManager[Screen]:
    if task.lists is None:
        key = local_mesh(task.var).secret("FRAUD_TOKEN_KEY")
        return screeners.service(task.url, key)
    # The same bands as the service's, from the same environment.
    settings = Settings()
    bands = Bands(settings.possible, settings.match)
    return nullcontext(screeners.folder(task.lists, bands, settings.hits_per_party))
