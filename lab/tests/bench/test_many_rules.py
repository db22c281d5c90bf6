"""The ruleset that the benchmark of rules is about."""

from fraud_engines.rules.ruleset import load
from fraud_features.definitions.registry import PAYMENT_FEATURES
from fraud_lab.bench.rules.command import many_rules


def test_has_as_many_live_rules_as_asked_and_no_two_alike() -> None:
    ruleset = load(many_rules(200).encode(), PAYMENT_FEATURES)
    assert {rule.state for rule in ruleset.rules} == {"live"}
    assert len(ruleset.rules) == 200
    sources = {rule.expression.source for rule in ruleset.rules}
    # Rules without a number, those over lists, are repeated as they are.
    assert len(sources) > 130
