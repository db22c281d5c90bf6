"""What the policy would be asked about a recorded payment with one thing changed."""

from typing import Protocol

from fraud_features.definitions.currency import to_reference
from fraud_features.definitions.facts import facts_of
from fraud_features.definitions.maths import ratio
from fraud_features.definitions.registry import PAYMENT_FEATURES
from fraud_shared.contracts.decision import (
    DecideRequest,
    DecisionMade,
    Reason,
    decide_request,
)
from fraud_shared.contracts.degraded import DegradedCode
from fraud_shared.contracts.features import FeatureVector
from fraud_shared.contracts.reasons import ReasonCode
from fraud_shared.contracts.screening import ScreeningResult
from fraud_shared.contracts.signal import ModelSource, RulesResult
from fraud_shared.contracts.transaction import Transaction


class Rules(Protocol):
    """The rules in force."""

    def evaluate(self, payment: Transaction, features: FeatureVector) -> RulesResult:
        """What the rules say."""


def with_amount(record: DecisionMade, amount: int, rules: Rules) -> DecideRequest:
    """What the policy would be asked about the same payment of another amount. The rules
    are asked again unless a standing block answered for them."""
    old = record.transaction
    payment = old.model_copy(update={"amount_minor": amount})
    reference = to_reference(amount, payment.currency)
    features = _features(record, payment, reference)
    context = record.context
    largest = context.account_largest_minor
    if largest is not None:
        # It counts this payment. Where this one was the largest, the one before it is
        # unknown: then the other amount is taken to be the largest, which is the strictest.
        own = largest <= context.amount_ref_minor
        largest = reference if own else max(largest, reference)
    recorded = record.decision.rules
    result = recorded
    if not by_others(recorded):
        again = rules.evaluate(payment, features)
        result = again.model_copy(update={"failover": recorded.failover})
    return decide_request(
        payment,
        context.model_copy(
            update={"amount_ref_minor": reference, "account_largest_minor": largest}
        ),
        result,
        record.decision.signals,
        record.decision.screening,
    )


def with_score(
    request: DecideRequest, model: ModelSource, score: float
) -> DecideRequest:
    """The same question with another score of one model."""
    signals = tuple(
        s.model_copy(update={"score": score})
        if s.source == model and s.outcome == "scored"
        else s
        for s in request.signals
    )
    return request.model_copy(update={"signals": signals})


def without(request: DecideRequest, reason: Reason) -> DecideRequest | None:
    """The question without the ground of a reason, at its most innocent; None for one that
    is no single piece of evidence (several flags, an amount, missing models)."""
    code = reason.code
    if code in (ReasonCode.RULE_BLOCK, ReasonCode.RULE_FLAG):
        rules = _without_rule(request.rules, reason.source)
        return request.model_copy(update={"rules": rules})
    if code.startswith("SANCTIONS_"):
        clear = ScreeningResult(status="clear")
        return request.model_copy(update={"screening": clear})
    if code in (DegradedCode.RULES_UNAVAILABLE, DegradedCode.RULES_FAILOVER_DIFFERS):
        innocent = RulesResult(outcome="scored", rules_flag="ALLOW")
        return request.model_copy(update={"rules": innocent})
    if code == DegradedCode.VELOCITY_UNKNOWN:
        return request.model_copy(update={"velocity_known": True})
    if code.endswith("_MISSING"):
        block = code.removesuffix("_MISSING").lower()
        rest = tuple(b for b in request.absent_blocks if b != block)
        return request.model_copy(update={"absent_blocks": rest})
    return None


def _without_rule(rules: RulesResult, name: str) -> RulesResult:
    hits = tuple(hit for hit in rules.hits if hit.rule != name)
    effects = {hit.effect for hit in hits}
    flag = "BLOCK" if "BLOCK" in effects else "FLAG" if effects else "ALLOW"
    errors = tuple(error for error in rules.errors if error != name)
    return rules.model_copy(update={"hits": hits, "rules_flag": flag, "errors": errors})


def _features(
    record: DecisionMade, payment: Transaction, reference: int
) -> FeatureVector:
    """The vector with every feature anew that follows from the payment alone, sums moved by
    the difference, and the ratio to what is typical."""
    names = PAYMENT_FEATURES.names
    before = PAYMENT_FEATURES.values_offline(facts_of(record.transaction))
    after = PAYMENT_FEATURES.values_offline(facts_of(payment))
    moved = reference - record.context.amount_ref_minor
    values = list(record.features.values)
    for at, name in enumerate(names):
        if before[at] != after[at]:
            values[at] = after[at]
        elif "_sum_" in name and name != "account_received_sum_24h":
            old = values[at]
            # Unknown stays unknown: a payment without a card has no sum of the card.
            values[at] = None if old is None else max(0, old + moved)
    typical = values[PAYMENT_FEATURES.index["typical_amount"]]
    at = PAYMENT_FEATURES.index["amount_over_typical"]
    if values[at] is not None:
        values[at] = ratio(reference, typical)
    return record.features.model_copy(update={"values": tuple(values)})


def by_others(result: RulesResult) -> bool:
    """Whether something else than rules spoke: a standing block, or nobody."""
    blocks = any(hit.rule.startswith("B-") for hit in result.hits)
    return blocks or result.outcome != "scored"
