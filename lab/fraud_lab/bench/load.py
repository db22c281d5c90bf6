"""Load on a gateway: open loop (arrivals on a clock) and closed loop (n callers)."""

import asyncio
import json
import re
import time
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

import numpy as np

from fraud_ops.mesh.http import Client
from fraud_ops.simulate import (
    SimulatedPayment,
    SimulationConfig,
    shipped_names,
    stream,
)
from fraud_shared.mesh.errors import DependencyError

# The gateway takes event times of up to seven days ago.
DAYS = 6
PAYMENTS = 60_000
VERDICT = re.compile(rb'"decision":"([A-Z]+)"')
NOTHING_MISSING = b'"degraded":[]'


@dataclass
class Outcome:
    """What came back: latencies in milliseconds, failures, verdicts, missing parts."""

    latency_ms: list[float] = field(default_factory=list)
    failed: Counter[str] = field(default_factory=Counter)
    verdicts: Counter[str] = field(default_factory=Counter)
    degraded: Counter[str] = field(default_factory=Counter)
    shed: int = 0
    seconds: float = 0.0

    def figures(self) -> dict[str, Any]:
        """Numbers for the report; percentiles over every answered request."""
        answered = len(self.latency_ms)
        quantiles = (
            np.percentile(self.latency_ms, [50, 95, 99]).round(3).tolist()
            if answered
            else [None] * 3
        )
        return {
            "answered": answered,
            "failed": sum(self.failed.values()),
            "failures": dict(self.failed),
            "shed": self.shed,
            "per_second": round(answered / self.seconds, 1) if self.seconds else None,
            "p50_ms": quantiles[0],
            "p95_ms": quantiles[1],
            "p99_ms": quantiles[2],
            "verdicts": dict(self.verdicts),
            "degraded": dict(self.degraded),
        }


class Load:
    """Sends payments to `POST /score` and keeps score itself.

    A failed request is: no answer in a second, a 5xx that is not a declared shed, or a 200
    without a verdict. A degraded verdict that says so is an answer.
    """

    def __init__(
        self, client: Client, payments: Iterator[bytes], *, timeout_s: float = 1.0
    ) -> None:
        self._client = client
        self._payments = payments
        self._timeout_s = timeout_s

    async def open_loop(self, rps: float, seconds: float) -> Outcome:
        """Arrivals on a clock; latency counts from the *planned* send time, so that a
        stalled server cannot slow its own measurement down."""
        outcome = Outcome(seconds=seconds)
        start = time.perf_counter() + 0.1
        tasks = []
        for number in range(int(rps * seconds)):
            planned = start + number / rps
            pause = planned - time.perf_counter()
            if pause > 0:
                await asyncio.sleep(pause)
            tasks.append(asyncio.create_task(self._one(planned, outcome)))
        await asyncio.gather(*tasks)
        return outcome

    async def closed_loop(self, concurrency: int, seconds: float) -> Outcome:
        """`concurrency` callers, each sending its next payment when the last is answered."""
        outcome = Outcome()
        start = time.perf_counter()

        async def caller() -> None:
            while time.perf_counter() - start < seconds:
                await self._one(time.perf_counter(), outcome)

        await asyncio.gather(*(caller() for _ in range(concurrency)))
        outcome.seconds = time.perf_counter() - start
        return outcome

    async def _one(self, planned: float, outcome: Outcome) -> None:
        body = next(self._payments)
        try:
            status, reply = await self._client.post(
                "/score", body, timeout_s=self._timeout_s
            )
        except DependencyError as error:
            outcome.failed[error.kind] += 1
            return
        elapsed_ms = (time.perf_counter() - planned) * 1000
        if status == 503 and b":overloaded" in reply:
            outcome.shed += 1
            return
        if status != 200:
            outcome.failed[f"status_{status}"] += 1
            return
        found = VERDICT.search(reply)
        if found is None:
            outcome.failed["no_verdict"] += 1
            return
        outcome.latency_ms.append(elapsed_ms)
        outcome.verdicts[found[1].decode()] += 1
        # The generator shares the cores with what it measures: it reads only what it must.
        if NOTHING_MISSING not in reply:
            outcome.degraded.update(json.loads(reply)["degraded"])


def live(seed: int, run: str) -> Iterator[bytes]:
    """Simulated payments of the last days, each at its own time, with ids of this run.

    Times are not moved to the present: a month of habits within a minute would look like
    fraud to every window.
    """
    midnight = datetime.now(UTC).replace(hour=0, minute=0, second=0, microsecond=0)
    config = SimulationConfig(
        seed=seed,
        payments=PAYMENTS,
        start=midnight - timedelta(days=DAYS),
        days=DAYS,
        accounts=PAYMENTS // 5,
        listed_names=shipped_names(),
    )
    for event in stream(config):
        if isinstance(event, SimulatedPayment):
            payment = event.payment
            unique = f"{run}-{payment['transaction_id']}"
            yield json.dumps({**payment, "transaction_id": unique}).encode()
