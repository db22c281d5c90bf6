"""The online store away, slow or emptied: velocity is unknown, and nothing is lost."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import asynccontextmanager
from typing import Any

import pytest

from fraud_features.store.memory.store import MemoryOnlineStore
from fraud_features.store.port import (
    Observation,
    OnlineStoreRefusal,
    OnlineStoreUnavailable,
)
from fraud_orchestrator.stages.online import Online
from fraud_orchestrator.telemetry import ONLINE_CUT
from fraud_shared.contracts.transaction import Transaction
from fraud_shared.mesh.deadline import Deadline
from fraud_shared.testing.factories import make_transaction, payment_body


class Moody(MemoryOnlineStore):
    """A store that is away or slow while a test says so."""

    def __init__(self) -> None:
        super().__init__(warm=True)
        self.away = False
        self.slow: asyncio.Event | None = None
        self.refused = ""

    async def observe(self, payment: Transaction) -> Observation:
        if self.away:
            raise OnlineStoreUnavailable
        if payment.transaction_id == self.refused:
            raise OnlineStoreRefusal
        observation = await super().observe(payment)
        if self.slow is not None:
            await self.slow.wait()
        return observation


async def eventually(ask: Callable[[], Awaitable[bool]]) -> None:
    async with asyncio.timeout(10):
        while not await ask():
            await asyncio.sleep(0.01)


def strange() -> Transaction:
    """A payment that shares nothing with the usual one."""
    return make_transaction(
        account_id="acc-9",
        card={"token": "card-9"},
        merchant={"merchant_id": "mer-9", "terminal_id": "ter-9"},
        device={"device_id": "dev-9", "ip": "203.0.113.9"},
    )


async def count(store: MemoryOnlineStore) -> int | None:
    """The payments that the store knows of the account."""
    return (await store.peek(make_transaction())).history_payments


class TestCap:
    async def test_a_cap_that_bites_is_counted_by_entity(self) -> None:
        store = MemoryOnlineStore(warm=True, log_cap=3)
        online = Online(store, cap_ms=100.0, missed_log=Kept())

        def cut(entity: str) -> float:
            return ONLINE_CUT.labels(entity)._value.get()

        before, receivers = cut("merchant"), cut("counterparty")
        for number in range(5):
            other = {"account_id": f"acc-{number}", "card": {"token": f"c-{number}"}}
            await online.read(make_transaction(**other), Deadline.after(100))
        assert cut("merchant") - before == 2
        assert cut("account") == 0
        # None of these payments has a receiver, so none of its windows was cut.
        assert cut("counterparty") == receivers


class TestWithoutTheStore:
    async def test_away_is_unknown_and_replayed_when_it_is_back(
        self, start: Any
    ) -> None:
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

    async def test_away_for_an_account_seen_before_is_a_lower_bound(
        self, start: Any
    ) -> None:
        store = Moody()
        async with start(online=store) as run:
            for _ in range(6):
                await run.score(payment_body())
            store.away = True

            async def bounded() -> bool:
                await run.score(payment_body())
                return bool(run.neighbours.asked[-1].velocity_lower_bound)

            await eventually(bounded)
            history = run.neighbours.asked[-1].history_payments
            await run.score(payment_body(account_id="stranger"))
        stranger = run.neighbours.asked[-1]
        assert history is not None
        assert history >= 6
        assert (stranger.velocity_known, stranger.velocity_lower_bound) == (False,) * 2

    async def test_away_leaves_blocks_in_force(self, start: Any) -> None:
        store = Moody()
        async with start(online=store) as run:
            run.neighbours.blocked = {"dev-1"}
            store.away = True
            blocked = await run.score(payment_body())
            del run.transport.responders["action"]
            nobody_knows = await run.score(payment_body())
        flags = [reply.json()["rules_flag"] for reply in (blocked, nobody_knows)]
        assert flags == ["BLOCK", "ALLOW"]

    async def test_slow_is_unknown_and_counts_once(self, start: Any) -> None:
        store = Moody()
        async with start(online=store, online_cap_ms=20.0) as run:
            store.slow = asyncio.Event()
            await run.score(payment_body())
            store.slow = None
            await run.score(payment_body())
            [slow, fine] = run.neighbours.asked
        # The second told the store of the first, which it had taken in meanwhile.
        assert (slow.velocity_known, fine.velocity_known) == (False, True)
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

    async def test_a_restart_replays_what_the_last_run_could_not(
        self, start: Any
    ) -> None:
        store = Moody()
        async with start(online=store) as run:
            store.away = True
            for _ in range(3):
                await run.score(payment_body())
        store.away = False
        async with start(online=store) as again:
            await again.score(payment_body())
        assert again.neighbours.asked[-1].history_payments == 3

        async def forgotten() -> bool:
            async with start(online=Moody()) as fresh:
                await fresh.score(payment_body())
            return fresh.neighbours.asked[-1].history_payments == 0

        # Another store is told nothing: the rows are gone.
        await eventually(forgotten)


class Kept:
    """The log of missed payments, in memory."""

    def __init__(self) -> None:
        self.replayed: list[str] = []
        self.away = False

    async def load(self, most: int) -> list[Transaction]:
        return []

    async def forget(self, ids: Sequence[str]) -> None:
        if self.away:
            raise ConnectionError
        self.replayed += ids


class TestWhatItMissed:
    async def test_is_replayed_before_a_payment_that_shares_something_with_it(
        self,
    ) -> None:
        store = Moody()
        online = Online(store, cap_ms=100.0, missed_log=Kept())
        async with away(store):
            await online.read(make_transaction(), Deadline.after(100))
        observation = await online.read(make_transaction(), Deadline.after(100))
        assert observation is not None
        assert (observation.known, observation.history_payments) == (True, 1)
        assert online.missed == 0

    async def test_too_much_of_it_leaves_a_payment_unknown(self) -> None:
        store = Moody()
        online = Online(store, cap_ms=100.0, missed_log=Kept())
        async with away(store):
            for _ in range(20):
                await online.read(make_transaction(), Deadline.after(100))
        first = await online.read(make_transaction(), Deadline.after(100))
        stranger = await online.read(strange(), Deadline.after(100))
        assert first is not None
        assert stranger is not None
        assert (first.known, stranger.known) == (False, True)
        assert online.back.is_set()
        await online.catch_up()
        whole = await online.read(make_transaction(), Deadline.after(100))
        assert whole is not None
        assert whole.history_payments == 21

    async def test_one_that_the_store_cannot_take_holds_nobody_up(self) -> None:
        log = Kept()
        store = Moody()
        online = Online(store, cap_ms=100.0, missed_log=log)
        bad, good = strange(), make_transaction()
        async with away(store):
            for payment in (bad, good):
                await online.read(payment, Deadline.after(100))
        store.refused = bad.transaction_id
        await online.catch_up()
        assert online.missed == 0
        assert await count(store) == 1
        assert log.replayed == [bad.transaction_id, good.transaction_id]

    async def test_one_replayed_while_it_is_being_recorded_is_forgotten_afterwards(
        self,
    ) -> None:
        log, store = Kept(), Moody()
        online = Online(store, cap_ms=100.0, missed_log=log)
        payment = make_transaction()
        async with away(store):
            await online.read(payment, Deadline.after(100))
        await online.catch_up()
        online.recorded(payment.transaction_id)
        await online.catch_up()
        assert log.replayed == [payment.transaction_id] * 2

    async def test_what_could_not_be_forgotten_is_tried_again(self) -> None:
        log, store = Kept(), Moody()
        online = Online(store, cap_ms=100.0, missed_log=log)
        async with away(store):
            await online.read(make_transaction(), Deadline.after(100))
        log.away = True
        with pytest.raises(ConnectionError):
            await online.catch_up()
        log.away = False
        await online.catch_up()
        assert len(log.replayed) == 1

    async def test_is_bounded_and_keeps_the_newest(self) -> None:
        store = Moody()
        online = Online(store, cap_ms=100.0, missed_log=Kept(), missed_cap=2)
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
