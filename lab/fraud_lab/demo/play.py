"""Streams the present through the gateway and keeps the score."""

import asyncio
import json
import time
from collections import Counter, defaultdict
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

from fraud_features.definitions.currency import to_reference
from fraud_lab.demo.plan import Play
from fraud_ops.mesh.http import Client
from fraud_ops.simulate import SimulatedPayment

HONEST = "honest payments"


@dataclass
class Tally:
    """Verdicts, money and latency, by scenario."""

    verdicts: dict[str, Counter[str]] = field(
        default_factory=lambda: defaultdict(Counter)
    )
    stopped_minor: Counter[str] = field(default_factory=Counter)
    passed_minor: Counter[str] = field(default_factory=Counter)
    latency_ms: list[float] = field(default_factory=list)
    failed: Counter[str] = field(default_factory=Counter)
    degraded: Counter[str] = field(default_factory=Counter)
    # Why honest payments were disturbed: the first reason of each.
    disturbed_by: Counter[str] = field(default_factory=Counter)
    explained: dict[str, Any] | None = None

    def add(
        self, payment: SimulatedPayment, decision: dict[str, Any], latency_ms: float
    ) -> None:
        """Count one decided payment."""
        row = payment.scenario if payment.fraud else HONEST
        assert row is not None
        verdict = decision["decision"]
        body = payment.payment
        amount = to_reference(body["amount_minor"], body["currency"])
        self.verdicts[row][verdict] += 1
        pot = self.passed_minor if verdict == "APPROVE" else self.stopped_minor
        pot[row] += amount
        self.latency_ms.append(latency_ms)
        self.degraded.update(decision["degraded"])
        if not payment.fraud and verdict != "APPROVE":
            first = decision["reasons"][0]
            self.disturbed_by[f"{first['source']}: {first['code']}"] += 1
        if payment.fraud and _explains_more(decision, self.explained):
            self.explained = decision

    @property
    def caught(self) -> float:
        """Share of fraudulent payments challenged or declined."""
        frauds = [c for row, c in self.verdicts.items() if row != HONEST]
        total = sum(sum(c.values()) for c in frauds)
        approved = sum(c["APPROVE"] for c in frauds)
        return 1 - approved / total if total else 0.0

    @property
    def disturbed(self) -> float:
        """Share of honest payments challenged or declined."""
        honest = self.verdicts[HONEST]
        total = sum(honest.values())
        return 1 - honest["APPROVE"] / total if total else 0.0


async def play(
    script: Play,
    client: Client,
    run: str,
    *,
    at_once: int,
    progress: Callable[[int], None],
) -> Tally:
    """Send every payment in order, at most `at_once` under way."""
    tally = Tally()
    slots = asyncio.Semaphore(at_once)

    async def one(payment: SimulatedPayment) -> None:
        try:
            body = {**payment.payment}
            body["transaction_id"] = f"{run}-{body['transaction_id']}"
            started = time.perf_counter()
            status, reply = await client.post("/score", json.dumps(body).encode())
            elapsed_ms = (time.perf_counter() - started) * 1000
            if status == 200:
                tally.add(payment, json.loads(reply), elapsed_ms)
            else:
                tally.failed[f"status {status}"] += 1
            progress(1)
        finally:
            slots.release()

    async with asyncio.TaskGroup() as tasks:
        for payment in script.payments:
            await slots.acquire()
            tasks.create_task(one(payment))
    return tally


async def report_labels(script: Play, client: Client, run: str) -> int:
    """Report what happened to the streamed payments, as if it were known today."""
    accepted = 0
    for label in script.labels:
        body = {
            **label.label,
            "transaction_id": f"{run}-{label.label['transaction_id']}",
            "reported_at": datetime.now(UTC).isoformat(),
        }
        status, _ = await client.post("/v1/labels", json.dumps(body).encode())
        accepted += status == 200
    return accepted


def _explains_more(decision: dict[str, Any], than: dict[str, Any] | None) -> bool:
    def richness(one: dict[str, Any] | None) -> tuple[int, int]:
        if one is None:
            return (0, 0)
        explained = sum(bool(s["top_features"]) for s in one["signals"])
        return (explained, len(one["reasons"]) + len(one["rules"]["hits"]))

    return decision["decision"] != "APPROVE" and richness(decision) > richness(than)
