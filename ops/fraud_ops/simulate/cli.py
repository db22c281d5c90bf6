"""`fraud simulate`: writes payments and labels as JSON lines, and what they hold."""

import sys
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import BinaryIO

import orjson
from rich.console import Console
from rich.progress import (
    BarColumn,
    Progress,
    TaskProgressColumn,
    TextColumn,
    TimeRemainingColumn,
)
from rich.table import Table

from fraud_ops.simulate.config import SimulationConfig
from fraud_ops.simulate.sanctioned_names import shipped_names
from fraud_ops.simulate.stream import SimulatedLabel, SimulatedPayment, stream
from fraud_ops.simulate.summary import ScenarioRow, summarise

_REFRESH_EVERY = 2_000


def simulate_command(
    payments: int,
    seed: int,
    days: int,
    out: Path | None,
    labels: Path | None,
    summary: bool,
) -> None:
    """Writes `payments` bodies of `POST /score` to `out` and label reports to `labels`,
    one JSON document a line, both in the order of time.

    Without `out` the payments go to standard output, unless only a `summary` is asked
    for. The table and the progress bar go to standard error.
    """
    config = SimulationConfig(
        seed=seed,
        payments=payments,
        days=days,
        listed_names=shipped_names(),
    )
    console = Console(stderr=True)
    with ExitStack() as files, _bar(console) as bar:
        sink: BinaryIO | None = files.enter_context(out.open("wb")) if out else None
        if sink is None and not summary:
            sink = sys.stdout.buffer
        label_sink = files.enter_context(labels.open("wb")) if labels else None
        events = _written(config, sink, label_sink, bar)
        rows = summarise(events) if summary else _exhaust(events)
    if summary:
        console.print(table(rows))


def table(rows: list[ScenarioRow]) -> Table:
    """The summary for a terminal."""
    found = Table(title="Simulated payments")
    found.add_column("scenario", no_wrap=True)
    found.add_column("kind")
    for column in ("payments", "share", "median EUR", "median delay"):
        found.add_column(column, justify="right")
    for row in rows:
        delay = row.median_delay_days
        found.add_row(
            row.name,
            row.kind,
            f"{row.payments:,}",
            f"{row.share:.3%}",
            f"{row.median_eur:,.2f}",
            "" if delay is None else f"{delay:.1f} d",
        )
    return found


def _written(
    config: SimulationConfig,
    payments: BinaryIO | None,
    labels: BinaryIO | None,
    bar: Progress,
) -> Iterator[SimulatedPayment | SimulatedLabel]:
    """Passes the stream on while writing it."""
    task = bar.add_task("simulate", total=config.payments)
    waiting = 0
    for event in stream(config):
        if isinstance(event, SimulatedPayment):
            if payments is not None:
                payments.write(orjson.dumps(event.payment) + b"\n")
            waiting += 1
            if waiting == _REFRESH_EVERY:
                bar.advance(task, waiting)
                waiting = 0
        elif labels is not None:
            labels.write(orjson.dumps(event.label) + b"\n")
        yield event
    bar.advance(task, waiting)


def _exhaust(events: Iterator[object]) -> list[ScenarioRow]:
    for _ in events:
        pass
    return []


def _bar(console: Console) -> Progress:
    return Progress(
        TextColumn("{task.description}"),
        BarColumn(),
        TaskProgressColumn(),
        TimeRemainingColumn(),
        console=console,
    )
