"""`fraud bench mesh`: the mesh beside its floor, its one-process shape and a plain mesh.

All are measured in one run and in turn, so that a noisy machine cannot decide: what is
judged are ratios of medians over rounds.
"""

import asyncio
import signal
from collections.abc import Mapping, Sequence
from contextlib import AsyncExitStack
from pathlib import Path
from typing import Any, cast

import uvloop
from rich.table import Table

from fraud_lab.bench.laps import (
    CALLERS,
    Runner,
    open_rounds,
    rounds,
    simulated,
    summary,
)
from fraud_lab.bench.shapes import IN_TIME, running, shapes
from fraud_ops.figures import Gate, finish, gate, wide_console
from fraud_ops.mesh.environment import LocalMesh

console = wide_console()
GB = 1e9
MANY, ONE = f"c{CALLERS}", "c1"
Figures = Mapping[str, Mapping[str, Any]]


def bench_mesh_command(
    mesh: LocalMesh,
    *,
    seconds: float,
    number: int,
    seed: int,
    against: Path | None,
    as_json: bool,
    enforce: bool,
) -> None:
    """Measure, print a table, and judge the figures."""
    found = uvloop.run(
        measure(mesh, seconds=seconds, number=number, seed=seed, against=against)
    )
    _show(found)
    figures = {"seconds": seconds, "rounds": number, "shapes": found}
    finish(
        "bench mesh",
        figures,
        judge(found),
        n=sum(found["mesh"][kind]["sent"] for kind in (MANY, ONE)),
        seed=seed,
        as_json=as_json,
        enforce=enforce,
    )


async def measure(
    mesh: LocalMesh,
    *,
    seconds: float,
    number: int,
    seed: int,
    against: Path | None = None,
) -> dict[str, dict[str, Any]]:
    """Start every shape, load each in turn, and take figures of each."""
    bodies = simulated(seed)
    # Whoever stands still could not end with a parent that is gone.
    measuring = cast("asyncio.Task[Any]", asyncio.current_task())
    asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, measuring.cancel)
    async with AsyncExitStack() as stack:
        runners = []
        for shape in shapes(mesh.var, against):
            with console.status(f"starting: {shape.name}"):
                started = await stack.enter_async_context(running(shape))
            runner = Runner.of(started, bodies)
            stack.push_async_callback(runner.client.close)
            await runner.warm_up()
            started.pause()
            runners.append(runner)
        with console.status("closed loops"):
            await rounds(
                [r for r in runners if r.running.shape.name != IN_TIME], number, seconds
            )
        half = half_of_peak(runners)
        with console.status(f"open loop, {half:.0f} payments/s"):
            rates = dict.fromkeys(("floor", IN_TIME, "one process"), half)
            await open_rounds(runners, number, seconds, rates)
        return {r.running.shape.name: _figures(r) for r in runners}


def half_of_peak(runners: Sequence[Runner]) -> float:
    """Half of what the mesh decides in a second when many callers ask at once."""
    (laps,) = (r.laps[MANY] for r in runners if r.running.shape.name == "mesh")
    peak: float = summary(laps)["whole_per_second"]
    return max(1.0, peak / 2)


def _figures(runner: Runner) -> dict[str, Any]:
    kinds = {kind: summary(laps) for kind, laps in runner.laps.items() if laps}
    return {
        "start_s": round(runner.running.start_s, 2),
        "pss_bytes": runner.running.pss_bytes(),
        **kinds,
    }


def judge(found: Figures) -> list[Gate]:
    """The gates of these figures. A ratio of rates counts whole decisions only."""
    mesh, floor = found["mesh"], found["floor"]
    in_time = found[IN_TIME]
    opened = in_time["open"]
    shapes_ = ("mesh", "one process")
    failed = sum(
        found[name][kind]["failed"] for name in shapes_ for kind in (MANY, ONE)
    )
    gates = [
        gate("mesh over plain", _faster(mesh, found["plain"]), 8, "at_least"),
        gate("mesh over floor", _faster(mesh, floor), 0.35, "at_least"),
        gate("p50 at c=1 over floor's", _slower(mesh, floor, ONE, "p50"), 3, "at_most"),
        gate(
            "open loop: p99 over floor's",
            _slower(in_time, floor, "open", "p99"),
            3,
            "at_most",
        ),
        gate("open loop: p99 ms", opened["p99_ms"], 40, "at_most"),
        gate("open loop: failed", opened["failed"] + opened["shed"], 0, "at_most"),
        gate("open loop: degraded", opened["answered"] - opened["whole"], 0, "at_most"),
        gate("closed loop: failed", failed, 0, "at_most"),
        gate(
            "one process over mesh", _faster(found["one process"], mesh), 2, "at_least"
        ),
        gate("memory GB", round(mesh["pss_bytes"] / GB, 3), 1.0, "at_most"),
        gate("start s", mesh["start_s"], 8, "at_most"),
    ]
    if "against" in found:
        ratio = _faster(mesh, found["against"])
        gates.insert(0, gate("mesh over the other checkout", ratio, 1.7, "at_least"))
    return gates


def _faster(one: Mapping[str, Any], other: Mapping[str, Any]) -> float | None:
    ours, theirs = (s[MANY]["whole_per_second"] for s in (one, other))
    return round(ours / theirs, 4) if theirs else None


def _slower(
    one: Mapping[str, Any], other: Mapping[str, Any], kind: str, which: str
) -> float | None:
    ours, theirs = (s[kind][f"{which}_ms"] for s in (one, other))
    return round(ours / theirs, 4) if ours and theirs else None


def _show(found: Figures) -> None:
    table = Table("", "load", "whole/s", "p50 ms", "p99 ms", "failed", "gaps", "CPU ms")
    table.title = "the mesh and what it is compared with"
    for name, shape in found.items():
        for kind in (MANY, ONE, "open"):
            if kind in shape:
                row = shape[kind]
                gaps = row["answered"] - row["whole"]
                keys = ("whole_per_second", "p50_ms", "p99_ms", "failed")
                cells = (*(row[key] for key in keys), gaps, row["cpu_ms_per_payment"])
                table.add_row(name, kind, *map(str, cells))
    console.print(table)
    used = found["mesh"][MANY]["cpu_ms_by_service"]
    shown = ", ".join(f"{name} {ms}" for name, ms in used.items())
    console.print(f"CPU ms per payment of the mesh, {CALLERS} callers: {shown}")
