"""`fraud bench features`: what a payment costs offline and online, judged by the bars."""

import asyncio
import os
import tempfile
from pathlib import Path
from typing import Any

from rich.table import Table

from fraud_lab.bench.features import offline, online
from fraud_ops.figures import Gate, finish, gate, wide_console
from fraud_ops.mesh.redis_server import EmbeddedRedis

console = wide_console()


def bench_features_command(
    *,
    sizes: list[int],
    calls: int,
    events: int,
    seed: int,
    with_online: bool,
    as_json: bool,
    enforce: bool,
) -> None:
    """Measure the online stores first, then the offline frame, then judge. Without sizes
    the frame is left out."""
    cores = sorted(os.sched_getaffinity(0))
    online = _online(calls, events, seed) if with_online else None
    offline_figures = offline.lengths(sizes, seed, console)
    rows = offline.row_by_row(seed) if offline_figures else {}
    gates: list[Gate] = []
    if offline_figures:
        _show_offline(offline_figures)
        gates += judge_offline(offline_figures, rows)
    if online is not None:
        _show_online(online)
        gates += judge_online(online)
    finish(
        "bench features",
        {
            "offline_measures": "columns of payments in, columns of features out",
            "offline": offline_figures,
            "from_rows": rows,
            "online": online,
            "cores": len(cores),
            "load_average": [round(value, 1) for value in os.getloadavg()],
        },
        gates,
        n=sum(one["payments"] for one in offline_figures) + (calls if online else 0),
        seed=seed,
        as_json=as_json,
        enforce=enforce,
    )


def _online(calls: int, events: int, seed: int) -> dict[str, Any]:
    with tempfile.TemporaryDirectory() as folder:
        server = EmbeddedRedis(Path(folder))
        server.start()
        try:
            with console.status("online stores"):
                return asyncio.run(online.both(server.url, calls, events, seed))
        finally:
            server.stop()


def judge_offline(
    offline_figures: list[dict[str, Any]], rows: dict[str, int]
) -> list[Gate]:
    """Rate and memory of the longest run, its cost against the shortest, and equality."""
    first, last = offline_figures[0], offline_figures[-1]
    cost = "microseconds_per_payment"
    memory = last["resident_mb"]
    return [
        gate("offline payments/s", last["per_second"], 300_000, "at_least"),
        gate(
            "offline cost per row, longest over shortest",
            round(last[cost] / first[cost], 3),
            1.2,
            "at_most",
        ),
        gate(
            "offline memory, second half over first",
            round(memory["most_in_second_half"] / memory["most_in_first_half"], 3),
            1.2,
            "at_most",
        ),
        gate(
            "offline vectors that differ",
            rows["differing_vectors"],
            0,
            "at_most",
        ),
    ]


def judge_online(online: dict[str, Any]) -> list[Gate]:
    """Round trips and tail of the Redis store, and whether a busy entity costs more."""
    return [
        gate(
            "Redis round trips per payment",
            online["redis"]["round_trips_per_payment"],
            1,
            "at_most",
        ),
        gate(
            "Redis p99 over a bare EVALSHA",
            online["redis"]["p99_ratio"],
            1.5,
            "at_most",
        ),
        gate("busy entity, Redis", online["busy_redis"]["ratio"], 1.2, "at_most"),
        gate("busy entity, memory", online["busy_memory"]["ratio"], 1.2, "at_most"),
    ]


def _show_offline(offline_figures: list[dict[str, Any]]) -> None:
    table = Table("payments", "per second", "µs each", "CPU µs each", "MB", "MB later")
    for one in offline_figures:
        table.add_row(
            f"{one['payments']:,}",
            f"{one['per_second']:,}",
            str(one["microseconds_per_payment"]),
            str(one["cpu_microseconds_per_payment"]),
            str(one["resident_mb"]["most_in_first_half"]),
            str(one["resident_mb"]["most_in_second_half"]),
        )
    console.print(table)


def _show_online(online: dict[str, Any]) -> None:
    calls = Table("one payment", "p50 ms", "p90 ms", "p99 ms")
    shown = {
        "Redis observe": online["redis"]["observe"],
        "Redis bare EVALSHA": online["redis"]["bare_evalsha"],
        "the same, our connection": online["redis"][
            "bare_evalsha_on_the_stores_connection"
        ],
        "Redis, 100 events": online["busy_redis"]["few"],
        "Redis, busy": online["busy_redis"]["many"],
        "memory, 100 events": online["busy_memory"]["few"],
        "memory, busy": online["busy_memory"]["many"],
    }
    for name, figures in shown.items():
        calls.add_row(name, *(str(value) for value in figures.values()))
    console.print(calls)
