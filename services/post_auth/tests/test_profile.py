import statistics
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fraud_post_auth.profile import Payment, change, joined, limbs, view
from fraud_shared.contracts.profile import LabelCounts

START = datetime(2026, 3, 1, tzinfo=UTC)
NO_LABELS = LabelCounts(fraud=0, legitimate=0, reversed=0, pending=0)


def paid(amount, *, verdict="APPROVE", currency="EUR", minute=0, values=()):
    at = START + timedelta(minutes=minute)
    return Payment(("shop", "acc-1"), verdict, currency, amount, at, values)


def shown(payments):
    total = change(payments)
    amounts = {(c, v): group for (_, c, v), group in total.amounts.items()}
    return view("acc-1", total.accounts["shop", "acc-1"], amounts, {}, NO_LABELS)


class TestLimbs:
    @given(st.lists(st.integers(0, 10**13), max_size=20))
    def test_sums_of_limbs_are_the_sum(self, amounts):
        parts = [limbs(amount * amount) for amount in amounts]
        sums = [sum(column) for column in zip(*parts, strict=True)] or [0, 0, 0]
        assert joined(*sums) == sum(amount * amount for amount in amounts)

    def test_largest_amount_leaves_room_for_four_thousand_million_payments(self):
        assert all(limb * 2**32 < 2**63 for limb in limbs(10**26))


class TestView:
    def test_mean_and_deviation_leave_declined_payments_out(self):
        payments = [paid(100), paid(300), paid(10**9, verdict="DECLINE")]
        (euro,) = shown(payments).currencies
        assert euro.mean_minor == 200
        assert euro.deviation_minor == 100
        assert euro.sum_minor == 400 + 10**9
        assert euro.sum_minor_by_verdict == {"APPROVE": 400, "DECLINE": 10**9}

    def test_only_declined_payments_have_no_typical_amount(self):
        (euro,) = shown([paid(100, verdict="DECLINE")]).currencies
        assert (euro.mean_minor, euro.deviation_minor) == (None, None)

    def test_currencies_are_never_added_together(self):
        profile = shown([paid(1, currency="JPY"), paid(2, currency="EUR")])
        assert [(c.currency, c.sum_minor) for c in profile.currencies] == [
            ("EUR", 2),
            ("JPY", 1),
        ]

    def test_counts_by_verdict(self):
        profile = shown([paid(1), paid(1, verdict="DECLINE"), paid(1, currency="JPY")])
        assert profile.verdicts == {"APPROVE": 2, "CHALLENGE": 0, "DECLINE": 1}

    @given(st.lists(st.integers(0, 10**13), min_size=1, max_size=30))
    def test_mean_and_deviation_are_those_of_the_amounts(self, amounts):
        (euro,) = shown([paid(amount) for amount in amounts]).currencies
        assert euro.mean_minor == pytest.approx(statistics.fmean(amounts))
        exact = statistics.pstdev(amounts)
        assert euro.deviation_minor == pytest.approx(exact)
