"""Evaluates every rule on one payment. Pure: values in, a result out."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from time import perf_counter, perf_counter_ns
from typing import Any

from fraud_engines.rules.expression import Trouble, Value
from fraud_engines.rules.ruleset import Rule, Ruleset
from fraud_shared.contracts.features import FeatureVector
from fraud_shared.contracts.signal import RuleHit, RulesFlag, RulesResult
from fraud_shared.contracts.transaction import Transaction


class WrongFeatures(ValueError):
    """The vector belongs to another feature set than the rules were checked against."""


def evaluate(
    ruleset: Ruleset, payment: Transaction, features: FeatureVector, now: datetime
) -> RulesResult:
    """What the rules say. Raises WrongFeatures.

    A live rule goes into `errors` when it could not be decided: a field it needs was
    lost with the online store, or it failed on this payment's values. A rule about
    something this payment does not have is simply not hit.
    """
    if features.hash != ruleset.feature_hash:
        raise WrongFeatures
    began = perf_counter()
    values, lost = ruleset.reader.read(payment, features.values)
    activation = ruleset.language.activation(values)
    hits: list[RuleHit] = []
    shadow: list[RuleHit] = []
    errors: list[str] = []
    at = perf_counter_ns()
    for rule in _to_ask(ruleset, values, lost, activation):
        truth = rule.expression.truth(activation)
        before, at = at, perf_counter_ns()
        if truth is False:
            continue
        if truth is True:
            hit = RuleHit(
                rule=rule.ref,
                effect=rule.effect,
                severity=rule.severity,
                reason=rule.reason(values),
                elapsed_us=(at - before) / 1e3,
            )
            (hits if rule.acts(now) else shadow).append(hit)
        elif rule.acts(now) and (
            truth is Trouble.FAULT or not lost.isdisjoint(rule.expression.uses)
        ):
            errors.append(rule.ref)
    return RulesResult(
        outcome="scored",
        rules_flag=_flag(hits),
        hits=tuple(hits),
        shadow=tuple(shadow),
        errors=tuple(errors),
        ruleset=ruleset.version,
        elapsed_ms=(perf_counter() - began) * 1e3,
    )


def _to_ask(
    ruleset: Ruleset, values: Mapping[str, Value], lost: frozenset[str], activation: Any
) -> Sequence[Rule]:
    """The rules that have to be asked one by one: often none.

    With something lost each is asked, for a rule that is false all the same is known.
    """
    if lost:
        return ruleset.evaluated
    shortlist = ruleset.shortlists.of(values)
    if shortlist.cleared(activation):
        return ()
    return [ruleset.evaluated[place] for place in shortlist.places]


def _flag(hits: list[RuleHit]) -> RulesFlag:
    if any(hit.effect == "BLOCK" for hit in hits):
        return "BLOCK"
    return "FLAG" if hits else "ALLOW"
