"""Playing a drill and comparing what was served with what training would have seen."""

import asyncio
import json
import struct
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Any

import polars as pl

from fraud_features.definitions.facts import facts_of
from fraud_features.definitions.registry import PAYMENT_FEATURES
from fraud_features.offline.frame import frame
from fraud_lab.parity.in_order import InOrder, parties_of
from fraud_lab.parity.labels import LabelTracker
from fraud_lab.parity.scenario import Incident, Pay, Report, Step
from fraud_lab.parity.stages import ALONE, Stage
from fraud_ops.features.logs import decision_log
from fraud_orchestrator.privacy import Privacy
from fraud_shared.contracts.label import LabelReport
from fraud_shared.contracts.transaction import Transaction, TransactionIn
from fraud_shared.mesh.errors import DependencyError

AT_ONCE = 8
TIMEOUT_S = 60.0
UNAVAILABLE = 503
RESENT_AFTER_S = (0.0, 0.5, 1.0, 2.0)
Vector = tuple[float | None, ...]


@dataclass
class Played:
    """What was sent, in the order of arrival, and what came back."""

    payments: list[Transaction] = field(default_factory=list)
    labels: list[LabelReport] = field(default_factory=list)
    # Payments made while the store was cold: nothing may have been known of them.
    in_the_dark: set[str] = field(default_factory=set)
    replies: dict[str, bytes] = field(default_factory=dict)
    repeats: int = 0
    other_replies: int = 0
    resent: int = 0
    failed: Counter[str] = field(default_factory=Counter)
    incidents: Counter[str] = field(default_factory=Counter)
    rebuilt: list[int] = field(default_factory=list)


@dataclass
class Comparison:
    """How the two paths differ."""

    compared: int
    unknown: int
    missing: int
    differing: int
    by_feature: Counter[str]
    example: dict[str, Any] | None


class Player:
    """Plays a drill on a stage."""

    def __init__(self, stage: Stage, *, at_once: int = AT_ONCE) -> None:
        self._stage = stage
        self._lanes = InOrder(at_once)
        self._privacy = Privacy(stage.mesh.secret("FRAUD_PAN_KEY"))
        self._labels = LabelTracker(stage.client)
        self._dark = False
        self.played = Played()

    async def play(
        self, steps: Sequence[Step], progress: Callable[[int], None] = lambda _: None
    ) -> Played:
        """Send everything; `progress` hears the number of steps done."""
        for number, step in enumerate(steps, 1):
            if isinstance(step, Pay):
                await self._pay(step)
            elif isinstance(step, Report):
                await self._report(step)
            else:
                await self._happens(step)
            if number % 20 == 0:
                progress(number)
        await self._lanes.drain()
        progress(len(steps))
        return self.played

    async def _pay(self, step: Pay) -> None:
        if self._labels.waiting:
            # Risk must count what has been reported before it is read again.
            await self._lanes.drain()
            await self._labels.settle()
        if not step.repeat:
            self._remember(step.body)
        await self._lanes.submit(parties_of(step.body), self._send(step))

    def _remember(self, body: Mapping[str, Any]) -> None:
        payment = TransactionIn.model_validate_json(json.dumps(body))
        self.played.payments.append(self._privacy.inside(payment))
        self._labels.paid(payment.transaction_id)
        if self._dark:
            self.played.in_the_dark.add(payment.transaction_id)

    async def _send(self, step: Pay) -> None:
        status, reply = await self._post(json.dumps(step.body).encode())
        played, key = self.played, step.body["transaction_id"]
        if status != 200:
            played.failed[f"status {status}"] += 1
        elif step.repeat:
            played.repeats += 1
            played.other_replies += reply != played.replies.get(key)
        else:
            played.replies[key] = reply

    async def _post(self, body: bytes) -> tuple[int, bytes]:
        """Send a payment; again when the connection broke or it was refused for overload, as
        its sender would."""
        post = self._stage.client.post
        for pause_s in RESENT_AFTER_S:
            with suppress(DependencyError):
                status, reply = await post("/score", body, timeout_s=TIMEOUT_S)
                if status != UNAVAILABLE:
                    return status, reply
            self.played.resent += 1
            await asyncio.sleep(pause_s)
        return await post("/score", body, timeout_s=TIMEOUT_S)

    async def _report(self, step: Report) -> None:
        await self._lanes.drain()
        if not await self._labels.report(step.label):
            self.played.failed["label"] += 1
        if not step.repeat:
            report = LabelReport.model_validate(step.label)
            self.played.labels.append(report)

    async def _happens(self, step: Incident) -> None:
        await self._lanes.drain()
        await self._labels.settle()
        stage = self._stage
        self.played.incidents[step.event] += 1
        if step.event == "restart gateway":
            if await stage.restart_gateway():
                # What begins empty begins with a rebuild, before it takes payments.
                await self._rebuild()
        elif step.event == "restart store":
            await stage.restart_store()
        elif step.event == "lose store":
            await stage.lose_store()
            self._dark = True
        else:
            await self._rebuild()

    async def _rebuild(self) -> None:
        result = await self._stage.rebuild()
        self.played.rebuilt.append(result.payments)
        self._dark = False


async def served(stage: Stage) -> dict[str, Vector]:
    """The vector of each payment as the scorers got it, from the decision record."""
    found: dict[str, Vector] = {}
    async with decision_log(stage.mesh, ALONE) as history:
        async for page in history.pages():
            for one in page:
                if one.features.hash != PAYMENT_FEATURES.hash:
                    raise ValueError("the gateway serves another feature set")
                found[one.transaction.transaction_id] = one.features.values
    return found


def expected(played: Played) -> dict[str, Vector]:
    """The vectors of the offline path; of payments in the dark, the unknown one."""
    table = frame(played.payments, played.labels)
    rows = table.select(pl.col("transaction_id"), *PAYMENT_FEATURES.names).rows()
    vectors: dict[str, Vector] = {row[0]: row[1:] for row in rows}
    for payment in played.payments:
        if payment.transaction_id in played.in_the_dark:
            alone = PAYMENT_FEATURES.values_offline(facts_of(payment))
            vectors[payment.transaction_id] = tuple(alone)
    return vectors


def compare(
    ours: Mapping[str, Vector], theirs: Mapping[str, Vector], dark: set[str]
) -> Comparison:
    """Compare bit for bit: the offline vectors `theirs` with the served ones `ours`."""
    by_feature: Counter[str] = Counter()
    example: dict[str, Any] | None = None
    missing = differing = 0
    for key, offline in theirs.items():
        online = ours.get(key)
        if online is None:
            missing += 1
            continue
        names = [
            name
            for name, one, other in zip(
                PAYMENT_FEATURES.names, online, offline, strict=True
            )
            if bits(one) != bits(other)
        ]
        by_feature.update(names)
        differing += bool(names)
        if names and example is None:
            place = PAYMENT_FEATURES.index[names[0]]
            example = {
                "transaction_id": key,
                "feature": names[0],
                "served": online[place],
                "offline": offline[place],
            }
    return Comparison(len(theirs), len(dark), missing, differing, by_feature, example)


def bits(value: float | None) -> bytes | None:
    """The eight bytes of a value; 0.0 and -0.0 are two values, unknown is none."""
    return None if value is None else struct.pack("<d", value)
