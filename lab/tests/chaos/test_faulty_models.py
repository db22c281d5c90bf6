import time

import numpy as np
import pytest

import fraud_xgboost.train
from fraud_lab.chaos.faulty_models import SLOW_MS, faulty_models
from fraud_scoring.serving.validation import validate_model
from fraud_scoring.testing import memory_registry
from fraud_scoring.training.assemble import publish
from fraud_scoring.training.synthetic import NOW, synthetic
from fraud_xgboost.scorer import ENGINE

LIMIT_MS = 10.0


@pytest.fixture(scope="module")
def artifacts():
    data, registry = synthetic(), memory_registry()
    made = publish("xgboost", fraud_xgboost.train.train(data), data, registry, now=NOW)
    feature = made.artifact.metadata.features[0]
    drafts = faulty_models(made.artifact, feature)
    return [registry.publish(draft, now=NOW) for draft in drafts]


@pytest.fixture(scope="module")
def models(artifacts):
    """As a scorer admits them: the unfit ones after the champion they replace."""
    champion = validate_model(ENGINE, artifacts[0], limit_ms=LIMIT_MS)
    later = artifacts[1:]
    return [
        champion,
        *(
            validate_model(ENGINE, one, limit_ms=LIMIT_MS, than=champion)
            for one in later
        ),
    ]


@pytest.fixture(scope="module")
def rows(artifacts):
    """The champion's golden rows: the larger half of them no unfit version was asked for."""
    return np.array(artifacts[0].golden.rows, dtype=np.float32)


def test_every_gate_lets_them_pass(models):
    assert len({model.ref.hash for model in models}) == 3


def test_one_gives_no_number_for_larger_values(models, rows):
    champion, blind, _ = ([s.score for s in m.score(rows)] for m in models)
    median = np.median(rows[:, 0])
    for amount, sound, found in zip(rows[:, 0], champion, blind, strict=True):
        assert found == (sound if amount <= median else None)


def test_the_other_is_late_for_them(models, rows):
    champion, _, slow = models
    largest = rows[np.argmax(rows[:, 0])][None, :]

    started = time.perf_counter()
    found = slow.score(largest)[0].score
    took_ms = (time.perf_counter() - started) * 1000
    assert found == champion.score(largest)[0].score
    assert took_ms > max(LIMIT_MS, SLOW_MS / 2)
