"""Evaluates every rule on one payment. Pure: values in, a result out.

What stands when several things are said: a hard BLOCK (a hard rule, or the deny list)
outweighs the allow list, that outweighs every other BLOCK, and a BLOCK outweighs a FLAG.
"""

from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime
from time import perf_counter, perf_counter_ns
from typing import Any

from fraud_engines.rules.expression import Trouble, Value
from fraud_engines.rules.register import Findings
from fraud_engines.rules.ruleset import Rule, Ruleset
from fraud_shared.contracts.features import FeatureVector
from fraud_shared.contracts.signal import RuleHit, RulesFlag, RulesResult
from fraud_shared.contracts.transaction import Transaction


class WrongFeatures(ValueError):
    """The vector belongs to another feature set than the rules were checked against."""


def evaluate(
    ruleset: Ruleset, payment: Transaction, features: FeatureVector, now: datetime
) -> RulesResult:
    """What the rules and the lists say. Raises WrongFeatures.

    A live rule goes into `errors` when it could not be decided: a field it needs was lost
    with the online store, or it failed on this payment's values; then it is a hit of kind
    `error` as well. A rule about something this payment does not have is simply not hit.
    """
    if features.hash != ruleset.feature_hash:
        raise WrongFeatures
    began = perf_counter()
    found = ruleset.register.look(payment, now)
    hard: list[RuleHit] = list(found.hits("deny"))
    soft: list[RuleHit] = []
    shadow: list[RuleHit] = []
    errors: list[str] = []
    for rule, hit in _ask(ruleset, payment, features):
        acts = rule.acts(now)
        if acts and (hit is None or hit.kind == "error"):
            errors.append(rule.ref)
        if hit is None:
            continue
        if not acts or (rule.tier == "soft" and found.snoozed(rule.id)):
            shadow.append(hit)
        else:
            (hard if rule.tier == "hard" else soft).append(hit)
    hits, overridden = _outweighed(hard, soft, found)
    return RulesResult(
        outcome="scored",
        rules_flag=_flag(hits),
        hits=hits,
        shadow=tuple(shadow),
        overridden=overridden,
        errors=tuple(errors),
        ruleset=ruleset.version,
        entries=ruleset.register.revision,
        elapsed_ms=(perf_counter() - began) * 1e3,
    )


def timed(
    ruleset: Ruleset, payment: Transaction, features: FeatureVector
) -> dict[str, float]:
    """Microseconds of each rule, asked one by one: what most payments are spared."""
    values, _ = ruleset.reader.read(payment, features.values)
    activation = ruleset.language.activation(values)
    found: dict[str, float] = {}
    at = perf_counter_ns()
    for rule in ruleset.evaluated:
        rule.expression.truth(activation)
        before, at = at, perf_counter_ns()
        found[rule.ref] = (at - before) / 1e3
    return found


def _ask(
    ruleset: Ruleset, payment: Transaction, features: FeatureVector
) -> Iterator[tuple[Rule, RuleHit | None]]:
    """Every rule that is hit or fails, with its hit; None for one that cannot be decided,
    because a field that it needs was lost."""
    values, lost = ruleset.reader.read(payment, features.values)
    activation = ruleset.language.activation(values)
    at = perf_counter_ns()
    for rule in _to_ask(ruleset, values, lost, activation):
        truth = rule.expression.truth(activation)
        before, at = at, perf_counter_ns()
        if truth is True:
            yield rule, rule.hit(values, (at - before) / 1e3)
        elif truth is Trouble.FAULT:
            yield rule, rule.failed((at - before) / 1e3)
        elif truth is not False and not lost.isdisjoint(rule.expression.uses):
            yield rule, None


def _to_ask(
    ruleset: Ruleset, values: Mapping[str, Value], lost: frozenset[str], activation: Any
) -> Sequence[Rule]:
    """The rules that have to be asked one by one: often none.

    With something lost each is asked, for a rule that is false all the same is known.
    """
    if lost:
        return ruleset.evaluated
    open_places = ruleset.shortlists.of(values).open(activation)
    return [ruleset.evaluated[place] for place in open_places]


def _outweighed(
    hard: list[RuleHit], soft: list[RuleHit], found: Findings
) -> tuple[tuple[RuleHit, ...], tuple[RuleHit, ...]]:
    """The hits that stand, and those that the allow list outweighs, with its entries."""
    soft = [*soft, *found.hits("watch")]
    allowed = found.hits("allow")
    if not allowed:
        return (*hard, *soft), ()
    return tuple(hard), (*soft, *allowed)


def _flag(hits: tuple[RuleHit, ...]) -> RulesFlag:
    if any(hit.effect == "BLOCK" for hit in hits):
        return "BLOCK"
    return "FLAG" if hits else "ALLOW"
