import random
from dataclasses import replace

import numpy as np
import pytest

import fraud_xgboost.train
from fraud_lab.chaos.recompute import TOLERANCE, Answered, Recomputer
from fraud_lab.chaos.swap import _orders
from fraud_lab.chaos.variants import variants
from fraud_scoring.serving.validation import validate_model
from fraud_scoring.testing import memory_registry
from fraud_scoring.training.assemble import publish
from fraud_scoring.training.synthetic import NOW, synthetic
from fraud_shared.contracts.features import FeatureVector
from fraud_xgboost.scorer import ENGINE


@pytest.fixture(scope="module")
def registry():
    return memory_registry()


@pytest.fixture(scope="module")
def versions(registry):
    data = synthetic()
    made = publish("xgboost", fraud_xgboost.train.train(data), data, registry, now=NOW)
    return [registry.publish(draft, now=NOW) for draft in variants(made.artifact)]


@pytest.fixture(scope="module")
def models(versions):
    return [validate_model(ENGINE, made, limit_ms=1000) for made in versions]


def instance(model):
    row = model.artifact.golden.rows[0]
    return dict(zip(model.features, row, strict=True))


class TestVariants:
    def test_are_admitted_and_differ_by_their_scores(self, models):
        rows = np.array(models[0].artifact.golden.rows, dtype=np.float32)
        raws = [tuple(scored.raw for scored in m.score(rows)) for m in models]
        assert len(set(raws)) == len(models) == 5
        assert len({model.ref.hash for model in models}) == 5


class TestRecomputer:
    def test_an_answer_of_the_named_version_fits(self, versions, models):
        check = Recomputer(versions)
        for model in models:
            row = instance(model)
            score = model.score(model.schema.rows([row]))[0].score
            assert check.difference(Answered(model.ref, score, row)) <= TOLERANCE

    def test_so_does_a_vector_on_record(self, versions, models):
        model = models[1]
        vector = FeatureVector(
            feature_set="synthetic",
            version="1",
            hash=model.feature_hash,
            values=model.artifact.golden.rows[0],
        )
        score = model.score(model.rows([vector]))[0].score
        answer = Answered(model.ref, score, vector)
        assert Recomputer(versions).difference(answer) <= TOLERANCE

    def test_an_answer_of_another_version_does_not(self, versions, models):
        one, other = models[0], models[-1]
        rows = one.artifact.golden.rows
        scores = [m.score(np.array(rows, dtype=np.float32)) for m in (one, other)]
        apart = [
            place
            for place, pair in enumerate(zip(*scores, strict=True))
            if pair[0].score != pair[1].score
        ]
        place = apart[0]
        row = dict(zip(one.features, rows[place], strict=True))
        answer = Answered(one.ref, scores[1][place].score, row)
        assert Recomputer(versions).difference(answer) > TOLERANCE

    def test_nor_one_of_a_version_that_nobody_published(self, versions, models):
        unknown = models[0].ref.model_copy(update={"hash": "0" * 64})
        renamed = models[0].ref.model_copy(update={"version": "9"})
        check = Recomputer(versions)
        fine = Answered(models[0].ref, 0.5, instance(models[0]))
        assert check.difference(replace(fine, model=unknown)) == float("inf")
        assert check.difference(replace(fine, model=renamed)) == float("inf")


@pytest.mark.parametrize("seed", range(20))
def test_a_return_always_has_something_before_it(seed):
    orders = _orders(50, 10, random.Random(seed))
    assert (orders.count("promote"), orders.count("rollback")) == (50, 10)
    past = 0
    for order in orders:
        past += 1 if order == "promote" else -1
        assert past >= 0
