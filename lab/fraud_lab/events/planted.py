"""Bugs that the history check must find, planted where they are usually made."""

import asyncio
from collections.abc import Sequence
from contextlib import suppress

from fraud_lab.events.cuts import CutRun, cut_between
from fraud_lab.events.line import Line
from fraud_post_auth import profiles
from fraud_post_auth.decode import DecisionFact, fact
from fraud_post_auth.profile import change, payment
from fraud_shared.contracts.events import CloudEvent
from fraud_shared.state.bus import Envelope
from fraud_shared.state.rabbit import RabbitBus

KILLED_EVERY = 3


class HastyBus(RabbitBus):
    """Returns before the broker has confirmed: the relay marks what may be lost."""

    def __init__(self, url: str, prefix: str) -> None:
        super().__init__(url, prefix=prefix, confirm_timeout_s=2.0, reconnect_s=0.0)
        self._turn = asyncio.Lock()
        self._under_way: set[asyncio.Task[None]] = set()

    async def publish(self, events: Sequence[Envelope]) -> None:
        """Publish later."""
        task = asyncio.create_task(self._later(events))
        self._under_way.add(task)
        task.add_done_callback(self._under_way.discard)

    async def _later(self, events: Sequence[Envelope]) -> None:
        async with self._turn:
            with suppress(Exception):
                await super().publish(events)

    async def close(self) -> None:
        """Close once what is under way has ended, unless that is what closes."""
        if asyncio.current_task() not in self._under_way:
            await asyncio.gather(*self._under_way, return_exceptions=True)
        await super().close()


class HastyHandler:
    """Acknowledged before it is committed, by a consumer that is killed in between now and
    then."""

    def __init__(self, line: Line) -> None:
        self._line = line
        self._calls = 0

    async def __call__(self, events: Sequence[CloudEvent]) -> None:
        self._calls += 1
        if self._calls % KILLED_EVERY:
            await self._line.service.handle(events)


class ForgetfulHandler:
    """Applies events outside the transaction of their inbox rows: each delivery counts."""

    def __init__(self, line: Line) -> None:
        self._line = line

    async def __call__(self, events: Sequence[CloudEvent]) -> None:
        await self._line.service.handle(events)
        facts = [fact(event) for event in events]
        again = [payment(one.made) for one in facts if isinstance(one, DecisionFact)]
        db = self._line.service.db
        async with db.begin() as conn:
            await profiles.add(db, conn, change(again))


async def sound(line: Line, url: str, prefix: str, cuts: int) -> CutRun:
    """The product as it is."""
    return await cut_between(line, url, prefix, cuts=cuts, seed=1)


async def sent_before_confirmed(line: Line, url: str, prefix: str, cuts: int) -> CutRun:
    """The relay marks what the broker has not confirmed."""
    return await cut_between(
        line, url, prefix, cuts=cuts, seed=2, make_bus=HastyBus, done_within_s=1.0
    )


async def acknowledged_before_committed(
    line: Line, url: str, prefix: str, cuts: int
) -> CutRun:
    """The consumer acknowledges what it has not stored."""
    hasty = HastyHandler(line)
    return await cut_between(
        line, url, prefix, cuts=cuts, seed=3, handler=hasty, done_within_s=1.0
    )


async def applied_again(line: Line, url: str, prefix: str, cuts: int) -> CutRun:
    """The consumer applies a redelivery."""
    forgetful = ForgetfulHandler(line)
    return await cut_between(line, url, prefix, cuts=cuts, seed=4, handler=forgetful)


BUGS = {
    "marked sent before confirm": sent_before_confirmed,
    "acknowledged before commit": acknowledged_before_committed,
    "a redelivery applied again": applied_again,
}
