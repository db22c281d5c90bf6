import numpy as np
import pytest

from fraud_scoring.training.dataset import Rows
from fraud_scoring.training.metrics import (
    calibration_error,
    card_precision,
    measure,
    recall_at,
)


def rows(fraud, day, card):
    n = len(fraud)
    return Rows(
        x=np.zeros((n, 1), dtype=np.float32),
        fraud=np.array(fraud, dtype=bool),
        weight=np.ones(n),
        day=np.array(day),
        card=np.array(card),
    )


class TestCardPrecision:
    def test_counts_cards_and_not_payments(self):
        same_card = rows([1, 1, 0, 0], [0, 0, 0, 0], [7, 7, 8, 9])
        raw = np.array([0.9, 0.8, 0.7, 0.1])
        assert card_precision(same_card, raw, 2) == 0.5

    def test_a_card_found_yesterday_is_out_today(self):
        two_days = rows([1, 1, 0], [0, 1, 1], [7, 7, 8])
        raw = np.array([0.9, 0.9, 0.1])
        assert card_precision(two_days, raw, 1) == 0.5

    def test_is_the_mean_over_days(self):
        two_days = rows([1, 0], [0, 1], [7, 8])
        assert card_precision(two_days, np.array([0.9, 0.9]), 1) == 0.5


class TestRecall:
    def test_at_one_false_positive_in_a_hundred(self):
        raw = np.concatenate([np.arange(1000) / 1000, [0.985, 0.995, 0.2, 2.0]])
        fraud = np.arange(1004) >= 1000
        assert recall_at(fraud, raw, 0.01) == 0.5


class TestCalibrationError:
    def test_is_none_for_honest_probabilities(self):
        rng = np.random.default_rng(0)
        score = rng.random(200_000)
        assert calibration_error(rng.random(200_000) < score, score) < 0.005

    def test_is_the_gap_for_the_boastful(self):
        fraud = np.zeros(1500, dtype=bool)
        assert calibration_error(fraud, np.full(1500, 0.3)) == pytest.approx(0.3)


class TestMeasure:
    def test_a_perfect_model(self):
        slice_ = rows([1, 0] * 50, [0] * 100, range(100))
        found = measure(slice_, slice_.fraud.astype(float), slice_.fraud.astype(float))
        assert found["roc_auc"] == found["average_precision"] == 1.0
        assert found["card_precision_100"] == found["card_precision_100_best"] == 0.5
        assert found["calibration_error"] == found["brier"] == 0.0

    def test_an_anomaly_model_has_no_probability_to_judge(self):
        slice_ = rows([1, 0], [0, 0], [1, 2])
        assert "calibration_error" not in measure(slice_, np.array([1.0, 0.0]), None)
