"""The online store away, slow or emptied: velocity is unknown, and nothing is lost."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from typing import Any

from fraud_features.memory import MemoryOnlineStore
from fraud_features.online import Observation, OnlineStoreUnavailable
from fraud_orchestrator.online import Online
from fraud_shared.contracts.transaction import Transaction
from fraud_shared.mesh.deadline import Deadline
from fraud_shared.testing.factories import make_transaction, payment_body


class Moody(MemoryOnlineStore):
    """A store that is away or slow while a test says so."""

    def __init__(self) -> None:
        super().__init__(warm=True)
        self.away = False
        self.slow: asyncio.Event | None = None

    async def observe(self, payment: Transaction) -> Observation:
        if self.away:
            raise OnlineStoreUnavailable
        observation = await super().observe(payment)
        if self.slow is not None:
            await self.slow.wait()
        return observation


async def eventually(ask: Callable[[], Awaitable[bool]]) -> None:
    async with asyncio.timeout(10):
        while not await ask():
            await asyncio.sleep(0.01)


async def count(store: MemoryOnlineStore) -> int | None:
    """The payments that the store knows of the account."""
    return (await store.peek(make_transaction())).history_payments


class TestWithoutTheStore:
    async def test_away_is_unknown_and_told_when_it_is_back(self, start: Any) -> None:
        store = Moody()
        async with start(online=store) as run:
            await run.score(payment_body())
            store.away = True
            for _ in range(3):
                assert (await run.score(payment_body())).status_code == 200
            store.away = False

            async def whole() -> bool:
                return await count(store) == 4

            await eventually(whole)
            await run.score(payment_body())
        known = [asked.velocity_known for asked in run.neighbours.asked]
        assert known == [True, False, False, False, True]
        assert run.neighbours.asked[-1].history_payments == 4

    async def test_slow_is_unknown_and_counts_once(self, start: Any) -> None:
        store = Moody()
        async with start(online=store, online_cap_ms=20.0) as run:
            store.slow = asyncio.Event()
            await run.score(payment_body())
            store.slow = None
            await run.score(payment_body())
            [slow, fine] = run.neighbours.asked
        assert (slow.velocity_known, fine.velocity_known) == (False, True)
        # It was taken in although the answer came too late.
        assert fine.history_payments == 1
        assert await count(store) == 2

    async def test_emptied_is_unknown_although_it_answers(self, start: Any) -> None:
        store = Moody()
        async with start(online=store) as run:
            await run.score(payment_body())
            await store.reset()
            await run.score(payment_body())
        known = [asked.velocity_known for asked in run.neighbours.asked]
        assert known == [True, False]
        assert run.neighbours.asked[-1].history_payments is None
        assert run.neighbours.asked[-1].stand_in_count is None


class TestWhatItMissed:
    async def test_is_bounded_and_keeps_the_newest(self) -> None:
        store = Moody()
        online = Online(store, cap_ms=100.0, missed_cap=2)
        async with away(store):
            for number in range(3):
                payment = make_transaction(transaction_id=f"tx-{number}")
                assert await online.read(payment, Deadline.after(100)) is None
            await online.catch_up()
            assert online.missed == 2
        await online.catch_up()
        assert online.missed == 0
        again = await store.observe(make_transaction(transaction_id="tx-0"))
        assert (again.repeat, again.history_payments) == (False, 2)


@asynccontextmanager
async def away(store: Moody) -> AsyncIterator[None]:
    store.away = True
    yield
    store.away = False
