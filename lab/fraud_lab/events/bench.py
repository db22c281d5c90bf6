"""`fraud bench events`: the whole way of an event against the broker's client alone, and
what the outbox adds to a payment."""

import asyncio
import statistics
import time
from collections.abc import Sequence
from typing import Any

from fraud_lab.events import records
from fraud_lab.events.bare import bare
from fraud_lab.events.chaos import PREFIX, Asked, quiet
from fraud_lab.events.line import Line, decided
from fraud_ops.figures import gate, wide_console
from fraud_ops.running import CommandError
from fraud_orchestrator import tables
from fraud_orchestrator.stores.decisions import (
    DecisionEntry,
    DecisionStore,
    IdempotencyKey,
)
from fraud_shared.contracts.decision import DecisionMade
from fraud_shared.contracts.events import CloudEvent
from fraud_shared.mesh.deadline import Deadline
from fraud_shared.mesh.trace import Trace
from fraud_shared.state.bus import envelope
from fraud_shared.state.outbox import Outbox
from fraud_shared.state.rabbit import RabbitBus
from fraud_shared.state.rabbit_consumer import PREFETCH

ROUNDS = 3
COMMIT_ROUNDS = 10
COMMITS = 50
UNHURRIED_MS = 5000.0
TAKEN_WITHIN_S = 120.0
LEAST_RATIO = 0.5
MOST_ADDED_MS = 0.3
SWEEP = (50, 100, 200, 400)
console = wide_console()


def bench_events_command(
    events: int, rounds: int, *, sweep: bool, asked: Asked
) -> None:
    """Measure both, alternating, and judge; with `sweep` only compare prefetch counts."""
    quiet()
    if sweep:
        found = asyncio.run(_sweep(events, asked))
        console.print(found)
        asked.finish("bench events --sweep", {"per_second": found}, [], events, None)
        return
    figures = asyncio.run(_measure(events, rounds, asked))
    console.print(figures)
    judged = [
        gate("throughput over bare", figures["ratio"], LEAST_RATIO, "at_least"),
        gate("outbox adds, ms p50", figures["added_ms_p50"], MOST_ADDED_MS, "at_most"),
    ]
    asked.finish("bench events", figures, judged, events * rounds, None)


async def _measure(events: int, rounds: int, asked: Asked) -> dict[str, Any]:
    ours, theirs = [], []
    async with asked.line() as (target, url):
        for number in range(rounds):
            made = [decided(n, f"bench{number}") for n in range(events)]
            sent = [envelope(event) for event in made]
            theirs.append(events / await bare(url, sent, PREFETCH))
            await target.empty()
            ours.append(events / await through(target, url, made))
        await target.empty()
        with_outbox, without = await _commits(target)
    ratio = statistics.median(a / b for a, b in zip(ours, theirs, strict=True))
    return {
        "ours_per_second": [round(rate) for rate in ours],
        "bare_per_second": [round(rate) for rate in theirs],
        "bytes_per_event": len(sent[0].body),
        "ratio": round(ratio, 3),
        "commit_ms_p50": {"with": with_outbox, "without": without},
        "added_ms_p50": round(with_outbox - without, 3),
    }


async def through(
    target: Line, url: str, made: Sequence[CloudEvent], prefetch: int = PREFETCH
) -> float:
    """Seconds from the first row in the outbox until post_auth has stored every event."""
    left, stored = len(made), asyncio.Event()

    async def handle(events: Sequence[CloudEvent]) -> None:
        nonlocal left
        await target.service.handle(events)
        left -= len(events)
        if left <= 0:
            stored.set()

    bus = RabbitBus(url, prefix=PREFIX)
    consumer = target.consumer(url, PREFIX, prefetch=prefetch, handler=handle)
    async with consumer.running():
        begun = time.perf_counter()
        async with target.relay(bus).running():
            await target.write(made)
            await asyncio.wait_for(stored.wait(), TAKEN_WITHIN_S)
            took_s = time.perf_counter() - begun
    if await records.received(target.databases.post_auth) < len(made):
        raise NotStored("not every event was stored")
    return took_s


class NotStored(CommandError):
    """Fewer events are on record than were sent."""


class _NoOutbox(Outbox):
    """Writes nothing: the same commit without its events."""

    def insert(self, conn: Any, envelopes: Sequence[Any]) -> None:
        """Nothing."""


async def _commits(target: Line) -> tuple[float, float]:
    """The median commit of a decision with and without its event, in milliseconds, in
    alternating rounds of one after the other."""
    db = target.databases.gateway
    whole, bare_store = DecisionStore(db), DecisionStore(db)
    bare_store.outbox = _NoOutbox(db, tables.outbox)
    took: dict[bool, list[float]] = {True: [], False: []}
    for number in range(COMMIT_ROUNDS):
        for outbox in (True, False) if number % 2 else (False, True):
            store = whole if outbox else bare_store
            for n in range(COMMITS):
                entry = _entry(f"{number}-{outbox}-{n}")
                begun = time.perf_counter()
                await store.commit(entry, Deadline.after(UNHURRIED_MS))
                took[outbox].append((time.perf_counter() - begun) * 1000)
    return (
        round(statistics.median(took[True]), 3),
        round(statistics.median(took[False]), 3),
    )


def _entry(name: str) -> DecisionEntry:
    made = DecisionMade.model_validate(decided(0, name).data, strict=False)
    transaction_id = made.transaction.transaction_id
    key = IdempotencyKey(made.client, None, transaction_id, "0" * 64)
    return DecisionEntry(key, made, b"{}", Trace.start(0.0))


async def _sweep(events: int, asked: Asked) -> dict[int, int]:
    rates = {}
    async with asked.line() as (target, url):
        for number, prefetch in enumerate(SWEEP):
            await target.empty()
            made = [decided(n, f"sweep{number}") for n in range(events)]
            took_s = await through(target, url, made, prefetch)
            rates[prefetch] = round(events / took_s)
    return rates
