"""`fraud features parity`: serving and training compute the same, bit for bit."""

import asyncio
import time
from collections.abc import Callable
from contextlib import AbstractAsyncContextManager
from dataclasses import asdict
from datetime import UTC, datetime
from typing import Any

from rich.progress import (
    BarColumn,
    MofNCompleteColumn,
    Progress,
    TextColumn,
    TimeElapsedColumn,
    TimeRemainingColumn,
)
from rich.table import Table

from fraud_lab.parity.parity import Player, compare, expected, served
from fraud_lab.parity.scenario import Step, parity_scenario
from fraud_lab.parity.stages import Stage, in_process_stage, mesh_stage
from fraud_ops.figures import finish, gate, wide_console
from fraud_ops.mesh.environment import LocalMesh

console = wide_console()
Opened = Callable[[LocalMesh], AbstractAsyncContextManager[Stage]]
SETUPS: dict[str, Opened] = {
    "ten processes over Redis": mesh_stage,
    "one process, in memory": in_process_stage,
}


def parity_command(
    mesh: LocalMesh, *, payments: int, seed: int, as_json: bool, enforce: bool
) -> None:
    """Play the same drill on every set-up, compare every vector, and judge."""
    steps = parity_scenario(payments, seed, datetime.now(UTC))
    found = {
        name: asyncio.run(check(name, opened, mesh, steps))
        for name, opened in SETUPS.items()
    }
    table = Table(
        *("set-up", "vectors", "differing", "missing", "failed", "labels", "repeats"),
        *("other reply", "in the dark", "rebuilds", "per s"),
        title=f"served against offline, seed {seed}",
    )
    for name, row in found.items():
        keys = "compared differing missing failed labels repeats other_replies unknown"
        table.add_row(
            name,
            *(f"{row[key]:,}" for key in keys.split()),
            str(len(row["rebuilt"])),
            f"{row['per_second']:,.0f}",
        )
    console.print(table)
    for name, row in found.items():
        if row["example"] is not None:
            console.print(f"{name}: {row['by_feature']}, first {row['example']}")
    gates = []
    for name, row in found.items():
        wrong = row["differing"] + row["missing"]
        gates.append(gate(f"differing vectors, {name}", wrong, 0, "at_most"))
        bad = row["failed"] + row["other_replies"]
        gates.append(gate(f"failed or changed replies, {name}", bad, 0, "at_most"))
    finish(
        "features parity",
        {"setups": found, "steps": len(steps)},
        gates,
        n=payments,
        seed=seed,
        as_json=as_json,
        enforce=enforce,
    )


async def check(
    name: str, opened: Opened, mesh: LocalMesh, steps: list[Step]
) -> dict[str, Any]:
    """Play a drill on one set-up; figures of the comparison."""
    async with opened(mesh) as stage:
        player = Player(stage)
        started = time.perf_counter()
        with _bar() as bar:
            task = bar.add_task(name, total=len(steps))
            played = await player.play(steps, lambda n: bar.update(task, completed=n))
        seconds = time.perf_counter() - started
        ours = await served(stage)
    result = compare(ours, expected(played), played.in_the_dark)
    return {
        **asdict(result),
        "by_feature": dict(result.by_feature),
        "labels": len(played.labels),
        "repeats": played.repeats,
        "other_replies": played.other_replies,
        "resent": played.resent,
        "failed": sum(played.failed.values()),
        "failures": dict(played.failed),
        "incidents": dict(played.incidents),
        "rebuilt": played.rebuilt,
        "seconds": round(seconds, 1),
        "per_second": round(len(played.payments) / seconds, 1),
    }


def _bar() -> Progress:
    return Progress(
        TextColumn("{task.description:<26}"),
        BarColumn(),
        MofNCompleteColumn(),
        TimeElapsedColumn(),
        TimeRemainingColumn(),
        console=console,
    )
