"""Poison among good events: it is parked with reason, bytes and trace, and costs the others
little."""

import random
import time
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import sqlalchemy as sa

from fraud_lab.events.line import TRACE, Line, decided, publish
from fraud_ops.figures import Gate, gate
from fraud_post_auth import tables
from fraud_shared.contracts.events import DECISION_MADE
from fraud_shared.state.bus import Envelope, envelope

TAKEN_WITHIN_S = 180.0
LEAST_THROUGHPUT = 0.9


@dataclass(frozen=True, slots=True)
class PoisonRun:
    """What became of the poison, and events per second with and without it."""

    good: int
    poison: int
    figures: dict[str, Any]

    def gates(self) -> list[Gate]:
        """All poison parked as it came, no good event lost or parked, hardly slower."""
        found = self.figures
        return [
            gate("poison parked", found["parked"], self.poison, "at_least"),
            gate("poison parked as it came", found["whole"], self.poison, "at_least"),
            gate("good events lost", self.good - found["applied"], 0, "at_most"),
            gate("good events parked", found["good_parked"], 0, "at_most"),
            gate(
                "throughput with poison over without",
                found["ratio"],
                LEAST_THROUGHPUT,
                "at_least",
            ),
        ]


def poison(count: int) -> list[Envelope]:
    """Messages that cannot be used, of every kind in turn, each with its trace."""
    made = []
    for number in range(count):
        event = decided(number, "poison")
        whole = envelope(event)
        later = DECISION_MADE.removesuffix("1") + "9"
        without = event.model_copy(update={"data": {"nothing": number}})
        kinds = (
            Envelope(event.id, whole.type, whole.body[: 40 + number], TRACE),
            Envelope(event.id, whole.type, b'{"specversion":"0.%d"}' % number, TRACE),
            Envelope(event.id, whole.type, b"\xff\x00%d" % number, TRACE),
            envelope(without),
            envelope(event.model_copy(update={"type": later})),
        )
        made.append(kinds[number % len(kinds)])
    return made


async def poisoned(
    line: Line, url: str, prefix: str, *, good: int, poison_count: int, seed: int
) -> PoisonRun:
    """Take in `good` events alone, with poison among them, and both again."""
    bad = poison(poison_count)
    rates: dict[bool, list[float]] = {False: [], True: []}
    found: dict[str, Any] = {}
    for number, with_poison in enumerate((False, True, True, False)):
        await line.empty()
        events = [envelope(decided(n, f"round{number}")) for n in range(good)]
        mixed = [*events, *bad] if with_poison else events
        random.Random(seed + number).shuffle(mixed)
        rates[with_poison].append(await _round(line, url, prefix, mixed, good))
        if with_poison:
            found = await _parked(line, bad)
    without, with_some = (sum(rates[key]) / len(rates[key]) for key in (False, True))
    figures = {
        **found,
        "per_second": {
            "without": [round(rate) for rate in rates[False]],
            "with": [round(rate) for rate in rates[True]],
        },
        "ratio": round(with_some / without, 3),
    }
    return PoisonRun(good, poison_count, figures)


async def _round(
    line: Line, url: str, prefix: str, mixed: Sequence[Envelope], good: int
) -> float:
    """Everything is in the queue before the first is taken; events per second."""
    await publish(url, prefix, mixed)
    poison_count = len(mixed) - good
    begun = time.monotonic()
    async with line.consumer(url, prefix).running():
        await line.taken(good, TAKEN_WITHIN_S)
        took_s = time.monotonic() - begun
        while await _count(line, tables.parked) < poison_count:
            if time.monotonic() - begun > TAKEN_WITHIN_S:
                break
    return good / took_s


async def _parked(line: Line, bad: Sequence[Envelope]) -> dict[str, Any]:
    table = tables.parked
    async with line.databases.post_auth.read(patient=True) as conn:
        rows = (await conn.execute(sa.select(table))).all()
    kept = {bytes(row.body): row for row in rows}
    reasons: dict[str, int] = {}
    for row in rows:
        reasons[row.reason] = reasons.get(row.reason, 0) + 1
    found = [kept[one.body] for one in bad if one.body in kept]
    whole = [row for row in found if row.reason and row.traceparent == TRACE]
    return {
        "parked": len(rows),
        "whole": len(whole),
        "reasons": reasons,
        "good_parked": len(rows) - len({one.body for one in bad} & kept.keys()),
        "applied": await _count(line, tables.training_rows),
    }


async def _count(line: Line, table: sa.Table) -> int:
    async with line.databases.post_auth.read(patient=True) as conn:
        return int(
            await conn.scalar(sa.select(sa.func.count()).select_from(table)) or 0
        )
