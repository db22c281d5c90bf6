"""`fraud bench mesh`: latency at a steady rate, throughput, and against the plain version."""

import sys
from itertools import islice
from typing import Any

import psutil
import uvloop
from rich.table import Table

from fraud_lab.bench.load import Load, Outcome, live
from fraud_ops.figures import Gate, finish, gate, wide_console
from fraud_ops.mesh.environment import LocalMesh
from fraud_ops.mesh.http import Client
from fraud_ops.mesh.supervisor import Supervisor, service_command
from fraud_ops.mesh.up import running_mesh

console = wide_console()
SEED = 77
WARM_UP_S = 3.0
BENCH_PORT = 18000
ENOUGH = 40_000
# Caps under which nothing is cut off.
UNHURRIED = {
    f"FRAUD_ORCHESTRATOR_{name}_MS": "10000"
    for name in (
        "WALL",
        "ONLINE_CAP",
        "RULES_CAP",
        "MODELS_CAP",
        "DECISION_CAP",
        "ACTION_CAP",
    )
} | {"FRAUD_ORCHESTRATOR_TAIL_MS": "100"}


async def measure(
    mesh: LocalMesh,
    *,
    rps: float | None,
    concurrency: int,
    seconds: float,
    plain: bool = False,
    unhurried: bool = False,
) -> dict[str, Any]:
    """Start a fresh mesh on `mesh`'s models, load it, and take figures.

    `unhurried` lifts the caps, so that every payment is the whole work.
    """
    command = _plain_command if plain else service_command
    extra = UNHURRIED if unhurried else {}
    with mesh.fresh(BENCH_PORT) as fresh:
        async with running_mesh(fresh, command, **extra) as supervisor:
            client = Client(fresh.url, fresh.key(), connections=256)
            run = "plain" if plain else "lean"
            # Made beforehand: the generator shares the cores with what it measures.
            bodies = list(islice(live(SEED, run), ENOUGH))
            load = Load(client, iter(bodies), timeout_s=20.0 if unhurried else 1.0)
            await load.closed_loop(2, WARM_UP_S)
            before = _cpu_s(supervisor)
            outcome: Outcome = (
                await load.open_loop(rps, seconds)
                if rps is not None
                else await load.closed_loop(concurrency, seconds)
            )
            after = _cpu_s(supervisor)
            await client.close()
    figures = outcome.figures()
    answered = max(1, figures["answered"])
    cpu_ms = {
        name: round((after[name] - before[name]) * 1000 / answered, 3) for name in after
    }
    return {
        **figures,
        "cpu_ms_per_payment": round(sum(cpu_ms.values()), 3),
        "cpu_ms_by_service": cpu_ms,
    }


def bench_mesh_command(
    mesh: LocalMesh,
    *,
    rps: float | None,
    concurrency: int,
    seconds: float,
    reference: bool,
    as_json: bool,
    enforce: bool,
) -> None:
    """Measure, print a table, and judge the figures."""
    # Side by side, both do the whole work for every payment: a call that is cut off at
    # its cap costs less, and would flatter whoever is slower.
    ours = uvloop.run(
        measure(
            mesh,
            rps=rps,
            concurrency=concurrency,
            seconds=seconds,
            unhurried=reference,
        )
    )
    figures: dict[str, Any] = {"mesh": ours}
    gates: list[Gate] = [gate("failed requests", ours["failed"], 0, "at_most")]
    if reference:
        plain = uvloop.run(
            measure(
                mesh,
                rps=None,
                concurrency=concurrency,
                seconds=seconds,
                plain=True,
                unhurried=True,
            )
        )
        figures["plain"] = plain
        ratio = None
        if ours["per_second"] and plain["per_second"] and rps is None:
            ratio = round(ours["per_second"] / plain["per_second"], 2)
        figures["throughput_ratio"] = ratio
        gates.append(gate("throughput over plain", ratio, 5, "at_least"))
    load = f"{rps:g} payments/s, open loop" if rps else f"{concurrency} callers"
    figures["load"] = load
    figures["seconds"] = seconds
    _show(load, figures)
    finish(
        "bench mesh",
        figures,
        gates,
        n=ours["answered"] + ours["failed"] + ours["shed"],
        seed=SEED,
        as_json=as_json,
        enforce=enforce,
    )


def _show(load: str, figures: dict[str, Any]) -> None:
    table = Table("", "per s", "p50 ms", "p95 ms", "p99 ms", "failed", "shed", "CPU ms")
    table.title = f"mesh, {load}"
    for name in ("mesh", "plain"):
        if (row := figures.get(name)) is not None:
            keys = "per_second p50_ms p95_ms p99_ms failed shed cpu_ms_per_payment"
            table.add_row(name, *(str(row[key]) for key in keys.split()))
    console.print(table)
    for name in ("mesh", "plain"):
        if (row := figures.get(name)) is not None and row["degraded"]:
            console.print(f"{name}: degraded {row['degraded']} of {row['answered']}")


def _cpu_s(supervisor: Supervisor) -> dict[str, float]:
    """Seconds of CPU used so far, by service."""
    used = {}
    for name, child in supervisor.children.items():
        if child.process is not None:
            times = psutil.Process(child.process.pid).cpu_times()
            used[name] = times.user + times.system
    return used


def _plain_command(service: str) -> list[str]:
    return [sys.executable, "-m", "fraud_lab.bench.plain", service]
