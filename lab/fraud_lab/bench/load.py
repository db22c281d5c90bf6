"""Load on a gateway: open loop (arrivals on a clock) and closed loop (n callers)."""

import asyncio
import json
import random
import re
import time
from collections import Counter
from collections.abc import Callable, Iterator
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
# Slower than promised.
SLOW_MS = 200.0
NOTHING_MISSING = b'"degraded":[]'


@dataclass
class Outcome:
    """What came back: latencies in milliseconds, failures, verdicts, missing parts."""

    latency_ms: list[float] = field(default_factory=list)
    failed: Counter[str] = field(default_factory=Counter)
    verdicts: Counter[str] = field(default_factory=Counter)
    degraded: Counter[str] = field(default_factory=Counter)
    # Answers without a gap; refusals, by how long they took from when they were sent.
    whole: int = 0
    shed_ms: list[float] = field(default_factory=list)
    # When payments were due, in seconds from the start, that were refused, slow or decided
    # without some evidence.
    disturbed_s: list[float] = field(default_factory=list)
    seconds: float = 0.0

    @property
    def shed(self) -> int:
        """How many were refused for overload."""
        return len(self.shed_ms)

    @property
    def sent(self) -> int:
        """How many were sent."""
        return len(self.latency_ms) + self.shed + sum(self.failed.values())

    def figures(self) -> dict[str, Any]:
        """Numbers for the report; percentiles over every answered request."""
        answered = len(self.latency_ms)
        quantiles = (
            np.percentile(self.latency_ms, [50, 95, 99]).round(3).tolist()
            if answered
            else [None] * 3
        )
        return {
            "sent": self.sent,
            "answered": answered,
            "whole": self.whole,
            "failed": sum(self.failed.values()),
            "failures": dict(self.failed),
            "shed": self.shed,
            "shed_p99_ms": (
                round(float(np.percentile(self.shed_ms, 99)), 3) if self.shed else None
            ),
            "per_second": round(answered / self.seconds, 1) if self.seconds else None,
            "p50_ms": quantiles[0],
            "p95_ms": quantiles[1],
            "p99_ms": quantiles[2],
            "verdicts": dict(self.verdicts),
            "degraded": dict(self.degraded),
        }


# What the gateway says with a refusal.
RETRY_AFTER_S = 1.0


class Load:
    """Sends payments to `POST /score` and keeps score itself.

    A failed request is: no answer in a second, a 5xx that is not a declared shed, or a 200
    without a verdict. A degraded verdict that says so is an answer.
    """

    def __init__(
        self,
        client: Client,
        payments: Iterator[bytes],
        *,
        timeout_s: float = 1.0,
        refused: Callable[[bytes], None] = lambda _: None,
        answered: Callable[[bytes], object] = lambda _: None,
    ) -> None:
        """`refused` gets every payment that was refused for overload, `answered` every
        answer with a verdict."""
        self._client = client
        self._payments = payments
        self._timeout_s = timeout_s
        self._refused = refused
        self._answered = answered

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
            due_s = number / rps
            tasks.append(asyncio.create_task(self._one(planned, outcome, due_s)))
        await asyncio.gather(*tasks)
        return outcome

    async def closed_loop(self, concurrency: int, seconds: float) -> Outcome:
        """`concurrency` callers, each sending its next payment when the last is answered,
        and some time within `Retry-After` when it was refused for overload."""
        outcome = Outcome()
        start = time.perf_counter()

        async def caller() -> None:
            while time.perf_counter() - start < seconds:
                if await self._one(time.perf_counter(), outcome):
                    await asyncio.sleep(random.uniform(0, RETRY_AFTER_S))

        await asyncio.gather(*(caller() for _ in range(concurrency)))
        outcome.seconds = time.perf_counter() - start
        return outcome

    async def _one(self, planned: float, outcome: Outcome, due_s: float = 0.0) -> bool:
        """Send the next payment; returns whether it was refused for overload."""
        body = next(self._payments)
        sent = time.perf_counter()
        try:
            status, reply = await self._client.post(
                "/score", body, timeout_s=self._timeout_s
            )
        except DependencyError as error:
            outcome.failed[error.kind] += 1
            outcome.disturbed_s.append(due_s)
            return False
        now = time.perf_counter()
        elapsed_ms = (now - planned) * 1000
        if status == 503 and b":overloaded" in reply:
            # The generator shares the cores: how late it sent is not the mesh's doing.
            outcome.shed_ms.append((now - sent) * 1000)
            outcome.disturbed_s.append(due_s)
            self._refused(body)
            return True
        if status != 200:
            outcome.failed[f"status_{status}"] += 1
            return False
        found = VERDICT.search(reply)
        if found is None:
            outcome.failed["no_verdict"] += 1
            return False
        outcome.latency_ms.append(elapsed_ms)
        outcome.verdicts[found[1].decode()] += 1
        self._answered(reply)
        # The generator shares the cores with what it measures: it reads only what it must.
        if NOTHING_MISSING in reply:
            outcome.whole += 1
        if elapsed_ms > SLOW_MS or NOTHING_MISSING not in reply:
            outcome.disturbed_s.append(due_s)
        if NOTHING_MISSING not in reply:
            outcome.degraded.update(json.loads(reply)["degraded"])
        return False


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
