from dataclasses import replace

import numpy as np
import orjson
import pytest

from fraud_scoring.errors import GoldenMismatch
from fraud_scoring.serving.scorer import ScorerEngine
from fraud_scoring.testing import memory_registry
from fraud_scoring.training.assemble import Fitted, publish
from fraud_scoring.training.dataset import statistics
from fraud_scoring.training.synthetic import NOW, synthetic


class Sum:
    """Scores a row by a squashed sum of its known features 1, 4, 7, ..."""

    def __init__(self, bias):
        self.bias = bias

    def score(self, rows):
        total = np.nan_to_num(rows[:, 1::3]).astype(np.float64).sum(axis=1)
        return 1 / (1 + np.exp(self.bias - total / 4))

    def explain(self, row):
        return np.nan_to_num(row).astype(np.float64)


ENGINE = ScorerEngine(
    "xgboost",
    "fraud_score",
    lambda artifact: Sum(orjson.loads(artifact.file("bias.json"))),
)
DATA = synthetic()


def fitted(bias=3.0, supervised=True):
    return Fitted(
        engine=ENGINE,
        algorithm="sum",
        files={"bias.json": orjson.dumps(bias)},
        reference=Sum(3.0).score,
        parameters={"bias": bias},
        importance=dict.fromkeys(DATA.features, 1 / DATA.width),
        libraries=("numpy",),
        supervised=supervised,
    )


class TestPublishing:
    def test_a_complete_artefact(self):
        made = publish("xgboost", fitted(), DATA, memory_registry(), now=NOW)
        metadata = made.artifact.metadata
        assert made.largest_difference == 0.0
        assert metadata.metrics == made.metrics
        assert metadata.training.data_version == "synthetic-1"
        assert metadata.libraries == {"numpy": np.__version__}
        assert made.artifact.manifest.bundle == "synthetic-bundle"
        assert made.artifact.calibrator.method == "isotonic"
        assert "never seen in training" in made.artifact.card
        assert sum(made.artifact.golden.labels) == 32

    def test_anomalies_get_percentiles(self):
        model = fitted(supervised=False)
        made = publish("xgboost", model, DATA, memory_registry(), now=NOW)
        assert made.artifact.calibrator.method == "percentile"
        assert "calibration_error" not in made.metrics

    def test_the_store_down_is_judged_too(self):
        made = publish("xgboost", fitted(), DATA, memory_registry(), now=NOW)
        assert made.metrics["roc_auc_store_down"] < made.metrics["roc_auc"]

    def test_serving_that_differs_from_training_is_refused(self):
        with pytest.raises(GoldenMismatch):
            publish("xgboost", fitted(bias=3.001), DATA, memory_registry(), now=NOW)

    def test_differences_outside_the_golden_rows_are_found(self):
        """The stored model is compared on thousands of rows, gaps included."""

        class WrongOnGaps(Sum):
            def score(self, rows):
                wrong = np.isnan(rows[:, 13:]).all(axis=1) & (rows[:, 0] > 1)
                return super().score(rows) + wrong * 1e-3

        engine = replace(ENGINE, load=lambda _: WrongOnGaps(3.0))
        model = replace(fitted(), engine=engine)
        with pytest.raises(GoldenMismatch):
            publish("xgboost", model, DATA, memory_registry(), now=NOW)


class TestStatistics:
    def test_are_of_the_known_values(self):
        x = np.array([[1, np.nan], [3, np.nan]], dtype=np.float32)
        found = statistics(x)
        assert (found.minimum[0], found.maximum[0], found.mean[0]) == (1.0, 3.0, 2.0)
        assert (found.std[0], found.median[0], found.known[0]) == (1.0, 2.0, 1.0)
        assert (found.mean[1], found.known[1]) == (None, 0.0)
