import itertools
from datetime import UTC, datetime

import numpy as np
import pytest

import fraud_xgboost.train
from fraud_features.definitions.registry import CREDIT_CARD
from fraud_ops.train.credit_card import HOURS, OOD_Z, dataset, payments
from fraud_scoring.serving.validation import validate_model
from fraud_scoring.testing import memory_registry
from fraud_scoring.training.assemble import publish
from fraud_xgboost.scorer import ENGINE

NOW = datetime(2026, 3, 2, tzinfo=UTC)


@pytest.fixture(scope="module")
def data():
    return dataset(3, NOW, rows=40_000)


@pytest.fixture(scope="module")
def published(data):
    fitted = fraud_xgboost.train.train(data)
    return publish("credit_card", fitted, data, memory_registry(), now=NOW)


@pytest.fixture(scope="module")
def model(published):
    return validate_model(ENGINE, published.artifact, limit_ms=1000)


class TestPayments:
    def test_are_two_days_with_few_frauds(self):
        x, fraud = payments(40_000, 3)
        assert x.shape == (40_000, len(CREDIT_CARD.names))
        assert np.isfinite(x).all()
        assert (np.diff(x[:, 0]) >= 0).all()
        assert 0 <= x[0, 0] < x[-1, 0] < HOURS * 3600
        assert (x[:, -1] >= 0).all()
        assert 0.002 <= fraud.mean() <= 0.005

    def test_follow_from_the_seed(self):
        again, other = payments(2_000, 3), payments(2_000, 4)
        x, fraud = payments(2_000, 3)
        assert (x == again[0]).all()
        assert (fraud == again[1]).all()
        assert (x != other[0]).any()


class TestSlices:
    def test_follow_each_other_and_hold_every_row(self, data):
        parts = (data.train, data.validate, data.calibrate, data.test)
        assert sum(map(len, parts)) == 40_000
        for earlier, later in itertools.pairwise(parts):
            assert earlier.x[-1, 0] <= later.x[0, 0]


class TestModel:
    def test_finds_frauds_but_not_all(self, published):
        metrics = published.metrics
        assert 0.4 < metrics["average_precision"] < 0.98
        assert 0.9 < metrics["roc_auc"] < 0.999
        assert metrics["calibration_error"] < 0.01
        assert published.artifact.calibrator.method == "isotonic"

    def test_has_no_store_to_lose(self, published):
        assert not [name for name in published.metrics if name.endswith("store_down")]

    def test_is_strange_beyond_three_deviations_whatever_training_saw(
        self, model, published, data
    ):
        statistics = published.artifact.metadata.statistics
        mean, std = np.array(statistics.mean), np.array(statistics.std)
        place = CREDIT_CARD.names.index("V1")
        for z, strange in ((OOD_Z - 0.1, ()), (OOD_Z + 0.1, ("V1",))):
            row = mean.copy()
            row[place] += z * std[place]
            assert row[place] < data.train.x[:, place].max()
            [scored] = model.score(row.astype(np.float32)[None, :])
            assert scored.ood == strange
        assert "training range" not in published.artifact.card

    def test_no_time_of_the_two_days_is_strange(self, model, data):
        scored = model.score(data.test.x)
        assert not [s for s in scored if "Time" in s.ood]
