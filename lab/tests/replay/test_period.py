"""A recorded period decided again: the same versions give the same, others are told apart."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from fraud_engines.policy.policy import DEFAULT_POLICY, load
from fraud_engines.rules.engine import evaluate
from fraud_engines.rules.ruleset import DEFAULT_RULESET
from fraud_engines.rules.ruleset import load as load_ruleset
from fraud_features.definitions.registry import PAYMENT_FEATURES
from fraud_lab.replay.period.command import gates, utc
from fraud_lab.replay.period.in_force import (
    Entry,
    InForce,
    Lists,
    shipped_policy,
    shipped_ruleset,
)
from fraud_lab.replay.period.recompute import Instead, Recomputer
from fraud_orchestrator.action_requests import planned
from fraud_scoring.artifacts.keys import generate_keys
from fraud_scoring.serving.model import Model
from fraud_scoring.testing import linear_draft, linear_engine, memory_registry
from fraud_shared.contracts.decision import DecisionMade, Verdict
from fraud_shared.contracts.entries import Marker
from fraud_shared.contracts.features import FeatureVector
from fraud_shared.contracts.signal import Signal
from fraud_shared.testing.factories import make_decision_made

AT = datetime(2026, 6, 1, 12, tzinfo=UTC)
IN_FORCE = InForce(shipped_ruleset(), shipped_policy())
POLICY = load(DEFAULT_POLICY.read_bytes())
RULESET = load_ruleset(DEFAULT_RULESET.read_bytes(), PAYMENT_FEATURES)


class Payments(Model):
    """A published linear model that takes the first three features of a payment."""

    def rows(self, vectors: Sequence[FeatureVector]) -> Any:
        short = [v.model_copy(update={"values": v.values[:3], "hash": self.feature_hash})
                 for v in vectors]  # fmt: skip
        return super().rows(short)


class OneModel:
    """Answers for every source, as `PublishedModels` does for a bundle."""

    def __init__(self, *weights: float) -> None:
        registry = memory_registry(generate_keys())
        made = registry.publish(linear_draft(weights), now=AT)
        self.model = Payments(linear_engine(), made)

    def that_scored(self, source: str, ref: object) -> Model:
        return self.model


MODEL = OneModel(0.5, 1.0, -0.25)


def vector(*values: float) -> FeatureVector:
    whole = [*values, *[0.0] * (len(PAYMENT_FEATURES.names) - len(values))]
    return FeatureVector(
        feature_set=PAYMENT_FEATURES.name,
        version=PAYMENT_FEATURES.version,
        hash=PAYMENT_FEATURES.hash,
        values=tuple(whole),
    )


def served(number: int, *values: float) -> DecisionMade:
    """A decision as the engines made it."""
    made = make_decision_made(f"d-{number}", f"t-{number}")
    features = vector(*values)
    rules = evaluate(RULESET, made.transaction, features, AT)
    model = MODEL.model
    rows = model.rows([features])
    signal = model.signal(model.score(rows)[0], model.explain(rows[0]))
    decision = made.decision.model_copy(
        update={"rules": rules, "signals": (signal,), "decided_at": AT}
    )
    whole = made.model_copy(update={"decision": decision, "features": features})
    return _ruled(whole, signal)


def _ruled(made: DecisionMade, signal: Signal) -> DecisionMade:
    ruling = POLICY.decide(made.request())
    was = made.decision
    names = ("decision", "challenge", "confidence", "risk", "expected_loss_minor",
             "reason", "reasons", "degraded")  # fmt: skip
    update = {
        **{name: getattr(ruling, name) for name in names},
        "rules_flag": was.rules.rules_flag,
        "actions": planned(was.decision_id, ruling.actions),
        "versions": {"policy": ruling.policy},
    }
    return made.model_copy(update={"decision": was.model_copy(update=update)})


def again(*made: DecisionMade, models: Any = MODEL, **instead: str) -> Any:
    records = [one.model_dump_json().encode() for one in made]
    return Recomputer(models, IN_FORCE, Instead(**instead)).chunk(records)


PERIOD = [served(n, float(n % 4), n / 7, -n / 11) for n in range(12)]


def test_what_was_served_is_decided_again_bit_for_bit() -> None:
    tally = again(*PERIOD)
    assert (tally.payments, tally.identical) == (12, 12)
    assert not tally.fields
    assert not tally.not_recomputed
    assert tally.signals == 12
    assert all(one.holds for one in gates(tally, 0.001, Instead()))


@pytest.mark.parametrize(
    ("changed", "name"),
    [
        ({"risk": 0.123}, "risk"),
        ({"decision": Verdict.DECLINE}, "decision"),
        ({"reason": "another"}, "reason"),
        ({"rules_flag": "FLAG"}, "rules_flag"),
        ({"degraded": ()}, "degraded"),
    ],
)
def test_one_changed_field_is_named(changed: dict[str, Any], name: str) -> None:
    decision = PERIOD[3].decision.model_copy(update=changed)
    forged = PERIOD[3].model_copy(update={"decision": decision})
    assert POLICY.decide(
        forged.request()
    ).degraded  # or the last case would say nothing
    tally = again(*PERIOD[:3], forged)
    assert (tally.identical, dict(tally.fields)) == (3, {name: 1})
    assert tally.example["decision_id"] == "d-3"
    assert not gates(tally, 0.001, Instead())[0].holds


def test_a_score_that_is_off_by_one_bit_is_named() -> None:
    signal = PERIOD[3].decision.signals[0]
    other = signal.model_copy(update={"score": signal.score + 2**-50})
    decision = PERIOD[3].decision.model_copy(update={"signals": (other,)})
    forged = PERIOD[3].model_copy(update={"decision": decision})
    assert dict(again(forged).fields) == {"signals.xgboost.score": 1}


def test_another_ruleset_is_compared_with_the_past() -> None:
    rules = DEFAULT_RULESET.read_text().replace(
        "when: in_denied_accounts(account_id)", "when: amount_minor >= 0"
    )
    tally = again(*PERIOD, ruleset=rules)
    assert tally.fields == {"rules.rules_flag": 12}
    assert tally.verdicts == {("CHALLENGE", "DECLINE"): 9}  # three were declined before
    assert tally.signals == 0  # who is blocked is not scored


def test_other_models_are_compared_with_the_past() -> None:
    tally = again(*PERIOD, models=OneModel(9.0, 9.0, 9.0), bundle="other")
    assert tally.fields.total() == 12


def test_a_version_that_is_gone_is_counted_and_turns_the_gate_red() -> None:
    decision = PERIOD[0].decision.model_copy(update={"versions": {"policy": "old@1"}})
    tally = again(PERIOD[0].model_copy(update={"decision": decision}), PERIOD[1])
    assert tally.not_recomputed == {"policy old@1": 1}
    assert tally.identical == 1
    left_out = gates(tally, 0.001, Instead())[1]
    assert (left_out.name, left_out.holds) == ("payments not recomputed", False)


def test_lists_are_as_they_were_at_the_payment() -> None:
    def marker(name: str) -> Marker:
        return Marker(
            marker_id=name, on="deny", kind="account", value=name, expires_at=None,
            ended=False,
        )  # fmt: skip

    early = Entry(marker("early"), AT, None, revision=1)
    ended = Entry(marker("ended"), AT, AT + timedelta(days=2), revision=4)
    late = Entry(marker("late"), AT + timedelta(days=1), None, revision=3)
    lists = Lists([early, ended, late])

    def held(revision: int, days: float) -> set[str]:
        lists.turn_to(revision, AT + timedelta(days=days))
        assert lists.register.revision == revision
        return {one.marker_id for one in lists.register.markers()}

    assert held(2, 0.5) == {"early", "ended"}
    assert held(3, 1.5) == {"early", "ended", "late"}
    assert held(4, 2.5) == {"early", "late"}
    before = replace(ended, created_at=AT + timedelta(days=1))
    assert not before.held(2, AT + timedelta(days=0.5))


def test_a_time_without_a_zone_is_utc() -> None:
    assert utc(datetime(2026, 6, 1, 12)) == AT  # noqa: DTZ001
    assert utc(AT) is AT
    assert utc(None) is None
