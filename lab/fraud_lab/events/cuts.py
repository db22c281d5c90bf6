"""Connections cut between publish and confirm, again and again, while events are written:
sometimes the broker never saw the messages, sometimes it has them and cannot say so."""

import asyncio
import random
import struct
import time
from collections.abc import Callable, Mapping
from contextlib import AsyncExitStack
from dataclasses import dataclass
from typing import Any

from fraud_lab.events import records
from fraud_lab.events.history import LinkHistory, gates
from fraud_lab.events.line import Line, decided
from fraud_ops.figures import Gate, gate
from fraud_shared.state.bus import Bus, EventHandler
from fraud_shared.state.outbox import Relay
from fraud_shared.state.rabbit import RabbitBus
from fraud_shared.testing.links import Link

# AMQP 0-9-1: a method frame holds class and method, each in two bytes.
_ACK = struct.pack("!HH", 60, 80)
_PUBLISH = struct.pack("!HH", 60, 40)
CONFIRM_TIMEOUT_S = 5.0
CONSUMER_CUT_EVERY = 20
DONE_WITHIN_S = 60.0
MakeBus = Callable[[str, str], Bus]


@dataclass
class Cutter:
    """Cuts each connection of a link at its first publish, or at the first confirm, by
    chance; every third one passes, so that there is progress."""

    chance: random.Random
    left: int
    cuts: int = 0
    after_the_broker_had_it: int = 0
    _next: str = ""

    def passes(self, data: bytes, back: bool) -> bool:
        """For `Link.passes`."""
        self._next = self._next or self._choose()
        mark = _ACK if back else _PUBLISH
        if self._next == "pass":
            if back and mark in data:
                self._next = ""
            return True
        if back != (self._next == "confirm") or mark not in data:
            return True
        self.after_the_broker_had_it += back
        self.cuts += 1
        self.left -= 1
        self._next = ""
        return False

    def _choose(self) -> str:
        if self.left <= 0:
            return "pass"
        return self.chance.choice(("publish", "confirm", "pass"))


@dataclass(frozen=True, slots=True)
class CutRun:
    """How a run with cuts went."""

    figures: Mapping[str, Any]
    history: Mapping[str, LinkHistory]
    profiles_off: int

    def gates(self) -> list[Gate]:
        """What must hold whatever was cut."""
        off = gate("profile rows off", self.profiles_off, 0, "at_most")
        return [*gates(self.history), off]


async def cut_between(
    target: Line,
    url: str,
    prefix: str,
    *,
    cuts: int,
    seed: int,
    make_bus: MakeBus = lambda url, prefix: RabbitBus(
        url, prefix=prefix, confirm_timeout_s=CONFIRM_TIMEOUT_S, reconnect_s=0.0
    ),
    handler: EventHandler | None = None,
    per_cut: int = 5,
    done_within_s: float = DONE_WITHIN_S,
) -> CutRun:
    """Write `per_cut` events for each of `cuts` cuts and deliver them all the same.

    `make_bus` and `handler` are those of the product, unless a bug is planted there.
    """
    begun, failures = time.monotonic(), 0
    cutter = Cutter(random.Random(seed), cuts)
    async with AsyncExitStack() as stack:
        producing = await stack.enter_async_context(Link(url).open())
        consuming = await stack.enter_async_context(Link(url).open())
        producing.passes = cutter.passes
        bus = make_bus(producing.url, prefix)
        stack.push_async_callback(bus.close)
        relay = target.relay(bus)
        consumer = target.consumer(consuming.url, prefix, handler=handler)
        await stack.enter_async_context(consumer.running())
        written = 0
        while cutter.left > 0 or written == 0:
            events = [decided(written + n, f"cut{seed}") for n in range(per_cut)]
            await target.write(events)
            written += per_cut
            failures += await _try_once(relay)
            if (written // per_cut) % CONSUMER_CUT_EVERY == 0:
                consuming.cut()
        while await records.unsent(target.databases.gateway):
            failures += await _try_once(relay)
        wanted = await records.expected(target.databases.gateway)
        await target.taken(wanted, done_within_s)
    figures = {
        "events": written,
        "cuts": cutter.cuts,
        "cuts_after_the_broker_had_it": cutter.after_the_broker_had_it,
        "batches_failed": failures,
        "connections": producing.connections,
        "seconds": round(time.monotonic() - begun, 1),
    }
    return await _judged(target, figures)


async def _judged(target: Line, figures: Mapping[str, Any]) -> CutRun:
    made = await target.made()
    both = target.databases
    history = {
        "outbox to inbox": await records.inbox_history(both),
        "inbox to training rows": await records.training_history(both.post_auth, made),
    }
    return CutRun(figures, history, await records.profiles_off(both.post_auth, made))


async def _try_once(relay: Relay) -> int:
    try:
        await relay.deliver()
    except Exception:
        await asyncio.sleep(0)
        return 1
    return 0
