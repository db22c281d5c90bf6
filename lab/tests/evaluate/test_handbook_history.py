import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from fraud_features.store.schema import DAY, LABEL_DELAY
from fraud_lab.handbook.history import columns
from fraud_lab.handbook.payments import Payments

HALF_DAY = DAY // 2


def payments(*rows: tuple[int, int, int, int, bool]) -> Payments:
    """From (moment in half days, card, terminal, cents, fraud), sorted by moment."""
    moment, card, terminal, amount, fraud = (
        np.array(column) for column in zip(*rows, strict=True)
    )
    return Payments(
        transaction_id=np.arange(len(rows)),
        at=moment * HALF_DAY,
        day=moment // 2,
        card=card,
        terminal=terminal,
        amount=amount,
        fraud=fraud.astype(bool),
    )


histories = st.lists(
    st.tuples(
        st.integers(0, 90),
        st.integers(1, 3),
        st.integers(1, 3),
        st.sampled_from([100, 200, 1000, 5000]),
        st.booleans(),
    ),
    min_size=1,
    max_size=50,
).map(lambda rows: payments(*sorted(rows, key=lambda row: row[0])))


class Oracle:
    """The same columns by looking at every earlier payment, one at a time."""

    def __init__(self, paid: Payments) -> None:
        self.paid = paid
        self.n = len(paid)

    def relative(self, i: int) -> float:
        before = self.of_card(i, 0, i)
        if len(before) < 5:
            return 1.0
        return float(self.paid.amount[i] / np.mean(self.paid.amount[before]))

    def of_card(self, i: int, first: int, last: int) -> list[int]:
        return [j for j in range(first, last) if self.paid.card[j] == self.paid.card[i]]

    def within(self, i: int, days: int, last: int) -> list[int]:
        since = self.paid.at[i] - days * DAY
        return [j for j in self.of_card(i, 0, last) if self.paid.at[j] > since]

    def labelled(self, i: int, days: int | None = None) -> list[int]:
        paid, end = self.paid, self.paid.at[i] - LABEL_DELAY
        return [
            j
            for j in range(self.n)
            if paid.terminal[j] == paid.terminal[i]
            and paid.at[j] <= end
            and (days is None or paid.at[j] > end - days * DAY)
        ]


class TestAgainstTheOracle:
    @settings(deadline=None, max_examples=60)
    @given(histories)
    def test_delayed_labels_of_the_terminal(self, paid: Payments):
        found, oracle = columns(paid), Oracle(paid)
        for i in range(len(paid)):
            seen = oracle.labelled(i, 14)
            frauds = sum(paid.fraud[j] for j in seen)
            assert found["terminal_delayed_count_14d"][i] == len(seen)
            assert found["terminal_delayed_frauds_14d"][i] == frauds
            risk = found["terminal_delayed_risk_14d"][i]
            assert risk == pytest.approx(
                frauds / len(seen) if seen else np.nan, nan_ok=True
            )
            ordinary = sum(paid.fraud[j] and oracle.relative(j) < 2 for j in seen)
            assert found["terminal_ordinary_frauds_14d"][i] == ordinary

    @settings(deadline=None, max_examples=60)
    @given(histories)
    def test_the_run_of_frauds_that_labels_end_with(self, paid: Payments):
        found, oracle = columns(paid), Oracle(paid)
        for i in range(len(paid)):
            run: list[int] = []
            for j in reversed(oracle.labelled(i)):
                if not paid.fraud[j]:
                    break
                run.append(j)
            assert found["terminal_fraud_run"][i] == len(run)
            days = (paid.at[i] - paid.at[run[-1]]) / DAY if run else np.nan
            assert found["terminal_fraud_run_days"][i] == pytest.approx(
                days, nan_ok=True
            )

    @settings(deadline=None, max_examples=60)
    @given(histories)
    def test_unusual_amounts_of_the_card(self, paid: Payments):
        found, oracle = columns(paid), Oracle(paid)
        for i in range(len(paid)):
            before = [oracle.relative(j) for j in oracle.within(i, 7, i)]
            assert found["card_unusual_before_7d"][i] == sum(r > 2.5 for r in before)
            largest = max(before, default=np.nan)
            assert found["card_largest_before_7d"][i] == pytest.approx(
                largest, nan_ok=True
            )
            now = oracle.within(i, 3, i + 1)
            assert found["card_count_3d"][i] == len(now)
            assert found["card_mean_3d"][i] == pytest.approx(paid.amount[now].mean())


class TestBounds:
    def test_a_label_is_known_exactly_one_delay_later(self):
        paid = payments(
            (0, 1, 1, 100, True), (13, 2, 1, 100, False), (14, 2, 1, 100, False)
        )
        assert columns(paid)["terminal_delayed_frauds_2d"].tolist() == [0, 0, 1]

    def test_nothing_labelled_is_unknown(self):
        paid = payments((0, 1, 1, 100, True))
        found = columns(paid)
        assert np.isnan(found["terminal_delayed_risk_2d"][0])
        assert np.isnan(found["terminal_days_since_genuine"][0])

    def test_of_two_in_the_same_second_the_first_does_not_see_the_second(self):
        paid = payments((0, 1, 1, 100, False), (0, 1, 1, 300, False))
        assert columns(paid)["card_count_3d"].tolist() == [1, 2]
        assert columns(paid)["card_terminal_count"].tolist() == [0, 1]
