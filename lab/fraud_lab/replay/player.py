"""Plays a plan: the past into the online store, the present through the gateway."""

import time
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import orjson

from fraud_features.store.port import OnlineStore
from fraud_lab.parity.in_order import InOrder, parties_of
from fraud_lab.parity.labels import LabelTracker
from fraud_lab.replay.plan import Plan, Report, effect, transaction
from fraud_ops.mesh.http import Client

AT_ONCE = 8
TIMEOUT_S = 60.0
Progress = Callable[[int], None]


@dataclass
class Outcome:
    """What the mesh said of the replayed payments, by transaction."""

    verdicts: dict[str, str] = field(default_factory=dict)
    risks: dict[str, float | None] = field(default_factory=dict)
    latency_ms: list[float] = field(default_factory=list)
    failed: Counter[str] = field(default_factory=Counter)
    degraded: Counter[str] = field(default_factory=Counter)
    labels: int = 0
    seconds: float = 0.0


async def load_past(plan: Plan, store: OnlineStore, progress: Progress) -> None:
    """Let the payments of the past enter the store as the gateway would have."""
    lanes = InOrder(AT_ONCE)

    async def observe(row: dict[str, Any]) -> None:
        await store.observe(transaction(row))

    for number, row in enumerate(plan.rows[: plan.past], 1):
        parties = (row["account_id"], row["terminal_id"])
        await lanes.submit(frozenset(parties), observe(row))
        if number % 200 == 0:
            progress(number)
    await lanes.drain()
    progress(plan.past)


class Replayer:
    """Sends payments in order of event time, and each label when its time has come."""

    def __init__(self, plan: Plan, client: Client, store: OnlineStore) -> None:
        self._plan = plan
        self._client = client
        self._store = store
        self._lanes = InOrder(AT_ONCE)
        self._tracker = LabelTracker(client)
        self._rows = {row["transaction_id"]: row for row in plan.rows}
        self._next = 0
        self.outcome = Outcome()

    async def play(self, progress: Progress) -> Outcome:
        """Send everything; `progress` hears the number of payments sent."""
        started = time.perf_counter()
        replayed = self._plan.replayed
        sent = {row["transaction_id"] for row in replayed}
        for number, row in enumerate(replayed, 1):
            await self._labels(row["occurred_at"], sent)
            self._tracker.paid(row["transaction_id"])
            body = transaction(row).model_dump(mode="json", exclude_none=True)
            await self._lanes.submit(parties_of(body), self._send(body))
            if number % 50 == 0:
                progress(number)
        await self._lanes.drain()
        progress(len(replayed))
        self.outcome.seconds = time.perf_counter() - started
        return self.outcome

    async def _labels(self, t: int, sent: set[str]) -> None:
        """Report what became known before `t`, and wait until risk counts it."""
        due: list[Report] = []
        reports = self._plan.reports
        while self._next < len(reports) and reports[self._next].at < t:
            due.append(reports[self._next])
            self._next += 1
        if not due:
            return
        await self._lanes.drain()
        for report in due:
            if report.transaction_id in sent:
                if not await self._tracker.report(report.body()):
                    self.outcome.failed["label"] += 1
                self.outcome.labels += 1
            else:
                # The gateway has never seen this payment of the past.
                await self._store.apply_label(effect(self._rows[report.transaction_id]))
        await self._tracker.settle()

    async def _send(self, body: dict[str, Any]) -> None:
        started = time.perf_counter()
        status, reply = await self._client.post(
            "/score", orjson.dumps(body), timeout_s=TIMEOUT_S
        )
        outcome, key = self.outcome, body["transaction_id"]
        if status != 200:
            outcome.failed[f"status {status}"] += 1
            return
        outcome.latency_ms.append((time.perf_counter() - started) * 1000)
        decision = orjson.loads(reply)
        outcome.verdicts[key] = decision["decision"]
        outcome.risks[key] = decision["risk"]
        outcome.degraded.update(decision["degraded"])
