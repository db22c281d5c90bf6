import math

import numpy as np
import pytest

from fraud_scoring.artifacts.artifact import Artifact
from fraud_scoring.artifacts.metadata import (
    FeatureSetRef,
    FeatureStatistics,
)
from fraud_scoring.errors import FeatureMismatch
from fraud_scoring.serving.model import Limits, Model, WrongFeatureSet
from fraud_scoring.serving.schema import FeatureRegistry
from fraud_scoring.serving.scorer import ScorerEngine
from fraud_scoring.testing import (
    NOW,
    LinearScorer,
    linear_draft,
    linear_engine,
    linear_vector,
    memory_registry,
)


def artifact(**options) -> Artifact:
    return memory_registry().publish(linear_draft(**options), now=NOW)


@pytest.fixture(scope="module")
def model() -> Model:
    return Model(linear_engine(), artifact())


def score(model, *values):
    return model.score(model.rows([linear_vector(*values)]))[0]


class TestRows:
    def test_unknown_is_nan_and_zero_is_zero(self, model):
        rows = model.rows([linear_vector(0.0, None, 1.5)])
        assert rows.dtype == np.float32
        assert rows[0, 0] == 0.0
        assert math.isnan(rows[0, 1])

    @pytest.mark.parametrize(
        "vector",
        [
            linear_vector(1.0, 2.0, 3.0, feature_hash="0" * 64),
            linear_vector(1.0, 2.0),
            linear_vector(1.0, 2.0, 3.0, 4.0),
        ],
    )
    def test_another_feature_set_is_refused(self, model, vector):
        with pytest.raises(WrongFeatureSet):
            model.rows([linear_vector(1.0, 2.0, 3.0), vector])

    def test_what_float32_cannot_hold_is_out_of_distribution(self, model):
        assert score(model, 1e300, 0.0, 0.0).ood == ("amount",)


class TestSignals:
    def test_names_exactly_one_model(self, model):
        scored = score(model, 2.0, 0.0, 0.0)
        signal = model.signal(scored, elapsed_ms=0.5)
        raw = 1 / (1 + math.exp(-1.0))
        assert signal.outcome == "scored"
        assert signal.raw == {"fraud_score": pytest.approx(raw)}
        assert signal.score == pytest.approx(0.2 + (raw - 0.5) * 1.6)
        assert signal.model == model.artifact.ref

    def test_a_score_that_is_no_number_is_a_failure(self):
        engine = ScorerEngine(
            source="xgboost",
            raw_name="fraud_score",
            load=lambda _: LinearScorer(np.array([np.nan, 0.0, 0.0])),
        )
        broken = Model(engine, artifact())
        signal = broken.signal(score(broken, 1.0, 1.0, 1.0))
        assert (signal.outcome, signal.score) == ("failed", None)
        assert signal.detail == "MODEL_OUTPUT_NOT_FINITE"

    def test_a_model_of_another_kind_is_refused(self):
        other = ScorerEngine(
            source="lightgbm", raw_name="fraud_score", load=linear_engine().load
        )
        with pytest.raises(FeatureMismatch):
            Model(other, artifact())


class TestExplanation:
    def test_lists_the_strongest_first_without_the_still(self, model):
        row = model.rows([linear_vector(1.0, -3.0, 0.0)])[0]
        assert [(c.feature, c.contribution) for c in model.explain(row)] == [
            ("velocity", -3.0),
            ("amount", 0.5),
        ]

    def test_an_unknown_value_stays_unknown(self, model):
        row = model.rows([linear_vector(1.0, None, 4.0)])[0]
        assert {c.feature: c.value for c in model.explain(row)} == {
            "amount": 1.0,
            "age": 4.0,
        }

    def test_can_be_shorter(self, model):
        row = model.rows([linear_vector(1.0, -3.0, 1.0)])[0]
        assert len(model.explain(row, most=1)) == 1


REF = FeatureSetRef(name="test_set", version="1", hash="a" * 64)


def limits(z, minimum, maximum, mean, std, registry=None):
    return Limits.of(
        FeatureStatistics(
            minimum=(minimum,),
            maximum=(maximum,),
            mean=(mean,),
            std=(std,),
            median=(mean,),
            known=(1.0,),
        ),
        z,
        registry,
    )


def broken(found, *values):
    return found.broken(np.array([[v] for v in values], dtype=np.float32))


class TestLimits:
    @pytest.mark.parametrize(
        ("values", "ood"),
        [
            ((8.0, -8.0, 0.0), ()),
            ((8.001, 0.0, 0.0), ("amount",)),
            ((0.0, -8.001, 0.0), ("velocity",)),
            ((9.0, 0.0, -10.0), ("age", "amount")),
            ((None, None, None), ()),
        ],
    )
    def test_are_reported_by_name_the_farthest_first(self, model, values, ood):
        assert score(model, *values).ood == ood

    def test_a_rare_value_that_training_saw_is_not_strange(self):
        rare_flag = limits(8.0, 0.0, 1.0, 0.001, 0.03)
        assert broken(rare_flag, 0.0, 1.0, 1.1) == [False, False, True]

    def test_a_little_beyond_the_range_is_not_strange(self):
        growing = limits(8.0, 0.0, 60.0, 30.0, 17.0)
        assert broken(growing, 61.0, 160.0, 170.0) == [False, False, True]

    def test_a_constant_must_stay(self):
        assert broken(limits(8.0, 2.0, 2.0, 2.0, 0.0), 2.0, 2.001) == [False, True]

    def test_without_a_range_deviations_decide(self):
        z_only = limits(3.0, None, None, 10.0, 2.0)
        assert broken(z_only, 4.0, 16.0, 3.9, 16.1) == [False, False, True, True]

    def test_a_feature_never_seen_in_training_is_always_outside(self):
        never = limits(8.0, None, None, None, None)
        assert broken(never, 0.0, np.nan) == [True, False]

    def test_count_below_zero_is_outside_however_wide_the_deviations_are(self):
        registry = FeatureRegistry.of(REF, ("count",), types={"count": "int"})
        wide = (8.0, 0.0, 60.0, 3.0, 17.0)
        assert broken(limits(*wide), -1.0) == [False]
        assert broken(limits(*wide, registry), -1.0, 0.0, 60.0) == [True, False, False]

    def test_whole_number_that_was_negative_in_training_may_be(self):
        registry = FeatureRegistry.of(REF, ("x",), types={"x": "int"})
        assert broken(limits(8.0, -2.0, 60.0, 3.0, 17.0, registry), -3.0) == [False]

    def test_value_beyond_what_it_can_be_is_outside(self):
        registry = FeatureRegistry.of(REF, ("hour",), limits={"hour": (0, 23)})
        hours = limits(8.0, 0.0, 23.0, 12.0, 6.0, registry)
        assert broken(hours, 0.0, 23.0, 25.0, -1.0) == [False, False, True, True]
