"""Laps of load over several shapes in turn, there and back again, and the medians of them."""

import json
from collections import Counter, defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import count, islice
from statistics import median
from typing import Any

from fraud_lab.bench.load import Load, Outcome, live
from fraud_lab.bench.shapes import Running
from fraud_ops.mesh.http import Client

# Unmeasured, before each measurement: what a process that stood still has to catch up with.
SETTLE_S = 1.0
WARM_UP_S = 3.0
CALLERS = 16
PAYMENTS = 24_000
TIMEOUT_S = 20.0
CONNECTIONS = 256
_RUN = "RUN"


@dataclass(frozen=True)
class Lap:
    """One measurement of one shape."""

    outcome: Outcome
    cpu_s: Mapping[str, float]
    replies: Sequence[bytes]

    @property
    def whole_per_second(self) -> float:
        """Decisions a second that lack no evidence."""
        return self.outcome.whole / self.outcome.seconds


@dataclass
class Runner:
    """One shape under load: its payments, and the laps of each kind so far."""

    running: Running
    client: Client
    payments: Iterator[bytes]
    laps: defaultdict[str, list[Lap]] = field(default_factory=lambda: defaultdict(list))

    @classmethod
    def of(cls, running: Running, bodies: Sequence[bytes]) -> "Runner":
        """A runner with connections of its own and its own ids for the same payments."""
        mesh = running.mesh
        client = Client(mesh.url, mesh.key(), connections=CONNECTIONS)
        name = running.shape.name.replace(" ", "-")
        return cls(running, client, own_payments(bodies, name))

    async def warm_up(self) -> None:
        """Load that is not measured, once all is loaded."""
        await self.running.settled()
        await self._load([]).closed_loop(4, WARM_UP_S)

    async def closed(self, callers: int, seconds: float) -> None:
        """Let `callers` send their next payment whenever the last is answered."""
        await self._lap(f"c{callers}", seconds, callers=callers)

    async def open(self, per_second: float, seconds: float) -> None:
        """Send payments on a clock."""
        await self._lap("open", seconds, per_second=per_second)

    async def _lap(
        self, kind: str, seconds: float, *, callers: int = 4, per_second: float = 0.0
    ) -> None:
        await self._load([]).closed_loop(callers, SETTLE_S)
        replies: list[bytes] = []
        load, before = self._load(replies), self.running.cpu_s()
        if per_second:
            outcome = await load.open_loop(per_second, seconds)
        else:
            outcome = await load.closed_loop(callers, seconds)
        used: defaultdict[str, float] = defaultdict(float)
        for (service, pid), seconds_now in self.running.cpu_s().items():
            used[service] += seconds_now - before.get((service, pid), 0.0)
        self.laps[kind].append(Lap(outcome, used, replies))

    def _load(self, replies: list[bytes]) -> Load:
        return Load(
            self.client, self.payments, timeout_s=TIMEOUT_S, answered=replies.append
        )


def own_payments(bodies: Sequence[bytes], name: str) -> Iterator[bytes]:
    """The payments under ids of one shape, again and again under others."""
    marker = f'"{_RUN}-'.encode()
    for again in count():
        for body in bodies:
            yield body.replace(marker, f'"{name}{again}-'.encode())


def simulated(seed: int) -> list[bytes]:
    """The payments, made beforehand: the generator shares the cores with what it loads."""
    return list(islice(live(seed, _RUN), PAYMENTS))


async def rounds(runners: Sequence[Runner], number: int, seconds: float) -> None:
    """Closed loops with one caller and with many, of every shape in turn."""
    for runner in _there_and_back(runners, number):
        await runner.closed(CALLERS, seconds)
        await runner.closed(1, seconds)


async def open_rounds(
    runners: Sequence[Runner],
    number: int,
    seconds: float,
    per_second: Mapping[str, float],
) -> None:
    """Open loops of every shape that has a rate in `per_second`."""
    chosen = [r for r in runners if r.running.shape.name in per_second]
    for runner in _there_and_back(chosen, number):
        await runner.open(per_second[runner.running.shape.name], seconds)


def _there_and_back(runners: Sequence[Runner], number: int) -> Iterator[Runner]:
    """A B C, C B A, A B C: who is measured is running, everybody else stands still."""
    for turn in range(number):
        for runner in runners if turn % 2 == 0 else reversed(runners):
            runner.running.resume()
            yield runner
            runner.running.pause()


def summary(laps: Sequence[Lap]) -> dict[str, Any]:
    """Medians over laps of rates and percentiles; sums of what was counted."""
    rows = [lap.outcome.figures() for lap in laps]
    answered = max(1, sum(row["answered"] for row in rows))
    cpu: Counter[str] = Counter()
    for lap in laps:
        cpu.update(lap.cpu_s)
    cpu_ms = {name: round(s * 1000 / answered, 3) for name, s in sorted(cpu.items())}
    middle = {
        key: round(median(row[key] for row in rows), 3) if _all(rows, key) else None
        for key in ("per_second", "p50_ms", "p95_ms", "p99_ms")
    }
    return {
        **{
            key: sum(row[key] for row in rows)
            for key in ("sent", "answered", "whole", "failed", "shed")
        },
        **middle,
        "whole_per_second": round(median(lap.whole_per_second for lap in laps), 1),
        "per_second_of_each": [row["per_second"] for row in rows],
        "p99_ms_of_each": [row["p99_ms"] for row in rows],
        "verdicts": _sums(rows, "verdicts"),
        "degraded": _sums(rows, "degraded"),
        "failures": _sums(rows, "failures"),
        "cpu_ms_per_payment": round(sum(cpu_ms.values()), 3),
        "cpu_ms_by_service": cpu_ms,
        "stages_ms": stages([reply for lap in laps for reply in lap.replies]),
    }


def stages(replies: Sequence[bytes]) -> dict[str, dict[str, float]]:
    """p50 and p99 of every stage, from the timings that the answers hold."""
    taken: defaultdict[str, list[float]] = defaultdict(list)
    for reply in replies:
        for stage, ms in json.loads(reply).get("timings_ms", {}).items():
            taken[stage].append(ms)
    return {
        stage: {"p50": _percentile(ms, 50), "p99": _percentile(ms, 99)}
        for stage, ms in taken.items()
    }


def _percentile(values: list[float], share: int) -> float:
    values = sorted(values)
    return round(values[min(len(values) - 1, len(values) * share // 100)], 3)


def _all(rows: Sequence[Mapping[str, Any]], key: str) -> bool:
    return all(row[key] is not None for row in rows)


def _sums(rows: Sequence[Mapping[str, Any]], key: str) -> dict[str, int]:
    total: Counter[str] = Counter()
    for row in rows:
        total.update(row[key])
    return dict(total)
