import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from sklearn.isotonic import IsotonicRegression

from fraud_scoring.training.calibrate import isotonic, percentile
from fraud_scoring.training.metrics import calibration_error


def sample(seed, rows=3000):
    rng = np.random.default_rng(seed)
    raw = rng.beta(0.5, 4.0, rows)
    return raw, rng.random(rows) < raw**2


class TestIsotonic:
    @given(st.integers(0, 50))
    def test_equals_scikit_learn_away_from_the_ends(self, seed):
        raw, fraud = sample(seed)
        weight = np.ones(len(raw))
        calibrate = isotonic(raw, fraud, weight)
        expected = IsotonicRegression(out_of_bounds="clip").fit(raw, fraud).predict(raw)
        found = np.array([calibrate(r) for r in raw.tolist()])
        low, high = calibrate.y[0], calibrate.y[-1]
        inside = (expected > 2 * low) & (expected < high - 0.05)
        assert found[inside] == pytest.approx(expected[inside], abs=1e-6)

    def test_is_never_certain(self):
        raw = np.linspace(0, 1, 1000)
        calibrate = isotonic(raw, raw > 0.9, np.ones(1000))
        assert 0.0 < calibrate(0.0) < 0.01
        assert 0.98 < calibrate(1.0) < 1.0

    def test_makes_probabilities_of_scores(self):
        raw, fraud = sample(1, 40_000)
        calibrate = isotonic(raw[:20_000], fraud[:20_000], np.ones(20_000))
        later, truth = raw[20_000:], fraud[20_000:]
        after = np.array([calibrate(r) for r in later.tolist()])
        assert calibration_error(truth, after) < 0.01
        assert calibration_error(truth, later) > 0.05

    def test_weights_stand_for_frauds_not_yet_reported(self):
        raw, fraud = sample(2)
        plain = isotonic(raw, fraud, np.ones(len(raw)))
        double = isotonic(raw, fraud, np.where(fraud, 2.0, 1.0))
        assert double(0.5) > plain(0.5)

    def test_constant_scores_cannot_be_calibrated(self):
        with pytest.raises(ValueError, match="constant"):
            isotonic(np.ones(100), np.arange(100) < 5, np.ones(100))


class TestPercentile:
    def test_is_the_share_that_looks_less_odd(self):
        raw = np.random.default_rng(0).exponential(size=20_000)
        rank = percentile(raw)
        for value in (0.1, 1.0, 3.0, 6.0):
            assert rank(value) == pytest.approx((raw < value).mean(), abs=0.003)

    def test_ends_at_zero_and_one(self):
        raw = np.random.default_rng(0).normal(size=5_000)
        rank = percentile(raw)
        assert rank(raw.min() - 1) == 0.0
        assert rank(raw.max() + 1) == 1.0

    def test_is_fine_in_the_tail(self):
        raw = np.arange(100_000, dtype=float)
        assert percentile(raw)(99_950.0) == pytest.approx(0.9995, abs=1e-5)
