"""`fraud replay period`: a recorded period decided again; what differs is named."""

import asyncio
import gc
import os
import time
from collections.abc import Callable, Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from datetime import UTC, datetime
from multiprocessing import get_context
from pathlib import Path
from typing import Any

from rich.table import Table

from fraud_lab.replay.period.in_force import InForce, in_force
from fraud_lab.replay.period.models import PublishedModels
from fraud_lab.replay.period.recompute import Instead, Recomputer, Tally
from fraud_ops.features.logs import decision_log
from fraud_ops.figures import Gate, finish, gate, wide_console
from fraud_ops.mesh.environment import LocalMesh
from fraud_ops.running import CommandError
from fraud_ops.signing import signing_key
from fraud_orchestrator.stores.history import History
from fraud_scoring.artifacts.keys import Verifier
from fraud_scoring.registry.file import open_registry

# What one process decides at a time: the rows of one model are scored together.
CHUNK = 500
WARM_UP = 200
# Chunks that wait for each process, so that none waits for the log.
AHEAD = 2
PER_SECOND = 3000.0
GC_THRESHOLD = 100_000
COMMAND = "replay period"
console = wide_console()


class NothingRecorded(CommandError, ValueError):
    """No decision is on record for the period."""


@dataclass(frozen=True)
class Period:
    """Decisions made at `since` or later and before `until`; None: without an end."""

    since: datetime | None = None
    until: datetime | None = None


@dataclass(frozen=True)
class Setup:
    """What a process needs to decide again."""

    registry: str
    var: Path
    in_force: InForce
    instead: Instead


def replay_period_command(
    mesh: LocalMesh,
    period: Period,
    *,
    registry: str,
    ruleset: Path | None,
    policy: Path | None,
    bundle: str | None,
    processes: int | None,
    as_json: bool,
    enforce: bool,
) -> None:
    """Decide the period again with what decided it, or with what is given instead."""
    instead = Instead(
        ruleset=None if ruleset is None else ruleset.read_text(),
        policy=None if policy is None else policy.read_text(),
        bundle=bundle,
    )
    tally, seconds = asyncio.run(
        replayed(mesh, period, instead, registry=registry, processes=processes)
    )
    if not tally.payments:
        raise NothingRecorded(NothingRecorded.__doc__)
    console.print(_table(tally, seconds))
    if tally.example is not None:
        console.print(f"first: {tally.example}", markup=False)
    finish(
        COMMAND,
        figures(tally, seconds),
        gates(tally, seconds, instead),
        n=tally.payments,
        seed=None,
        as_json=as_json,
        enforce=enforce,
    )


async def replayed(
    mesh: LocalMesh,
    period: Period,
    instead: Instead,
    *,
    registry: str = "",
    processes: int | None = None,
) -> tuple[Tally, float]:
    """The tally of a period, and the seconds that deciding it took."""
    setup = Setup(registry or mesh.registry, mesh.var, await in_force(mesh), instead)
    count = processes or os.cpu_count() or 1
    # A fork would carry this process's threads and connections along.
    with ProcessPoolExecutor(
        count, get_context("spawn"), initializer=_begin, initargs=(setup,)
    ) as pool:
        async with decision_log(mesh) as log:
            await _ready(pool, count, log, period)
            began = time.perf_counter()
            tally = await _spread(pool, log, period, count * AHEAD)
            return tally, time.perf_counter() - began


async def _ready(
    pool: ProcessPoolExecutor, count: int, log: History, period: Period
) -> None:
    """Let every process load what decided the first payments: what that takes is no part
    of deciding, and is the same for a million."""
    async for page in log.texts(period.since, period.until, size=WARM_UP):
        loop = asyncio.get_running_loop()
        started = (
            loop.run_in_executor(pool, _decided_again, page) for _ in range(count)
        )
        await asyncio.gather(*started)
        return


async def _spread(
    pool: ProcessPoolExecutor, log: History, period: Period, places: int
) -> Tally:
    loop, tally = asyncio.get_running_loop(), Tally()
    under_way: set[asyncio.Future[Tally]] = set()
    async for page in log.texts(period.since, period.until, size=CHUNK):
        under_way.add(loop.run_in_executor(pool, _decided_again, page))
        while len(under_way) >= places:
            ended, under_way = await asyncio.wait(
                under_way, return_when=asyncio.FIRST_COMPLETED
            )
            for done in ended:
                tally.add(done.result())
    for one in await asyncio.gather(*under_way):
        tally.add(one)
    return tally


_decide: Callable[[Sequence[bytes]], Tally]


def _begin(setup: Setup) -> None:
    """In each process, once."""
    global _decide
    # What is decided makes few cycles: to look for them costs a fifth of the time.
    gc.freeze()
    gc.set_threshold(GC_THRESHOLD, 50, 100)
    verifier = Verifier(signing_key(setup.var).public_pem)
    models = PublishedModels(
        open_registry(setup.registry, verifier), setup.instead.bundle
    )
    _decide = Recomputer(models, setup.in_force, setup.instead).chunk


def _decided_again(records: Sequence[bytes]) -> Tally:
    return _decide(records)


def gates(tally: Tally, seconds: float, instead: Instead) -> list[Gate]:
    """What decided once decides the same again; of something else only the speed is
    promised, and that nothing was left out."""
    left_out = sum(tally.not_recomputed.values())
    found = [
        gate("payments not recomputed", left_out, 0, "at_most"),
        gate("payments a second", tally.payments / seconds, PER_SECOND, "at_least"),
    ]
    if instead.nothing:
        differing = sum(tally.fields.values())
        found.insert(0, gate("payments differing", differing, 0, "at_most"))
    return found


def figures(tally: Tally, seconds: float) -> dict[str, Any]:
    """The tally for the report."""
    return {
        "payments": tally.payments,
        "identical": tally.identical,
        "differing": sum(tally.fields.values()),
        "fields": dict(tally.fields.most_common()),
        "verdicts": {f"{a} to {b}": n for (a, b), n in tally.verdicts.most_common()},
        "signals_recomputed": tally.signals,
        "not_recomputed": dict(tally.not_recomputed.most_common()),
        "example": tally.example,
        "seconds": round(seconds, 3),
        "per_second": round(tally.payments / seconds, 1),
    }


def _table(tally: Tally, seconds: float) -> Table:
    table = Table("", "payments", title="Recorded decisions, decided again")
    table.add_row("decided again", f"{tally.payments:,}")
    table.add_row("identical", f"{tally.identical:,}")
    for name, count in tally.fields.most_common(20):
        table.add_row(f"  first differing in {name}", f"{count:,}")
    for (before, now), count in tally.verdicts.most_common():
        table.add_row(f"  {before} is now {now}", f"{count:,}")
    for name, count in tally.not_recomputed.most_common():
        table.add_row(f"  not recomputed: {name}", f"{count:,}")
    table.add_row("a second", f"{tally.payments / seconds:,.0f}")
    return table


def utc(moment: datetime | None) -> datetime | None:
    """A time of the command line: UTC where it does not say."""
    if moment is None or moment.tzinfo is not None:
        return moment
    return moment.replace(tzinfo=UTC)
