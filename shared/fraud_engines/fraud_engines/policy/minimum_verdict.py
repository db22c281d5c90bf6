"""What each part of the evidence demands. A policy takes the strictest of them all.

Every demand obeys one law: with its part missing it asks for at least as much as with
its part at its most innocent. That is what makes a gap never milder than evidence.
"""

from collections.abc import Iterator
from dataclasses import dataclass

from fraud_engines.policy.evidence import Evidence
from fraud_engines.policy.policy_schema import SEVERITIES, PolicyDocument, Severity
from fraud_shared.contracts.decision import Reason, Verdict
from fraud_shared.contracts.degraded import DegradedCode, missing_block
from fraud_shared.contracts.reasons import ReasonCode
from fraud_shared.contracts.signal import ModelSource

_FLAG_WEIGHT: dict[str, float] = {
    "low": 0.1, "medium": 0.4, "high": 0.7, "critical": 0.9,
}  # fmt: skip

# The feature by which the models know how much is paid.
AMOUNT_FEATURE = "amount_ref_minor"


@dataclass(frozen=True, slots=True)
class MinimumVerdict:
    """The least that one part of the evidence asks for, and why.

    `review`: only a person can answer it, so a challenge becomes a manual review.
    """

    verdict: Verdict
    reason: Reason
    review: bool = False


def anomaly(evidence: Evidence, policy: PolicyDocument) -> Iterator[MinimumVerdict]:
    """Percentiles of the anomaly models: alone, together, or tightened by a gap."""
    limits, scores = policy.anomaly, evidence.anomalies
    together = len(scores) > 1 and all(
        score >= limits.together for score in scores.values()
    )
    tightened = bool(evidence.missing_models)
    for name, score in scores.items():
        if together:
            code, limit = ReasonCode.ANOMALY_TOGETHER, limits.together
        elif tightened and score >= limits.tightened:
            code, limit = ReasonCode.ANOMALY_TIGHTENED, limits.tightened
        elif score >= limits.alone:
            code, limit = ReasonCode.ANOMALY_ALONE, limits.alone
        else:
            continue
        text = f"Stranger than {score:.2%} of payments (threshold {limit:.2%})"
        yield MinimumVerdict(Verdict.CHALLENGE, _reason(code, text, name, score))


def rules(evidence: Evidence, policy: PolicyDocument) -> Iterator[MinimumVerdict]:
    """Rule hits: BLOCK declines, FLAG demands what its severity says."""
    result = evidence.request.rules
    severities: list[Severity] = []
    for hit in result.hits:
        if hit.effect == "BLOCK":
            reason = _reason(ReasonCode.RULE_BLOCK, hit.reason, hit.rule, 1.0)
            yield MinimumVerdict(Verdict.DECLINE, reason)
        else:
            severities.append(hit.severity)
            yield _flag(evidence, policy, hit.severity, hit.reason, hit.rule)
    if result.rules_flag == "BLOCK" and not any(
        h.effect == "BLOCK" for h in result.hits
    ):
        yield MinimumVerdict(
            Verdict.DECLINE,
            _reason(ReasonCode.RULE_BLOCK, "The rules block it", "rules", 1.0),
        )
    if result.rules_flag == "FLAG" and not result.hits:
        yield _flag(
            evidence, policy, policy.flags.unnamed, "The rules flag it", "rules"
        )
    several = policy.flags.several
    least = SEVERITIES.index(several.severity)
    count = sum(SEVERITIES.index(severity) >= least for severity in severities)
    if count >= several.count:
        text = f"{count} rules of severity {several.severity} or above at once"
        yield MinimumVerdict(
            several.verdict, _reason(ReasonCode.SEVERAL_FLAGS, text, "rules", 0.7)
        )


def _flag(
    evidence: Evidence, policy: PolicyDocument, severity: Severity, text: str, rule: str
) -> MinimumVerdict:
    row = policy.flags.of(severity)
    # An unknown risk may be anything, so it cannot excuse the flag.
    counts = evidence.risk is None or evidence.risk >= row.from_risk
    verdict = row.verdict if counts else Verdict.APPROVE
    return MinimumVerdict(
        verdict, _reason(ReasonCode.RULE_FLAG, text, rule, _FLAG_WEIGHT[severity])
    )


def screening(evidence: Evidence, policy: PolicyDocument) -> Iterator[MinimumVerdict]:
    """Sanctions: strict liability, so neither amount nor risk softens it."""
    result = evidence.request.screening
    if result.status != "unavailable" and result.detail == DegradedCode.SANCTIONS_STALE:
        text = "The sanctions lists are too old to rely on"
        reason = _reason(DegradedCode.SANCTIONS_STALE, text, "sanctions", 0.5)
        yield MinimumVerdict(Verdict.CHALLENGE, reason, review=True)
    if result.status == "clear":
        return
    if result.status == "unavailable":
        text = "Sanctions screening gave no answer"
        reason = _reason(DegradedCode.SANCTIONS_UNAVAILABLE, text, "sanctions", 0.5)
        yield MinimumVerdict(Verdict.CHALLENGE, reason, review=True)
        return
    if result.status == "incomplete":
        text = "Somebody who must be screened is not named"
        reason = _reason(DegradedCode.SCREENING_INCOMPLETE, text, "sanctions", 0.5)
        yield MinimumVerdict(Verdict.CHALLENGE, reason, review=True)
        return
    likeness = max((hit.similarity for hit in result.hits), default=1.0)
    parties = " and ".join(sorted({hit.role for hit in result.hits})) or "A party"
    if result.status == "match":
        text = f"Listed under sanctions: {parties}"
        reason = _reason(ReasonCode.SANCTIONS_MATCH, text, "sanctions", 1.0)
        yield MinimumVerdict(policy.screening.match, reason, review=True)
    else:
        text = f"Resembles a sanctioned name: {parties}"
        reason = _reason(ReasonCode.SANCTIONS_POSSIBLE, text, "sanctions", likeness)
        yield MinimumVerdict(policy.screening.possible, reason, review=True)


def missing_evidence(
    evidence: Evidence, policy: PolicyDocument
) -> Iterator[MinimumVerdict]:
    """Missing rules, and evidence so thin that only the stand-in rule may approve."""
    if evidence.blocked:
        return
    if not evidence.rules_known:
        differs = evidence.request.rules.failover == "differs"
        code = (
            DegradedCode.RULES_FAILOVER_DIFFERS
            if differs
            else DegradedCode.RULES_UNAVAILABLE
        )
        yield MinimumVerdict(
            Verdict.CHALLENGE, _reason(code, code.text, "rules", 0.5), True
        )
    if evidence.risk is not None and evidence.risk_source != evidence.models.risk:
        code = DegradedCode.RISK_MODEL_FAILOVER
        reason = _reason(code, code.text, evidence.risk_source, 0.0)
        yield MinimumVerdict(Verdict.APPROVE, reason)
    for block in evidence.missing_blocks:
        row, code = policy.gaps[block], missing_block(block)
        yield MinimumVerdict(
            row.at(evidence.request.amount_ref_minor),
            _reason(code, code.text, "policy", 0.5),
            row.review,
        )
    thin = _thin(evidence, policy)
    if not thin:
        return
    refusal = stand_in_refusal(evidence, policy)
    if refusal is None:
        text = "Approved on thin evidence within the stand-in limits"
        yield MinimumVerdict(
            Verdict.APPROVE, _reason(ReasonCode.STAND_IN, text, "policy", 0.0)
        )
    else:
        text = f"Evidence is missing and {refusal}"
        yield MinimumVerdict(
            Verdict.CHALLENGE,
            _reason(thin, text, "policy", 0.5),
            review=evidence.all_models_missing,
        )


def amounts(evidence: Evidence, policy: PolicyDocument) -> Iterator[MinimumVerdict]:
    """Amounts beyond what the account, or the training data, ever saw. A history that is
    unknown is none."""
    request, limits = evidence.request, policy.amounts
    amount, typical = request.amount_ref_minor, request.account_typical_minor
    if amount > limits.trained_max_minor or _is_out_of_range(evidence):
        yield _amount(ReasonCode.AMOUNT_BEYOND_TRAINING)
    if (request.history_payments or 0) < limits.known_after_payments or not typical:
        if amount > limits.new_account_max_minor:
            yield _amount(ReasonCode.AMOUNT_NEW_ACCOUNT)
    elif (
        amount >= limits.over_typical_from_minor
        and amount >= (request.account_largest_minor or 0)
        and amount > limits.over_typical * typical
    ):
        yield _amount(ReasonCode.AMOUNT_BEYOND_HISTORY)


def _is_out_of_range(evidence: Evidence) -> bool:
    """Whether a model that has a say never saw such an amount in training."""
    names = (evidence.risk_source, *evidence.models.anomaly)
    return any(
        AMOUNT_FEATURE in signal.ood_features
        for signal in evidence.request.signals
        if signal.source in names
    )


def _amount(code: ReasonCode) -> MinimumVerdict:
    return MinimumVerdict(Verdict.CHALLENGE, _reason(code, code.text, "policy", 0.5))


def _thin(
    evidence: Evidence, policy: PolicyDocument
) -> DegradedCode | ReasonCode | None:
    """The code of the gap that makes the evidence thin. One missing model does not, nor
    does a lower bound of velocity for an account that is known to have paid before."""
    if evidence.all_models_missing:
        return DegradedCode.MODELS_UNAVAILABLE
    if len(evidence.missing_models) > 1:
        return ReasonCode.SEVERAL_MODELS_UNAVAILABLE
    request = evidence.request
    if request.velocity_lower_bound:
        if (request.history_payments or 0) < policy.stand_in.known_after_payments:
            return DegradedCode.VELOCITY_LOWER_BOUND
    elif not request.velocity_known:
        return DegradedCode.VELOCITY_UNKNOWN
    if not evidence.rules_complete:
        return DegradedCode.RULES_INCOMPLETE
    return None


def stand_in_refusal(evidence: Evidence, policy: PolicyDocument) -> str | None:
    """Why the payment may not be approved on thin evidence; None when it may.

    A history or a count that is unknown refuses: a customer nobody can vouch for is new.
    """
    request, limits = evidence.request, policy.stand_in
    if request.amount_ref_minor > limits.amount_max_minor:
        return "the amount is above the stand-in limit"
    if (request.history_payments or 0) < limits.known_after_payments:
        return "the customer is not known"
    if request.stand_in_count is None or request.stand_in_sum_minor is None:
        return "earlier stand-in approvals are unknown"
    if request.stand_in_count >= limits.in_a_row_max:
        return "too many stand-in approvals in a row"
    if request.stand_in_sum_minor + request.amount_ref_minor > limits.sum_max_minor:
        return "stand-in approvals add up to too much"
    if evidence.rule_hit:
        return "a rule fired"
    if request.screening.status != "clear":
        return "screening is not clear"
    return None


def _reason(
    code: ReasonCode | DegradedCode, text: str, source: ModelSource | str, weight: float
) -> Reason:
    return Reason(code=code, text=text[:256], source=source, weight=weight)
