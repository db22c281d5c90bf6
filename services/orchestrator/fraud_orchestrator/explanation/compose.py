"""An explanation put together from what was recorded, what models said again, and the
counterfactual. Pure."""

from collections.abc import Mapping, Sequence

from fraud_features.definitions.registry import PAYMENT_FEATURES
from fraud_orchestrator.explanation import words
from fraud_orchestrator.explanation.adverse_actions import for_letter
from fraud_orchestrator.explanation.counterfactual import Found
from fraud_shared.contracts.decision import DecisionMade, Reason, Verdict
from fraud_shared.contracts.explanation import (
    AdverseAction,
    ExplainedModel,
    ExplainedReason,
    ExplainedRule,
    Explanation,
    Origin,
)
from fraud_shared.contracts.signal import Contribution, RuleHit, Signal

# Scores are float32 inside and JSON between: equal to this is equal.
TOLERANCE = 1e-9


def compose(
    record: DecisionMade,
    again: Mapping[str, Signal],
    found: Found,
    decisive: Sequence[Reason] = (),
) -> Explanation:
    """The explanation of a record. `again`: what models said of the stored vector, by
    source, where contributions were not recorded. `decisive`: the reasons that demand the
    verdict; without them the first recorded one is taken."""
    made, payment = record.decision, record.transaction
    models = [explained_model(s, again.get(s.source)) for s in made.signals]
    decisive = decisive or made.reasons[:1]
    heads = "; ".join(reason.text for reason in decisive) or made.reason
    challenge = f" ({made.challenge})" if made.challenge else ""
    return Explanation(
        decision_id=made.decision_id,
        transaction_id=made.transaction_id,
        account_id=payment.account_id,
        amount_minor=payment.amount_minor,
        currency=payment.currency,
        decided_at=made.decided_at,
        decision=made.decision.value,
        challenge=made.challenge,
        risk=made.risk,
        summary=f"{words.verdict(made.decision).capitalize()}{challenge}: {heads}.",
        decided_by=[reason.code for reason in decisive],
        reasons=[_reason(reason) for reason in made.reasons],
        sentences=words.standing_out(_values(record)),
        models=models,
        worst_reconstructed=[
            feature
            for model in models
            if model.source == "autoencoder"
            for feature in model.features
        ],
        rules=[_rule(hit) for hit in made.rules.hits],
        missing=[words.meaning_of(code) for code in made.degraded],
        counterfactual=words.counterfactual(
            found.change, found.none_because, payment.currency
        ),
        change=found.change,
        customer=letter(made.decision, decisive),
        versions=made.versions,
    )


def _reason(reason: Reason) -> ExplainedReason:
    return ExplainedReason(
        code=reason.code,
        text=reason.text,
        meaning=words.meaning_of(reason.code),
        source=reason.source,
        weight=reason.weight,
    )


def _rule(hit: RuleHit) -> ExplainedRule:
    return ExplainedRule(
        rule=hit.rule,
        effect=hit.effect,
        severity=hit.severity,
        reason=hit.reason,
        kind=hit.kind,
    )


def explained_model(signal: Signal, again: Signal | None) -> ExplainedModel:
    """A model's score, with the contributions that were recorded, or those that the same
    model gives for the stored vector."""
    parts = signal.top_features
    origin: Origin = "recorded"
    missing: str | None = None
    if not parts:
        parts, origin, missing = _again(signal, again)
    features = [words.explained(part) for part in parts]
    model = signal.model
    return ExplainedModel(
        source=signal.source,
        version=None if model is None else f"{model.name}@{model.version}",
        outcome=signal.outcome,
        score=signal.score,
        origin=origin,
        missing=missing,
        features=features,
        groups=words.grouped(features),
    )


def _again(
    signal: Signal, again: Signal | None
) -> tuple[tuple[Contribution, ...], Origin, str | None]:
    if signal.outcome != "scored":
        return (), "missing", "The model gave no score"
    if again is None or again.outcome != "scored":
        return (), "missing", "The model does not answer now"
    if again.model != signal.model or not _close(signal.score, again.score):
        return (), "missing", "Another version of the model serves now"
    if not again.top_features:
        return (), "missing", "The model gave no contributions"
    return again.top_features, "recomputed", None


def _close(one: float | None, other: float | None) -> bool:
    return one is not None and other is not None and abs(one - other) <= TOLERANCE


def letter(verdict: Verdict, decisive: Sequence[Reason]) -> list[AdverseAction]:
    """What the customer's letter may say of the reasons that demand a verdict."""
    if verdict is Verdict.APPROVE:
        return []
    return for_letter(reason.code for reason in decisive)


def _values(record: DecisionMade) -> Mapping[str, float | None]:
    """The stored vector by name; of another feature set nothing is said."""
    if record.features.hash != PAYMENT_FEATURES.hash:
        return {}
    return PAYMENT_FEATURES.named(record.features)
