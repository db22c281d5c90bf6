"""The offline frame at growing lengths: rate, cost per row, memory."""

import os
import time
from collections.abc import Iterable, Iterator
from concurrent.futures import ProcessPoolExecutor
from itertools import islice
from multiprocessing import get_context
from pathlib import Path
from typing import Any

import polars as pl
from rich.console import Console

from fraud_features.definitions.facts import facts_of
from fraud_features.definitions.registry import PAYMENT_FEATURES
from fraud_features.offline.frame import frame, frames
from fraud_features.store.memory.engine import Engine
from fraud_lab.bench.features import stream

CORES = 2
_PAGE = os.sysconf("SC_PAGE_SIZE")
_ROWS_COMPARED = 20_000


class Untimed:
    """Passes frames on and adds up the time that making them took."""

    def __init__(self, source: Iterable[pl.DataFrame]) -> None:
        self._source = source
        self.seconds = self.cpu_seconds = 0.0

    def __iter__(self) -> Iterator[pl.DataFrame]:
        source = iter(self._source)
        while True:
            wall, cpu = time.perf_counter(), time.process_time()
            part = next(source, None)
            self.seconds += time.perf_counter() - wall
            self.cpu_seconds += time.process_time() - cpu
            if part is None:
                return
            yield part


def lengths(sizes: list[int], seed: int, console: Console) -> list[dict[str, Any]]:
    """Each length once, columns in and columns out, on at most two cores.

    Each in a process of its own, so that none's memory holds what another left behind.
    """
    found = []
    for size in sizes:
        with (
            console.status(f"{size:,} payments"),
            ProcessPoolExecutor(1, get_context("spawn")) as alone,
        ):
            found.append(alone.submit(_one, size, seed).result())
    return found


def _one(size: int, seed: int) -> dict[str, Any]:
    os.sched_setaffinity(0, sorted(os.sched_getaffinity(0))[:CORES])
    for _ in frames(stream.payments(1_000, seed)):
        pass  # compiles the kernels, or reads them from disk
    source = Untimed(stream.payments(size, seed))
    wall, cpu = time.perf_counter(), time.process_time()
    done, resident = 0, []
    for part in frames(source):
        done += part.height
        resident.append(_resident_mb())
    seconds = time.perf_counter() - wall - source.seconds
    cpu_seconds = time.process_time() - cpu - source.cpu_seconds
    half = len(resident) // 2
    return {
        "payments": done,
        "per_second": round(done / seconds),
        "microseconds_per_payment": round(seconds / done * 1e6, 3),
        "cpu_microseconds_per_payment": round(cpu_seconds / done * 1e6, 3),
        "resident_mb": {
            "most_in_first_half": max(resident[: half or 1]),
            "most_in_second_half": max(resident[half:]),
        },
    }


def row_by_row(seed: int) -> dict[str, int]:
    """Payments per second of the in-process executor, and of the frame when it is given
    rows instead of columns; the vectors of both are compared."""
    parts = list(islice(stream.payments(_ROWS_COMPARED, seed), 1))
    rows = parts[0].head(_ROWS_COMPARED).to_dicts()
    started = time.perf_counter()
    engine = Engine()
    replayed = [
        PAYMENT_FEATURES.values_online(facts, engine.observe(facts))
        for facts in map(facts_of, rows)
    ]
    replay_s = time.perf_counter() - started
    started = time.perf_counter()
    table = frame(rows)
    frame_s = time.perf_counter() - started
    differing = sum(
        one != other
        for one, other in zip(
            table.select(PAYMENT_FEATURES.names).rows(), replayed, strict=True
        )
    )
    return {
        "in_process_per_second": round(len(rows) / replay_s),
        "frame_from_rows_per_second": round(len(rows) / frame_s),
        "differing_vectors": differing,
        "compared_vectors": len(rows),
    }


def _resident_mb() -> int:
    pages = int(Path("/proc/self/statm").read_text(encoding="ascii").split()[1])
    return pages * _PAGE // 2**20
