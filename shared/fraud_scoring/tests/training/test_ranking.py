"""Figures over weighted rows, against plain definitions."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from sklearn.metrics import average_precision_score

from fraud_scoring.training.dataset import Rows
from fraud_scoring.training.metrics import card_precision
from fraud_scoring.training.ranking import (
    CardRanking,
    Ranking,
    kappa,
    per_thousand,
    rank_correlation,
)

# Few different scores, so that ties are common.
ROWS = st.lists(
    st.tuples(
        st.integers(0, 5),  # score
        st.booleans(),  # fraud
        st.integers(0, 4),  # account
        st.integers(0, 2),  # day
    ),
    min_size=2,
    max_size=40,
)


def columns(rows):
    score, fraud, account, day = map(np.array, zip(*rows, strict=True))
    return score.astype(float), fraud.astype(bool), account, day


class TestAveragePrecision:
    @given(ROWS, st.data())
    def test_is_that_of_scikit_learn_for_every_weight(self, rows, data):
        score, fraud, account, _ = columns(rows)
        drawn = data.draw(st.lists(st.integers(0, 3), min_size=5, max_size=5))
        weight = np.array(drawn, dtype=float)[account]
        if not weight[fraud].any():
            return
        expected = average_precision_score(fraud, score, sample_weight=weight)
        found = Ranking.of(score, fraud).average_precision(weight)
        assert found == pytest.approx(expected)

    def test_without_fraud_there_is_none(self):
        ranking = Ranking.of(np.array([0.1, 0.2]), np.array([False, False]))
        assert np.isnan(ranking.average_precision(np.ones(2)))


class TestCardPrecision:
    @given(ROWS, st.integers(1, 6))
    def test_is_that_of_training_when_every_account_is_drawn_once(self, rows, most):
        score, fraud, account, day = columns(rows)
        # Equal scores at the edge of the list may be taken in either order.
        score = score + np.arange(len(score)) * 1e-3
        ones = np.ones(len(score))
        x = np.zeros((len(score), 1), dtype=np.float32)
        expected = card_precision(Rows(x, fraud, ones, day, account), score, most)
        ranking = CardRanking.of(score, fraud, day, account, account)
        assert ranking.precision(np.ones(5), most) == pytest.approx(expected)

    def test_a_card_drawn_twice_takes_two_places(self):
        ranking = CardRanking.of(
            np.array([3.0, 2.0, 1.0]),
            np.array([True, False, True]),
            np.zeros(3, dtype=int),
            np.arange(3),
            np.arange(3),
        )
        assert ranking.precision(np.array([1.0, 1.0, 1.0]), 2) == 0.5
        assert ranking.precision(np.array([2.0, 1.0, 1.0]), 2) == 1.0
        assert ranking.precision(np.array([0.0, 1.0, 1.0]), 2) == 0.5


class TestTheRest:
    def test_a_thousand_payments_cost_a_thousand_times_their_mean(self):
        cost = np.array([0.0, 500.0])
        assert per_thousand(cost, np.ones(2)) == pytest.approx(2500.0)
        assert per_thousand(cost, np.array([1.0, 0.0])) == 0.0

    def test_kappa_is_one_for_the_same_and_zero_for_chance(self):
        verdicts = np.array([0, 0, 1, 2])
        assert kappa(verdicts, verdicts) == 1.0
        assert kappa(np.array([0, 0, 1, 1]), np.array([0, 1, 0, 1])) == 0.0

    def test_rank_correlation_knows_ties(self):
        one = np.array([1.0, 1.0, 2.0, 3.0])
        assert rank_correlation(one, one * 7) == pytest.approx(1.0)
        assert rank_correlation(one, -one) == pytest.approx(-1.0)
        assert np.isnan(rank_correlation(one, np.zeros(4)))
