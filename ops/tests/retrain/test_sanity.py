import numpy as np
import pytest

from fraud_ops.retrain.sanity import contradicted, found_alone, fraud_rate, leakage
from fraud_scoring.training.dataset import Rows


def rows(count=2000, rate=0.05, seed=1, width=3):
    rng = np.random.default_rng(seed)
    fraud = rng.random(count) < rate
    x = rng.normal(size=(count, width)).astype(np.float32)
    x[fraud, 0] += 1.5
    return Rows(x, fraud, np.ones(count), np.zeros(count, int), np.arange(count))


NAMES = ("useful", "noise", "other")


class TestLeakage:
    def test_honest_features_pass(self):
        check = leakage([rows()], NAMES)
        assert check.holds
        assert check.value < 0.1

    @pytest.mark.parametrize("value", [1e6, -1e6, np.nan])
    def test_value_that_only_frauds_have_is_named(self, value):
        data = rows()
        reported = data.fraud & (np.random.default_rng(2).random(len(data)) < 0.7)
        data.x[reported, 1] = value
        check = leakage([data], NAMES)
        assert not check.holds
        assert "noise" in check.detail
        assert "useful" not in check.detail

    def test_feature_known_only_for_frauds_leaks(self):
        data = rows()
        data.x[~data.fraud, 2] = np.nan
        assert "other" in leakage([data], NAMES).detail

    def test_leak_that_only_one_slice_shows_is_found(self):
        honest, spoilt = rows(), rows(seed=2)
        spoilt.x[spoilt.fraud, 1] = 1e6
        assert not leakage([honest, spoilt], NAMES).holds

    def test_too_few_frauds_prove_nothing(self):
        data = rows(count=100, rate=0.05)
        assert found_alone(data.fraud.astype(float), data.fraud, data.weight) == 0.0

    def test_rows_that_count_little_do_not_hide_a_leak(self):
        data = rows()
        data.x[data.fraud, 1] = 50.0
        ordinary = np.flatnonzero(~data.fraud)[:50]
        data.x[ordinary, 1] = 50.0
        weight = data.weight.copy()
        assert leakage([data], NAMES).holds
        weight[ordinary] = 0.01
        spoilt = Rows(data.x, data.fraud, weight, data.day, data.card)
        assert not leakage([spoilt], NAMES).holds


class TestFraudRate:
    def test_all_labels_flipped_is_no_rate_that_was_before(self):
        data = rows()
        assert fraud_rate(data, 0.05).holds
        upside_down = Rows(data.x, ~data.fraud, data.weight, data.day, data.card)
        check = fraud_rate(upside_down, 0.05)
        assert not check.holds
        assert "5.00% when the champion learned" in check.detail

    def test_without_a_champion_no_system_is_mostly_fraud(self):
        data = rows()
        upside_down = Rows(data.x, ~data.fraud, data.weight, data.day, data.card)
        assert fraud_rate(data, None).holds
        assert not fraud_rate(upside_down, None).holds


class TestContradicted:
    def scores(self, fraud, seed=3):
        rng = np.random.default_rng(seed)
        return [rng.normal(size=len(fraud)) + 3.0 * fraud for _ in range(2)]

    def test_labels_that_models_can_see_are_not_contradicted(self):
        data = rows()
        scores = self.scores(data.fraud)
        assert contradicted(data.fraud, data.weight, scores)[0].holds

    def test_half_of_the_frauds_swapped_for_ordinary_payments_is_refused(self):
        data = rows()
        scores = self.scores(data.fraud)
        rng = np.random.default_rng(4)
        label = data.fraud.copy()
        some = int(label.sum() * 0.7)
        label[rng.choice(np.flatnonzero(data.fraud), some, replace=False)] = False
        label[rng.choice(np.flatnonzero(~data.fraud), some, replace=False)] = True
        assert not contradicted(label, data.weight, scores)[0].holds

    def test_new_pattern_that_one_model_sees_is_not_contradicted(self):
        data = rows()
        blind, seeing = self.scores(data.fraud)
        blind[data.fraud] -= 3.0
        assert contradicted(data.fraud, data.weight, [blind, seeing])[0].holds
