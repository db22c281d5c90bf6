from datetime import date, timedelta

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from fraud_lab.evaluate.protocol import (
    FIRST_DAY,
    SINGLE,
    TEST_FOLDS,
    VALIDATION_FOLDS,
    Fold,
    judged_rows,
    train_rows,
)

FIRST = Fold(FIRST_DAY)


def table(*payments: tuple[int, int, bool]):
    """Columns of (day, card, fraud)."""
    day, card, fraud = zip(*payments, strict=True)
    return np.array(day), np.array(card), np.array(fraud)


class TestFolds:
    def test_the_published_weeks(self):
        assert [fold.start for fold in TEST_FOLDS] == [
            date(2018, 8, 15),
            date(2018, 8, 8),
            date(2018, 8, 1),
            date(2018, 7, 25),
        ]
        assert [fold.start for fold in VALIDATION_FOLDS] == [
            date(2018, 7, 11),
            date(2018, 7, 4),
            date(2018, 6, 27),
            date(2018, 6, 20),
        ]
        assert TEST_FOLDS[-1] == SINGLE

    def test_a_validation_fold_never_reaches_a_test_week(self):
        judged_first = min(fold.test.start for fold in TEST_FOLDS)
        assert max(fold.test.stop for fold in VALIDATION_FOLDS) <= judged_first

    def test_the_single_split_tests_from_8_to_14_august(self):
        days = [FIRST_DAY + timedelta(days=number) for number in SINGLE.test]
        assert (days[0], days[-1]) == (date(2018, 8, 8), date(2018, 8, 14))

    def test_seven_days_to_train_on(self):
        assert train_rows(FIRST, np.arange(30)).tolist() == list(range(7))

    def test_a_longer_history_ends_on_the_same_day(self):
        fold = Fold(FIRST_DAY + timedelta(days=7), history_days=10)
        assert train_rows(fold, np.arange(30)).tolist() == list(range(4, 14))


class TestRemoval:
    def test_a_card_with_a_fraud_in_the_training_week_is_never_judged(self):
        day, card, fraud = table(
            (6, 1, True), (14, 1, False), (20, 1, True), (14, 2, False)
        )
        assert judged_rows(FIRST, day, card, fraud).tolist() == [3]

    def test_a_fraud_of_the_delay_week_is_known_eight_days_later(self):
        # Day 8 lies eight days before day 16, and only seven before day 15.
        day, card, fraud = table(
            (8, 1, True), (15, 1, True), (16, 1, True), (17, 1, False)
        )
        assert judged_rows(FIRST, day, card, fraud).tolist() == [1]

    def test_a_fraud_before_the_training_week_removes_nobody(self):
        later = Fold(FIRST_DAY + timedelta(days=7))
        day, card, fraud = table((6, 1, True), (21, 1, False))
        assert judged_rows(later, day, card, fraud).tolist() == [1]

    def test_a_fraud_of_the_test_week_removes_nobody(self):
        day, card, fraud = table((14, 1, True), (20, 1, True))
        assert judged_rows(FIRST, day, card, fraud).tolist() == [0, 1]

    @given(
        st.lists(
            st.tuples(st.integers(0, 22), st.integers(1, 6), st.booleans()),
            min_size=1,
            max_size=60,
        )
    )
    def test_what_is_judged_is_what_nobody_could_know(self, payments):
        payments.sort(key=lambda payment: payment[0])
        day, card, fraud = table(*payments)
        kept = set(judged_rows(FIRST, day, card, fraud).tolist())
        for place, (on, who, _) in enumerate(payments):
            known = any(
                one and other == who and at <= max(6, on - 8)
                for at, other, one in payments
            )
            assert (place in kept) == (14 <= on < 21 and not known)
