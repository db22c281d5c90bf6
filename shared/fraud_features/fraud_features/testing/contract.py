"""The contract tests of the online store: subclass once per executor.

The subclass gives a fixture `store`: fresh and cold, with no other test's state.
"""

from datetime import UTC, datetime, timedelta

from fraud_features.definitions.registry import PAYMENT_FEATURES
from fraud_features.store.observation import LabelEffect, Observation
from fraud_features.store.port import OnlineStore
from fraud_features.store.schema import SLOTS
from fraud_features.testing.oracle import Oracle
from fraud_features.testing.payments import payment, random_rows, transaction_of
from fraud_shared.contracts.transaction import Transaction

MINUTE, HOUR, DAY = 60.0, 3600.0, 86_400.0


def named(
    payment: Transaction, observation: Observation | None
) -> dict[str, float | None]:
    """The feature values by name."""
    return PAYMENT_FEATURES.named(PAYMENT_FEATURES.vector(payment, observation))


async def features(store: OnlineStore, payment: Transaction) -> dict[str, float | None]:
    """Observe, then the feature values by name."""
    return named(payment, await store.observe(payment))


def label(transaction: Transaction, *, reversal: bool = False) -> LabelEffect:
    """A fraud label, or its reversal, for a payment at a terminal."""
    merchant = transaction.merchant
    return LabelEffect(
        transaction_id=transaction.transaction_id,
        label="fraud",
        reversal=reversal,
        occurred_at=transaction.occurred_at,
        terminal_id=merchant.terminal_id if merchant else None,
        merchant_id=merchant.merchant_id if merchant else None,
    )


class OnlineStoreContract:
    """Every executor of the port passes these."""

    async def test_a_window_is_open_at_its_beginning_and_closed_at_its_end(
        self, store: OnlineStore
    ) -> None:
        await store.mark_warm()
        await store.observe(payment(0))
        inside = await features(store, payment(5 * MINUTE - 0.000001))
        outside = await features(store, payment(5 * MINUTE))
        assert inside["account_count_5m"] == 2
        assert outside["account_count_5m"] == 2
        assert outside["account_count_1h"] == 3

    async def test_payments_at_the_same_instant_count_in_order_of_arrival(
        self, store: OnlineStore
    ) -> None:
        await store.mark_warm()
        first = await features(store, payment(0, transaction_id="a", amount_minor=100))
        second = await features(store, payment(0, transaction_id="b", amount_minor=200))
        assert (first["account_count_1h"], first["account_sum_1h"]) == (1, 100)
        assert (second["account_count_1h"], second["account_sum_1h"]) == (2, 300)

    async def test_the_largest_of_one_instant_is_the_maximum(
        self, store: OnlineStore
    ) -> None:
        await store.mark_warm()
        for name, amount in (("a", 100), ("b", 900), ("c", 200)):
            last = payment(0, transaction_id=name, amount_minor=amount)
            values = await features(store, last)
        assert values["account_max_30d"] == 900

    async def test_a_peek_says_what_an_observation_would_and_moves_nothing(
        self, store: OnlineStore
    ) -> None:
        await store.mark_warm()
        await store.observe(payment(0, amount_minor=100))
        coming = payment(60, amount_minor=250, transaction_id="coming")
        peeked = [await store.peek(coming) for _ in range(3)]
        late = await store.peek(payment(-60, transaction_id="late"))
        observed = await store.observe(coming)
        assert peeked == [observed] * 3
        assert late.history_payments == 1
        assert await store.peek(coming) == observed
        assert (await store.observe(payment(61))).history_payments == 2

    async def test_a_repeat_moves_nothing_and_returns_the_first_observation(
        self, store: OnlineStore
    ) -> None:
        await store.mark_warm()
        first = await store.observe(payment(0))
        await store.observe(payment(1))
        again = await store.observe(payment(0))
        assert (again, again.repeat, first.repeat) == (first, True, False)
        assert (await store.observe(payment(2))).history_payments == 2

    async def test_a_late_payment_is_counted_in_its_place(
        self, store: OnlineStore
    ) -> None:
        await store.mark_warm()
        await store.observe(payment(0, transaction_id="a"))
        await store.observe(payment(2 * HOUR, transaction_id="b"))
        late = await features(store, payment(HOUR / 2, transaction_id="c"))
        after = await features(store, payment(2 * HOUR, transaction_id="d"))
        assert late["account_count_24h"] == 2
        assert after["account_count_24h"] == 4
        assert late["account_distinct_merchants_24h"] is None
        assert late["seconds_since_last_payment"] is None
        assert after["seconds_since_last_payment"] == 0

    async def test_a_payment_older_than_what_is_kept_reads_as_unknown(
        self, store: OnlineStore
    ) -> None:
        await store.mark_warm()
        await store.observe(payment(60 * DAY))
        ancient = await features(store, payment(0))
        after = await features(store, payment(60 * DAY + 1))
        assert ancient["account_count_5m"] is None
        assert after["account_count_30d"] == 2

    async def test_a_cold_store_is_unknown_and_not_zero(
        self, store: OnlineStore
    ) -> None:
        cold = await store.observe(payment(0))
        values = named(payment(0), cold)
        assert not await store.is_warm()
        assert (cold.known, cold.history_payments, cold.stand_in_count) == (
            False,
            None,
            None,
        )
        assert values["account_count_1h"] is None
        assert values["history_payments"] is None
        assert values["amount_ref_minor"] == 1000

    async def test_a_cold_store_records_what_it_sees(self, store: OnlineStore) -> None:
        await store.observe(payment(0))
        await store.mark_warm()
        values = await features(store, payment(1))
        assert await store.is_warm()
        assert values["account_count_1h"] == 2

    async def test_a_label_counts_only_after_it_was_applied(
        self, store: OnlineStore
    ) -> None:
        await store.mark_warm()
        bad = at_terminal(0)
        await store.observe(bad)
        before = await features(store, at_terminal(8 * DAY))
        await store.apply_label(label(bad))
        after = await features(store, at_terminal(8 * DAY + 1))
        assert before["terminal_risk_7d"] == 0
        assert after["terminal_risk_7d"] == 1
        assert after["terminal_delayed_count_7d"] == 1

    async def test_an_early_label_waits_for_the_label_delay(
        self, store: OnlineStore
    ) -> None:
        await store.mark_warm()
        bad = at_terminal(0)
        await store.observe(bad)
        await store.apply_label(label(bad))
        early = await features(store, at_terminal(7 * DAY - 0.000001))
        on_time = await features(store, at_terminal(7 * DAY))
        assert early["terminal_risk_7d"] is None
        assert early["terminal_delayed_count_7d"] == 0
        assert on_time["terminal_risk_7d"] == 1

    async def test_a_label_leaves_the_risk_window_at_its_end(
        self, store: OnlineStore
    ) -> None:
        await store.mark_warm()
        bad = at_terminal(0)
        await store.observe(bad)
        await store.apply_label(label(bad))
        last = await features(store, at_terminal(14 * DAY - 0.000001))
        gone = await features(store, at_terminal(14 * DAY))
        assert last["terminal_risk_7d"] == 1
        assert gone["terminal_risk_7d"] is None
        assert gone["terminal_risk_30d"] == 1

    async def test_labels_are_idempotent_and_reversible(
        self, store: OnlineStore
    ) -> None:
        await store.mark_warm()
        bad = at_terminal(0)
        await store.observe(bad)
        await store.observe(at_terminal(1))
        await store.apply_label(label(bad))
        await store.apply_label(label(bad))
        twice = await features(store, at_terminal(10 * DAY))
        await store.apply_label(label(bad, reversal=True))
        reversed_ = await features(store, at_terminal(10 * DAY + 1))
        assert twice["terminal_risk_7d"] == 0.5
        assert reversed_["terminal_risk_7d"] == 0

    async def test_blocks_hold_until_they_end_or_are_dropped(
        self, store: OnlineStore
    ) -> None:
        now = datetime.now(UTC)
        await store.mark_warm()
        await store.put_block("account", "acc-1", now + timedelta(hours=1))
        await store.put_block("card", "card-1", now - timedelta(hours=1))
        blocked = await store.observe(payment(0, card_token="card-1"))
        await store.drop_block("account", "acc-1")
        await store.drop_block("account", "acc-1")
        free = await store.observe(payment(1, card_token="card-1"))
        assert (blocked.blocked, free.blocked) == (("account",), ())

    async def test_blocks_hold_in_a_cold_store(self, store: OnlineStore) -> None:
        await store.put_block("device", "dev", datetime.now(UTC) + timedelta(hours=1))
        seen = await store.observe(payment(0, device_id="dev"))
        assert (seen.known, seen.blocked) == (False, ("device",))

    async def test_a_reset_store_is_cold_and_knows_nothing_but_blocks(
        self, store: OnlineStore
    ) -> None:
        bad = at_terminal(0)
        await store.mark_warm()
        await store.observe(bad)
        await store.apply_label(label(bad))
        await store.note_stand_in("acc-1", 700, full=False)
        await store.put_block(
            "account", "acc-1", datetime.now(UTC) + timedelta(hours=1)
        )
        await store.reset()
        cold = await store.observe(at_terminal(10 * DAY))
        await store.mark_warm()
        again = await store.observe(bad)
        probe = await store.observe(at_terminal(10 * DAY + 1))
        values = named(bad, probe)
        assert (cold.known, cold.blocked) == (False, ("account",))
        assert (again.repeat, again.history_payments) == (False, 1)
        assert (probe.stand_in_count, values["terminal_risk_7d"]) == (0, 0)

    async def test_frauds_too_old_to_be_kept_leave_far_late_windows_unknown(
        self, store: OnlineStore
    ) -> None:
        await store.mark_warm()
        old, new = at_terminal(0), at_terminal(60 * DAY)
        for paid in (old, new):
            await store.observe(paid)
            await store.apply_label(label(paid))
        reaching = await store.observe(at_terminal(22 * DAY))
        after = await store.observe(at_terminal(60 * DAY + 2))
        slots = [dict(zip(SLOTS, o.raw, strict=True)) for o in (reaching, after)]
        frauds = [
            (
                s["terminal_frauds_24h"],
                s["terminal_frauds_30d"],
                s["merchant_frauds_30d"],
            )
            for s in slots
        ]
        assert frauds == [(0, None, None), (0, 0, 0)]

    async def test_stand_in_approvals_are_counted_until_a_full_verdict(
        self, store: OnlineStore
    ) -> None:
        await store.mark_warm()
        await store.note_stand_in("acc-1", 700, full=False)
        await store.note_stand_in("acc-1", 300, full=False)
        counted = await store.observe(payment(0))
        await store.note_stand_in("acc-1", 1, full=True)
        cleared = await store.observe(payment(1))
        assert (counted.stand_in_count, counted.stand_in_sum_minor) == (2, 1000)
        assert (cleared.stand_in_count, cleared.stand_in_sum_minor) == (0, 0)

    async def test_every_integer_is_what_brute_force_says(
        self, store: OnlineStore
    ) -> None:
        await store.mark_warm()
        oracle, expected = Oracle(), {}
        for row in random_rows(400, entities=4):
            transaction = transaction_of(row)
            observation = await store.observe(transaction)
            if transaction.transaction_id not in expected:
                expected[transaction.transaction_id] = oracle.observe(transaction)
            slots = dict(zip(SLOTS, observation.raw, strict=True))
            assert slots == expected[transaction.transaction_id]

    async def test_ids_that_look_like_parts_of_a_key_share_nothing(
        self, store: OnlineStore
    ) -> None:
        """Far-late payments and older values leave the usual place of an entity."""
        await store.mark_warm()
        oracle = Oracle()
        names = ("shop", "shop:side", "shop:peek", "side", "peek", "account:shop")
        for number in range(80 * len(names)):
            name, second = names[number % len(names)], 20.0 * number
            if number % len(names) and number % 79 == 0:
                second -= 3600.0
            sent = payment(
                second,
                transaction_id=f"{number}",
                account_id=name,
                merchant_id=name,
                card_token=names[number % 4],
                device_id=f"device:{number % 50}",
            )
            await store.peek(sent)
            observation = await store.observe(sent)
            slots = dict(zip(SLOTS, observation.raw, strict=True))
            assert slots == oracle.observe(sent)

    async def test_money_is_exact(self, store: OnlineStore) -> None:
        await store.mark_warm()
        largest = 10**10
        for second in range(5):
            await store.observe(payment(second, amount_minor=largest - second))
        values = await features(store, payment(6, amount_minor=1))
        assert values["account_sum_1h"] == 5 * largest - 10 + 1
        # Squares of such amounts are beyond a double; the deviation is still that of
        # 0..4, which is far below the floor of one euro.
        assert values["amount_zscore"] == (1 - (5 * largest - 10) / 5) / 100.0


def at_terminal(second: float) -> Transaction:
    """A payment at the one terminal of the label tests."""
    return payment(second, merchant_id="mer-1", terminal_id="ter-1", channel="pos")
