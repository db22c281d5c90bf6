"""What a worker makes of a study: the same figures as the commands, as JSON."""

import json

import numpy as np
import polars as pl
import pytest
import yaml

from fraud_engines.policy.policy import DEFAULT_POLICY, load
from fraud_engines.rules.ruleset import DEFAULT_RULESET
from fraud_lab.rules import history as histories
from fraud_lab.rules import studies
from fraud_lab.rules.month import Month
from fraud_ops.jobs.worker import Progress
from fraud_ops.mesh.environment import LocalMesh

RULES, POLICY = DEFAULT_RULESET.read_text(), DEFAULT_POLICY.read_text()
MODELS = ("xgboost", "isolation_forest", "autoencoder")


def given(candidate: str, **more):
    texts = {"ruleset": RULES, "policy": POLICY, "candidate": candidate}
    return {
        "of": "ruleset",
        "on": "simulated",
        "payments": 1_000,
        "hours": None,
        "most": 2,
        "texts": texts,
        "documents": dict.fromkeys(texts, "a document"),
        **more,
    }


@pytest.fixture
def study(simulated, shipped, monkeypatch, tmp_path):
    """Carries out a study on a simulated month with a risk that sees most frauds."""
    fraud = simulated["fraud"].to_numpy()
    seen = fraud & (np.random.default_rng(1).random(len(fraud)) < 0.6)
    scores = {"xgboost": np.where(seen, 0.7, 0.001)}
    quiet = np.full(len(fraud), 0.5)
    frame = simulated.with_columns(
        *(pl.Series(f"score_{m}", scores.get(m, quiet)) for m in MODELS),
        *(pl.lit(value=False).alias(f"beyond_{m}") for m in MODELS),
    )
    month = Month(frame, seed=1, models={}, seconds={})
    made = histories.simulated(month, shipped, load(POLICY.encode()).document)
    monkeypatch.setattr(studies, "_history", lambda *_: made)
    handlers = studies.handlers(LocalMesh(tmp_path))

    def carry_out(kind, parameters):
        found = handlers[kind](parameters, Progress())
        assert json.loads(json.dumps(found, allow_nan=False)) == found
        return found

    return carry_out


def test_backtest_of_what_is_in_force_changes_no_verdict(study):
    found = study("backtest", given(RULES))
    assert found["verdicts"] == {}
    assert found["figures"]["old"] == found["figures"]["new"]
    assert any(rule["hits"] for rule in found["rules"])


def test_what_if_of_a_policy_has_a_cheapest_threshold(study):
    found = study("what_if", given(POLICY, hours=1.0))
    costs = {
        one["factor"]: one["cost_per_1000"]["value"] for one in found["thresholds"]
    }
    assert costs[found["cheapest"]["factor"]] == min(costs.values())
    assert found["saved_minor"]["value"] == 0.0


def test_suggestions_come_as_drafts(study):
    found = study("suggest", given(RULES))
    assert len(found["suggestions"]) <= 2
    drafts = {rule["when"] for rule in yaml.safe_load(found["drafts"])["rules"]}
    assert drafts == {one["when"] for one in found["suggestions"]}


def test_policy_that_declines_less_is_shown_the_payment_that_gets_by(study):
    milder = POLICY.replace(
        "from: 0.20, allow: [CHALLENGE]", "from: 0.30, allow: [CHALLENGE]", 1
    )
    with pytest.raises(studies.StudyRefused, match="a document"):
        study("prove", given("rules: [", of="policy"))
    found = study("prove", given(milder, of="policy"))
    assert found["milder"]["outcome"] == "witness"
    assert found["milder"]["witness"]["evidence"]
