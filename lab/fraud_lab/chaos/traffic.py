"""Payments and named rows on a clock, and what came back."""

import asyncio
import json
import time
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from itertools import chain
from typing import Any

from fraud_lab.bench.load import live
from fraud_ops.mesh.http import Client
from fraud_scoring.artifacts.artifact import Artifact
from fraud_shared.contracts.signal import ModelRef
from fraud_shared.mesh.errors import DependencyError

Row = dict[str, float | None]


@dataclass(frozen=True, slots=True)
class Prediction:
    """One answer of `/v1/predict` and when it came (monotonic seconds); `score` is None
    when the model gave none."""

    at: float
    model: ModelRef
    score: float | None
    row: Row


@dataclass(frozen=True, slots=True)
class Decided:
    """One answered payment: when the answer came (monotonic seconds), what the model's
    signal was and which version gave it (None for both when the rules had settled it),
    and what the decision names as missing."""

    decision_id: str
    at: float
    outcome: str | None
    version: str | None
    degraded: tuple[str, ...]


@dataclass
class Traffic:
    """An open loop of payments and rows for one model, in turn."""

    client: Client
    model: str
    answered: Counter[str] = field(default_factory=Counter)
    failed: Counter[str] = field(default_factory=Counter)
    predictions: list[Prediction] = field(default_factory=list)
    decided: list[Decided] = field(default_factory=list)
    begun: asyncio.Event = field(default_factory=asyncio.Event)

    async def run(self, rows: Sequence[Row], rps: float, seed: int) -> None:
        """Send until cancelled."""
        payments = live(seed, f"chaos{seed}")
        # Before the clock starts: the first payment takes seconds to invent, and what was
        # due by then would be sent all at once.
        first = next(payments)
        start = time.monotonic()
        self.begun.set()
        async with asyncio.TaskGroup() as tasks:
            for number, payment in enumerate(chain([first], payments)):
                planned = start + number / rps
                await asyncio.sleep(max(0.0, planned - time.monotonic()))
                if number % 2:
                    tasks.create_task(self._pay(payment))
                else:
                    row = rows[number // 2 % len(rows)]
                    tasks.create_task(self._predict(row))

    async def _send(self, path: str, body: bytes) -> Any:
        """The parsed reply, or None when the request failed."""
        try:
            status, reply = await self.client.post(path, body, timeout_s=2.0)
        except DependencyError as error:
            self.failed[f"{path} {error.kind}"] += 1
            return None
        if status != 200:
            kind = json.loads(reply).get("type", "").rpartition(":")[2]
            self.failed[f"{path} status {status} {kind}"] += 1
            return None
        self.answered[path] += 1
        return json.loads(reply)

    async def _pay(self, payment: bytes) -> None:
        reply = await self._send("/score", payment)
        if reply is None:
            return
        asked = reply["signals"] if reply["rules_flag"] != "BLOCK" else ()
        signals = {signal["source"]: signal for signal in asked}
        mine = signals.get(self.model, {})
        self.decided.append(
            Decided(
                reply["decision_id"],
                time.monotonic(),
                mine.get("outcome"),
                (mine.get("model") or {}).get("version"),
                tuple(reply["degraded"]),
            )
        )

    async def _predict(self, row: Row) -> None:
        body = json.dumps({"model": self.model, "instances": [row]}).encode()
        reply = await self._send("/v1/predict", body)
        if reply is None:
            return
        model = ModelRef.model_validate(reply["model"])
        score = reply["predictions"][0]["score"]
        self.predictions.append(Prediction(time.monotonic(), model, score, row))


def golden_rows(artifact: Artifact) -> list[Row]:
    """The golden rows by name."""
    names = artifact.metadata.features
    return [dict(zip(names, row, strict=True)) for row in artifact.golden.rows]
