"""`fraud bench serving`: single rows, batches, and servers; ours beside theirs."""

import asyncio
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from rich.table import Table

from fraud_lab.bench.serving import engines, plots, servers
from fraud_lab.bench.serving.engines import OURS
from fraud_lab.bench.serving.servers import (
    BENTOML,
    GATEWAY,
    GATEWAY_BY_NAME,
    MLFLOW,
    NAMED,
    SCORER,
    SCORER_BY_NAME,
    Measured,
)
from fraud_ops.figures import Gate, finish, gate, wide_console
from fraud_ops.mesh.environment import LocalMesh

console = wide_console()
SEED = 5
ALL_OURS = (GATEWAY, SCORER, GATEWAY_BY_NAME, SCORER_BY_NAME)
# Like with like: bare arrays against bare arrays, named columns against named columns
# (BentoML's array service has none). `ratios` has every other pair, too.
PAIRS = (
    (GATEWAY, f"{MLFLOW}, 1 process"),
    (GATEWAY, f"{BENTOML}, 1 process"),
    (SCORER, f"{MLFLOW}, 1 process"),
    (SCORER, f"{BENTOML}, 1 process"),
    (GATEWAY_BY_NAME, f"{MLFLOW}, 1 process, {NAMED}"),
    (SCORER_BY_NAME, f"{MLFLOW}, 1 process, {NAMED}"),
)
COMPARED = 2048
SENT = 256
# Bars of single rows: how many times the library's own fastest call.
BARS = {"isolation_forest": 100, "xgboost": 8}
THROUGHPUT_BAR = 6
EQUAL = 1e-6


def bench_serving_command(
    mesh: LocalMesh,
    *,
    peers: Path,
    concurrency: int,
    seconds: float,
    plots_dir: Path | None,
    as_json: bool,
    enforce: bool,
) -> None:
    """Measure engines, then servers; print tables, judge the figures."""
    with console.status("simulating and training what serving does not keep …"):
        data = engines.history(SEED)
        contests = engines.contests(mesh, data)
    rows = data.test.x[np.random.default_rng(SEED).permutation(len(data.test))]
    models: dict[str, Any] = {}
    for contest in contests:
        with console.status(f"one row and {engines.BATCH}: {contest.model} …"):
            models[contest.model] = engines.measure(contest, rows[:COMPARED])
    _show_models(models)
    found, versions = asyncio.run(
        servers.measure(
            mesh, rows[:SENT], peers=peers, concurrency=concurrency, seconds=seconds
        )
    )
    named = {one.target.name: one for one in found}
    _show_servers(found, concurrency)
    if not versions:
        console.print("[red]MLflow and BentoML are not there: run `make peers`.[/]")
    ratios = _ratios(named)
    figures = {
        "models": models,
        "servers": {name: one.figures() for name, one in named.items()},
        "ratios": ratios,
        "peers": versions,
        "concurrency": concurrency,
        "seconds": seconds,
        "rounds": servers.ROUNDS,
    }
    if plots_dir is not None:
        for file in plots.draw(figures, plots_dir):
            console.print(f"plot: {file}")
    finish(
        "bench serving",
        figures,
        [*_model_gates(models), *_server_gates(named, ratios)],
        n=sum(len(lap.latency_ms) + lap.failed for o in found for lap in o.laps),
        seed=SEED,
        as_json=as_json,
        enforce=enforce,
    )


def _ratios(named: Mapping[str, Measured]) -> dict[str, dict[str, float]]:
    """Each of ours over each peer: medians over the rounds of throughput, and of p99 and
    CPU a request over all answers."""
    found = {}
    for ours in (one for one in ALL_OURS if one in named):
        for peer, theirs in named.items():
            if peer in ALL_OURS:
                continue
            mine, other = named[ours].figures(), theirs.figures()
            faster = np.array(named[ours].per_second()) / np.array(theirs.per_second())
            found[f"{ours} over {peer}"] = {
                "throughput": round(float(np.median(faster)), 2),
                "p99": round(mine["p99_ms"] / other["p99_ms"], 3),
                "cpu": round(
                    mine["cpu_ms_per_request"] / other["cpu_ms_per_request"], 3
                ),
            }
    return found


def _model_gates(models: Mapping[str, Any]) -> list[Gate]:
    gates = []
    for name, bar in BARS.items():
        row = models[name]["one_row"]
        least = min(row[way]["ours_faster_by"] for way in row if way != OURS)
        gates.append(gate(f"{name}, one row, times faster", least, bar, "at_least"))
    apart = max(model["largest_difference"] for model in models.values())
    gates.append(gate("engines equal the libraries", apart, EQUAL, "at_most"))
    return gates


def _server_gates(
    named: Mapping[str, Measured], ratios: Mapping[str, Mapping[str, float]]
) -> list[Gate]:
    """Model servers of one process each; the gateway's second process only forwards."""
    gates = []
    for ours, peer in PAIRS:
        found = ratios.get(f"{ours} over {peer}", {})
        short = f"{ours.partition(',')[0]} over {peer.partition(',')[0]}"
        if ours.endswith(NAMED):
            short = f"{short}, {NAMED}"
        throughput, p99 = found.get("throughput"), found.get("p99")
        gates += [
            gate(f"{short}, throughput", throughput, THROUGHPUT_BAR, "at_least"),
            gate(f"{short}, p99", p99, 1.0, "at_most"),
        ]
    failed = sum(lap.failed for one in named.values() for lap in one.laps)
    apart = max(one.largest_difference for one in named.values())
    return [
        *gates,
        gate("failed requests", failed, 0, "at_most"),
        gate("servers equal the library", apart, EQUAL, "at_most"),
    ]


def _show_models(models: Mapping[str, Any]) -> None:
    table = Table("model", "call", "1 row, us", "p99", "ours", "64 rows, us", "ours")
    table.title = "One thread, in one process: p50, and how many times ours is faster"
    for name, model in models.items():
        for way, one in model["one_row"].items():
            many = model["batch_64"][way]
            table.add_row(
                name if way == OURS else "",
                way,
                f"{one['p50_us']:,.1f}",
                f"{one['p99_us']:,.1f}",
                _times(one),
                f"{many['p50_us']:,.1f}",
                _times(many),
            )
    console.print(table)


def _times(figures: Mapping[str, Any]) -> str:
    found = figures.get("ours_faster_by")
    return "" if found is None else f"{found:,.1f}x"


def _show_servers(found: Sequence[Measured], concurrency: int) -> None:
    table = Table("server", "per s", "p50 ms", "p99 ms", "failed", "CPU ms")
    table.title = f"One row of the same XGBoost model, {concurrency} callers"
    for one in found:
        figures = one.figures()
        keys = ["per_second", "p50_ms", "p99_ms", "failed", "cpu_ms_per_request"]
        table.add_row(one.target.name, *(str(figures[key]) for key in keys))
    console.print(table)
