"""What the gateway itself knows of recent payments while the online store is silent."""

import asyncio
from datetime import UTC, datetime, timedelta

from hypothesis import given, settings
from hypothesis import strategies as st

from fraud_features.store.memory.store import MemoryOnlineStore
from fraud_features.store.observation import Observation
from fraud_features.store.schema import LOGS, SLOT
from fraud_orchestrator.recent import RecentPayments
from fraud_shared.contracts.transaction import Transaction
from fraud_shared.testing.factories import make_transaction

START = datetime(2026, 3, 2, 12, tzinfo=UTC)
COUNTED = tuple(
    SLOT[f"{log.name}_{what}_{window}"]
    for log in LOGS
    for window in log.windows
    for what in ("n", "total")
)


def payment(number: int, account: str, after_s: int, amount: int) -> Transaction:
    return make_transaction(
        transaction_id=f"t{number}",
        account_id=account,
        occurred_at=START + timedelta(seconds=after_s),
        amount_minor=amount,
    )


async def bound(recent: RecentPayments, of: Transaction) -> Observation | None:
    """The lower bound, once what is known has been read into an engine."""
    found = recent.lower_bound(of)
    if found is None and recent._building is not None:
        await recent._building
        found = recent.lower_bound(of)
    return found


MADE = st.tuples(
    st.sampled_from("ab"), st.integers(0, 40 * 86_400), st.integers(1, 10**6)
)


@given(made=st.lists(MADE, min_size=2, max_size=25), answered=st.integers(1, 24))
@settings(max_examples=80, deadline=None)
def test_lower_bound_of_any_history_is_no_less_than_what_the_process_saw(
    made: list[tuple[str, int, int]], answered: int
) -> None:
    async def run() -> None:
        truth = MemoryOnlineStore(warm=True)
        recent = RecentPayments()
        payments = [
            payment(number, account, after, amount)
            for number, (account, after, amount) in enumerate(
                sorted(made, key=lambda m: m[1])
            )
        ]
        for number, paid in enumerate(payments):
            said = await truth.observe(paid)
            if number < answered:
                recent.answered(paid, said)
                continue
            found = await bound(recent, paid)
            if found is None:
                continue
            assert found.lower_bound
            assert not found.known
            for at in COUNTED:
                assert (found.raw[at] or 0) >= (said.raw[at] or 0)
            assert (found.history_payments or 0) >= (said.history_payments or 0)

    asyncio.run(run())


async def test_lower_bound_of_an_account_never_answered_for_is_unknown() -> None:
    recent, store = RecentPayments(), MemoryOnlineStore(warm=True)
    known = payment(0, "a", 0, 100)
    recent.answered(known, await store.observe(known))
    assert await bound(recent, payment(1, "stranger", 1, 100)) is None
    assert await bound(recent, payment(2, "a", 2, 100)) is not None


async def test_lower_bound_of_a_repeat_counts_it_once() -> None:
    recent, store = RecentPayments(), MemoryOnlineStore(warm=True)
    known = payment(0, "a", 0, 100)
    recent.answered(known, await store.observe(known))
    await bound(recent, payment(1, "a", 1, 100))
    for _ in range(3):
        await bound(recent, payment(2, "a", 2, 100))
    last = await bound(recent, payment(3, "a", 3, 100))
    assert last is not None
    # Three earlier ones and its own, however often each was sent.
    assert last.raw[SLOT["account_n_24h"]] in (3, 4)


async def test_memory_is_bounded_by_payments_and_entities() -> None:
    recent = RecentPayments(payments_cap=50, entities_cap=20)
    store = MemoryOnlineStore(warm=True)
    for number in range(200):
        paid = payment(number, f"a{number}", number, 100)
        recent.answered(paid, await store.observe(paid))
    assert len(recent._payments) == len(recent._ids) == 50
    assert len(recent._answers) == 20


async def test_engine_is_given_up_when_the_store_has_answered_for_long() -> None:
    now = [0.0]
    recent = RecentPayments(monotonic=lambda: now[0])
    store = MemoryOnlineStore(warm=True)
    known = payment(0, "a", 0, 100)
    recent.answered(known, await store.observe(known))
    assert await bound(recent, payment(1, "a", 1, 100)) is not None
    assert recent._engine is not None
    now[0] = 61.0
    later = payment(2, "a", 2, 100)
    recent.answered(later, await store.observe(later))
    assert recent._engine is None
