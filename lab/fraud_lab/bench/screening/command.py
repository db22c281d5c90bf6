"""`fraud bench screening`: speed and memory of the matcher on one core, beside rapidfuzz."""

import random
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import psutil
from rapidfuzz import fuzz, process, utils
from rapidfuzz.distance import JaroWinkler
from rich.progress import track
from rich.table import Table

from fraud_lab.bench.screening.growth import growth
from fraud_lab.evaluate.screening.data import ScreeningData, read
from fraud_ops.figures import Gate, finish, gate, wide_console
from fraud_sanctions.lists.records import Party
from fraud_sanctions.matching.index import Index
from fraud_sanctions.matching.screener import Screener
from fraud_sanctions.settings import Settings

console = wide_console()
# Answers are wanted from where the service reports them, as it comes.
LEAST = float(Settings.model_fields["possible"].default)
_ALIASES = 0.2
_PEER_QUERIES = 60
_TOP = 5
_PEERS: dict[str, Any] = {"WRatio": fuzz.WRatio, "Jaro-Winkler": JaroWinkler.similarity}


def bench_screening_command(
    folder: Path,
    *,
    queries: int,
    seed: int,
    sizes: Sequence[int],
    http: bool,
    as_json: bool,
    enforce: bool,
) -> None:
    """Load, screen, compare, grow; with `http` through the service, too."""
    before = psutil.Process().memory_info().rss
    data = read(folder)
    started = time.perf_counter()
    screener = Screener(Index(data.entities))
    load_s = time.perf_counter() - started
    names = _names(data, queries, random.Random(seed))
    figures: dict[str, Any] = {
        "names": sum(len(entity.names) for entity in data.entities),
        "load_s": round(load_s, 2),
        **_latency(screener, names),
    }
    rss = psutil.Process().memory_info().rss
    figures["resident_mb"] = round(rss / 2**20, 1)
    figures["resident_before_mb"] = round(before / 2**20, 1)
    figures["peers"] = _peers(screener, data, random.Random(seed), figures["mean_ms"])
    if sizes:
        figures["growth"] = growth(sizes, seed, console)
    if http:
        from fraud_lab.bench.screening.http import over_http

        figures["http"] = over_http(data, names)
    _show(figures)
    finish(
        "bench screening",
        figures,
        _gates(figures),
        n=len(names),
        seed=seed,
        as_json=as_json,
        enforce=enforce,
    )


def _names(data: ScreeningData, count: int, chance: random.Random) -> list[str]:
    """Mostly innocent names, as in payments, and every fifth a listed one's alias."""
    listed = [row["query"] for row in data.aliases]
    innocent = [row["full_name"] for row in data.negatives]
    some = chance.choices(listed, k=round(count * _ALIASES))
    return chance.sample(some + chance.sample(innocent, count - len(some)), count)


def _latency(screener: Screener, names: Sequence[str]) -> dict[str, float]:
    """Each screening timed alone, the first words never seen before; wall and CPU."""
    wall, cpu = [], []
    for name in names:
        clock, thread = time.perf_counter(), time.thread_time()
        screener.screen(Party(name), least=LEAST, most=_TOP)
        cpu.append((time.thread_time() - thread) * 1000)
        wall.append((time.perf_counter() - clock) * 1000)
    p50, p99 = np.percentile(wall, [50, 99])
    return {
        "p50_ms": round(float(p50), 3),
        "p99_ms": round(float(p99), 3),
        "mean_ms": round(float(np.mean(wall)), 3),
        "per_second": round(1000 / float(np.mean(wall)), 1),
        "cpu_p50_ms": round(float(np.percentile(cpu, 50)), 3),
        "cpu_p99_ms": round(float(np.percentile(cpu, 99)), 3),
    }


def _peers(
    screener: Screener, data: ScreeningData, chance: random.Random, mean_ms: float
) -> dict[str, Any]:
    """`rapidfuzz.process.extract` over all names, and whose best five hold the right one."""
    asked = chance.sample(data.aliases, _PEER_QUERIES)
    owners = [e.entity_id for e in data.entities for _ in e.names]
    choices = [utils.default_process(n.text) for e in data.entities for n in e.names]
    found: dict[str, Any] = {}
    for name, scorer in _PEERS.items():
        right, started = 0, time.perf_counter()
        for row in track(asked, description=name, console=console):
            query = utils.default_process(row["query"])
            hits = process.extract(query, choices, scorer=scorer, limit=_TOP)
            right += row["entity_id"] in {owners[at] for _, _, at in hits}
        ms = (time.perf_counter() - started) * 1000 / len(asked)
        recall = round(right / len(asked), 4)
        found[name] = {
            "ms": round(ms, 2),
            "times": round(ms / mean_ms, 1),
            "recall": recall,
        }
    right, started = 0, time.perf_counter()
    for row in asked:
        ours = screener.screen(Party(row["query"]), least=LEAST, most=_TOP)
        right += row["entity_id"] in {hit.entity.entity_id for hit in ours}
    ms = (time.perf_counter() - started) * 1000 / len(asked)
    found["this"] = {"ms": round(ms, 2), "recall": round(right / len(asked), 4)}
    return found


def _gates(figures: dict[str, Any]) -> list[Gate]:
    peers = figures["peers"]
    best = max(peers[name]["recall"] for name in _PEERS)
    found = [
        gate("p50 ms", figures["p50_ms"], 1.0, "at_most"),
        gate("p99 ms", figures["p99_ms"], 5.0, "at_most"),
        gate("screenings/s, one core", figures["per_second"], 500.0, "at_least"),
        gate("resident MB", figures["resident_mb"], 600.0, "at_most"),
        gate("load s", figures["load_s"], 20.0, "at_most"),
        gate(
            "recall over the best plain one",
            peers["this"]["recall"] - best,
            0.0,
            "at_least",
        ),
    ]
    found += [
        gate(f"times faster than {name}", peers[name]["times"], 10.0, "at_least")
        for name in _PEERS
    ]
    if "growth" in figures:
        # Time that grows as the names do has exponent 1.
        found.append(
            gate("growth exponent", figures["growth"]["exponent"], 0.99, "at_most")
        )
    if "http" in figures:
        found.append(
            gate("HTTP p99 ms at 200/s", figures["http"]["p99_ms"], 10.0, "at_most")
        )
        found.append(gate("HTTP failed", figures["http"]["failed"], 0.0, "at_most"))
    return found


def _show(figures: dict[str, Any]) -> None:
    table = Table("figure", "value", title="screening, one core")
    for name, value in figures.items():
        if not isinstance(value, dict):
            table.add_row(name, str(value))
    for name, peer in figures["peers"].items():
        table.add_row(name, str(peer))
    for row in figures.get("growth", {}).get("sizes", []):
        table.add_row("growth", str(row))
    if "http" in figures:
        table.add_row("http", str(figures["http"]))
    console.print(table)
