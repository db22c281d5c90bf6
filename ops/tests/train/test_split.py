from datetime import UTC, datetime

import numpy as np
import pytest

from fraud_features.definitions.registry import PAYMENT_FEATURES
from fraud_features.offline.frame import frame
from fraud_ops.simulate import SimulationConfig
from fraud_ops.train.history import DAY_US, History, Reports, simulate
from fraud_ops.train.split import Cuts, TooShort, maturity_weights, split

NOW = datetime(2026, 3, 2, tzinfo=UTC)


@pytest.fixture(scope="module")
def history():
    return simulate(SimulationConfig(seed=5, payments=6000, fraud_rate=0.03))


@pytest.fixture(scope="module")
def data(history):
    return split(
        history, frame(history.rows, history.labels), PAYMENT_FEATURES, seed=5, now=NOW
    )


class TestTime:
    def test_slices_follow_each_other_with_a_gap_before_the_test(self, history):
        cuts = Cuts.of(history.at)
        assert history.at[0] < cuts.warm < cuts.validate < cuts.calibrate < cuts.delay
        assert cuts.test - cuts.delay == 7 * DAY_US
        assert cuts.test < history.at[-1]

    def test_no_row_is_in_two_slices(self, history, data):
        total = sum(map(len, (data.train, data.validate, data.calibrate, data.test)))
        cuts = Cuts.of(history.at)
        left_out = (history.at < cuts.warm) | (
            (history.at >= cuts.delay) & (history.at < cuts.test)
        )
        assert total + left_out.sum() == len(history)

    def test_a_short_history_is_refused(self):
        with pytest.raises(TooShort):
            Cuts.of(np.array([0, 20 * DAY_US]))


class TestLabels:
    def test_training_knows_only_what_was_reported_by_then(self, history, data):
        cuts = Cuts.of(history.at)
        here = (history.at >= cuts.calibrate) & (history.at < cuts.delay)
        late = history.fraud & (history.reports.reported() >= cuts.test)
        assert (late & here).any()
        assert not data.calibrate.fraud[late[here]].any()

    def test_the_test_slice_knows_the_truth(self, history, data):
        cuts = Cuts.of(history.at)
        assert data.test.fraud.sum() == history.fraud[history.at >= cuts.test].sum()

    def test_another_history_is_another_data_version(self, history, data):
        table = frame(history.rows, history.labels)
        again = split(history, table, PAYMENT_FEATURES, seed=5, now=NOW)
        assert again.data_version == data.data_version
        assert again.bundle == data.bundle
        changed = table.with_columns(amount_ref_minor=table["amount_ref_minor"] + 1)
        other = split(history, changed, PAYMENT_FEATURES, seed=5, now=NOW)
        assert other.data_version != data.data_version


class TestMaturity:
    def history(self, age_days, delay_days):
        now = 1000 * DAY_US
        at = now - np.array(age_days, dtype=np.int64) * DAY_US
        delay = np.array(delay_days, dtype=np.float64) * DAY_US
        reported = (at + delay).astype(np.int64)
        n = len(at)
        return now, History(
            rows=[],
            labels=[],
            at=at,
            card=np.zeros(n, dtype=np.int64),
            fraud=np.ones(n, dtype=bool),
            reports=Reports(np.arange(n), reported, np.ones(n, dtype=bool), n),
        )

    def test_a_young_fraud_stands_for_those_still_unreported(self):
        """Of old frauds a quarter was reported within 10 days, all within 40."""
        ages = [100] * 40 + [20, 44]
        delays = [5] * 10 + [30] * 30 + [5, 5]
        now, history = self.history(ages, delays)
        weight = maturity_weights(history, history.reports.known_fraud(now), now)
        assert weight[40] == pytest.approx(4.0)
        assert weight[41] == pytest.approx(1.0)

    def test_too_few_old_frauds_leave_all_alike(self):
        now, history = self.history([100] * 5 + [20], [5] * 6)
        known = history.reports.known_fraud(now)
        assert (maturity_weights(history, known, now) == 1).all()
