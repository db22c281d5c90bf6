"""An emptied store, rebuilt, says what it would have said had it never been emptied."""

import uuid
from collections.abc import AsyncIterator, Callable, Sequence
from datetime import UTC, datetime, timedelta
from random import Random

import pytest

from fraud_features.store.memory.store import MemoryOnlineStore
from fraud_features.store.observation import LabelEffect, Observation, of_client
from fraud_features.store.open_store import open_online_store
from fraud_features.store.port import OnlineStore, OnlineStoreUnavailable
from fraud_features.testing.payments import START, random_rows, transaction_of
from fraud_orchestrator.rebuild import AlreadyComplete, rebuild
from fraud_orchestrator.stores.history import Decided, Outline
from fraud_shared.contracts.decision import PolicyContext, Reason, Verdict
from fraud_shared.contracts.transaction import Transaction
from fraud_shared.testing.factories import make_vector
from fraud_shared.testing.servers import redis_url

NO_WAIT = timedelta(0)
DAYS = 45
CLIENT = "shop"


class Decisions:
    """A decision log in memory; `meanwhile` runs before each page is read."""

    def __init__(self, decided: Sequence[Decided], *, page: int = 50) -> None:
        self.decided = list(decided)
        self.page = page
        self.meanwhile: Callable[[], AsyncIterator[None]] | None = None

    async def count(self) -> int:
        return len(self.decided)

    async def pages(
        self, since: datetime | None = None
    ) -> AsyncIterator[Sequence[Decided]]:
        given = [d for d in self.decided if not since or d.decision.decided_at >= since]
        for start in range(0, len(given), self.page):
            if self.meanwhile is not None and since is None:
                async for _ in self.meanwhile():
                    pass
            yield given[start : start + self.page]


class Labels:
    """Standing labels that are told to a store, two at a time."""

    def __init__(self, store: OnlineStore, effects: Sequence[LabelEffect] = ()) -> None:
        self.store = store
        self.effects = list(effects)
        self.marked: list[LabelEffect] = []

    async def again(self) -> int:
        self.marked = list(self.effects)
        return len(self.marked)

    async def round(self) -> int:
        batch, self.marked = self.marked[:2], self.marked[2:]
        for effect in batch:
            await self.store.apply_label(effect)
        return len(batch)

    async def waiting(self) -> int:
        return len(self.marked)


def decided(
    payment: Transaction, at: datetime, *, stand_in: bool = False, whole: bool = True
) -> Decided:
    """The record of a payment."""
    reason = Reason(code="STAND_IN", text="thin", source="policy", weight=0.0)
    return Decided(
        client=CLIENT,
        decision=Outline(
            decision_id=uuid.uuid4().hex,
            decision=Verdict.APPROVE,
            risk=0.01,
            reasons=(reason,) if stand_in else (),
            degraded=() if whole else ("VELOCITY_UNKNOWN",),
            decided_at=at,
        ),
        transaction=payment,
        features=make_vector(),
        context=PolicyContext(
            amount_ref_minor=700,
            velocity_known=True,
            history_payments=1,
            stand_in_count=0,
            stand_in_sum_minor=0,
        ),
    )


def history(count: int = 300) -> list[Transaction]:
    """Payments in order of arrival: ties and late ones, each once."""
    rows = {r["transaction_id"]: r for r in random_rows(count, entities=5, days=DAYS)}
    return [transaction_of(row) for row in rows.values()]


def labels_of(payments: Sequence[Transaction]) -> list[LabelEffect]:
    chance = Random(3)
    return [
        LabelEffect.of(
            payment.model_dump(mode="json"), "fraud", occurred_at=payment.occurred_at
        )
        for payment in payments
        if chance.random() < 0.2
    ]


def log_of(payments: Sequence[Transaction]) -> Decisions:
    began = datetime.now(UTC) - timedelta(hours=1)
    return Decisions(
        [decided(p, began + timedelta(milliseconds=i)) for i, p in enumerate(payments)]
    )


async def said(
    store: OnlineStore, payments: Sequence[Transaction]
) -> list[Observation]:
    """What the store says of a later payment by everybody, everywhere."""
    later = START + timedelta(days=DAYS, seconds=1)
    return [
        await store.peek(
            payment.model_copy(
                update={"transaction_id": f"probe-{n}", "occurred_at": later}
            )
        )
        for n, payment in enumerate(payments[-80:])
    ]


async def never_lost(
    payments: Sequence[Transaction], labels: Sequence[LabelEffect]
) -> list[Observation]:
    store = MemoryOnlineStore(warm=True)
    for payment in payments:
        await store.observe(payment)
    for label in labels:
        await store.apply_label(label)
    return await said(store, payments)


@pytest.fixture(params=["memory", "redis"])
async def store(request: pytest.FixtureRequest) -> AsyncIterator[OnlineStore]:
    url = "memory://" if request.param == "memory" else redis_url()
    found = open_online_store(url, prefix=uuid.uuid4().hex, timeout_ms=5000)
    yield found
    await found.reset()
    await found.close()


class TestRebuild:
    async def test_it_equals_the_store_that_was_never_lost(
        self, store: OnlineStore
    ) -> None:
        payments = history()
        labels = labels_of(payments)
        result = await rebuild(
            store, log_of(payments), Labels(store, labels), settle=NO_WAIT
        )
        assert (result.payments, result.labels) == (len(payments), len(labels))
        assert await store.is_warm()
        assert await said(store, payments) == await never_lost(payments, labels)

    async def test_what_was_left_in_the_store_does_not_count_twice(
        self, store: OnlineStore
    ) -> None:
        payments = history(60)
        for payment in payments[:30]:
            # Under another id, as if the store had forgotten that it saw them.
            other = {"transaction_id": f"old-{payment.transaction_id}"}
            await store.observe(payment.model_copy(update=other))
        await rebuild(store, log_of(payments), Labels(store), settle=NO_WAIT)
        assert await said(store, payments) == await never_lost(payments, [])

    async def test_beside_live_traffic_every_payment_counts_once(
        self, store: OnlineStore
    ) -> None:
        payments = history()
        before, live = payments[:200], iter(payments[200:])
        log = log_of(before)
        answers: list[Observation] = []

        async def traffic() -> AsyncIterator[None]:
            # Ten payments between two pages: half are on record at once, half later.
            for number, payment in enumerate(live):
                answers.append(await store.observe(of_client(payment, CLIENT)))
                log.decided.append(decided(payment, datetime.now(UTC)))
                yield
                if number % 25 == 24:
                    return

        log.meanwhile = traffic
        await rebuild(store, log, Labels(store), settle=timedelta(milliseconds=50))
        for payment in live:
            await store.observe(of_client(payment, CLIENT))
        assert answers
        assert not any(answer.known for answer in answers)
        assert await said(store, payments) == await never_lost(payments, [])

    async def test_a_payment_in_flight_when_the_store_was_emptied_is_found_in_the_log(
        self, store: OnlineStore
    ) -> None:
        payments = history(40)
        log = log_of(payments[:-1])
        await store.observe(of_client(payments[-1], CLIENT))

        async def commits() -> AsyncIterator[None]:
            log.decided.append(decided(payments[-1], datetime.now(UTC)))
            log.meanwhile = None
            yield

        log.meanwhile = commits
        result = await rebuild(
            store, log, Labels(store), settle=timedelta(milliseconds=50)
        )
        assert result.meanwhile == 1
        assert await said(store, payments) == await never_lost(payments, [])

    async def test_stand_in_approvals_since_the_last_full_verdict_come_back(
        self, store: OnlineStore
    ) -> None:
        payment = history(1)[0]
        began = datetime.now(UTC) - timedelta(hours=1)
        verdicts = [
            {"stand_in": True, "whole": False},
            {"whole": True},
            {"stand_in": True, "whole": False},
            {"whole": False},
            {"stand_in": True, "whole": False},
        ]
        log = Decisions(
            [
                decided(
                    payment.model_copy(update={"transaction_id": f"t{n}"}),
                    began + timedelta(seconds=n),
                    **verdict,
                )
                for n, verdict in enumerate(verdicts)
            ]
        )
        await rebuild(store, log, Labels(store), settle=NO_WAIT)
        [seen] = await said(store, [payment])
        assert (seen.stand_in_count, seen.stand_in_sum_minor) == (2, 1400)


class TestRefusal:
    async def test_a_complete_store_is_left_alone(self, store: OnlineStore) -> None:
        payments = history(20)
        await store.mark_warm()
        await store.observe(payments[0])
        with pytest.raises(AlreadyComplete):
            await rebuild(store, log_of(payments), Labels(store), settle=NO_WAIT)
        assert (await store.observe(payments[0])).repeat

    async def test_unless_it_is_requested(self, store: OnlineStore) -> None:
        payments = history(20)
        await store.mark_warm()
        log = log_of(payments)
        await rebuild(store, log, Labels(store), again=True, settle=NO_WAIT)
        assert await said(store, payments) == await never_lost(payments, [])

    async def test_one_that_breaks_off_leaves_velocity_unknown(self) -> None:
        store = MemoryOnlineStore(warm=True)
        payments = history(120)
        log = log_of(payments)

        async def away() -> AsyncIterator[None]:
            if not await log.count():
                yield
            raise OnlineStoreUnavailable

        log.meanwhile = away
        with pytest.raises(OnlineStoreUnavailable):
            await rebuild(store, log, Labels(store), again=True, settle=NO_WAIT)
        assert not await store.is_warm()
