"""What can be missing when a payment is decided: the one list, and the one rule.

A new code is one member here and the line in `missing_codes` that says when it applies.
The documentation and the metrics follow from it.
"""

from collections.abc import Iterator, Sequence
from enum import StrEnum
from typing import Literal, Self, get_args

from fraud_shared.contracts.decision import DecideRequest, RiskModel
from fraud_shared.contracts.signal import ModelSource, RulesResult, Signal
from fraud_shared.contracts.transaction import Block


class DegradedCode(StrEnum):
    """One gap in the evidence. `text` is a sentence for people, `since` the release that
    first had the code."""

    text: str
    since: str

    def __new__(cls, code: str, text: str, since: str) -> Self:
        """A member that is its code and knows its text."""
        member = str.__new__(cls, code)
        member._value_ = code
        member.text = text
        member.since = since
        return member

    MODEL_XGBOOST_UNAVAILABLE = (
        "MODEL_XGBOOST_UNAVAILABLE",
        "XGBoost gave no score",
        "0.1",
    )
    MODEL_LIGHTGBM_UNAVAILABLE = (
        "MODEL_LIGHTGBM_UNAVAILABLE",
        "LightGBM was to decide and gave no score",
        "0.1",
    )
    MODEL_ISOLATION_FOREST_UNAVAILABLE = (
        "MODEL_ISOLATION_FOREST_UNAVAILABLE",
        "The isolation forest gave no score",
        "0.1",
    )
    MODEL_AUTOENCODER_UNAVAILABLE = (
        "MODEL_AUTOENCODER_UNAVAILABLE",
        "The autoencoder gave no score",
        "0.1",
    )
    MODELS_UNAVAILABLE = "MODELS_UNAVAILABLE", "No model gave a score", "0.1"
    MODELS_MIXED_BUNDLE = (
        "MODELS_MIXED_BUNDLE",
        "The scores come from models of several bundles",
        "0.1",
    )
    RISK_MODEL_FAILOVER = (
        "RISK_MODEL_FAILOVER",
        "Another calibrated score stands in for that of the model for risk",
        "0.2",
    )
    RULES_UNAVAILABLE = "RULES_UNAVAILABLE", "The rules gave no answer", "0.1"
    RULES_INCOMPLETE = "RULES_INCOMPLETE", "Some rules could not be decided", "0.1"
    RULES_FAILOVER = (
        "RULES_FAILOVER",
        "The gateway evaluated the same ruleset in its own process",
        "0.2",
    )
    RULES_FAILOVER_DIFFERS = (
        "RULES_FAILOVER_DIFFERS",
        "The gateway evaluated another ruleset than the service had last",
        "0.2",
    )
    DECISION_FAILOVER = (
        "DECISION_FAILOVER",
        "The gateway applied the same policy in its own process",
        "0.2",
    )
    DECISION_UNAVAILABLE = (
        "DECISION_UNAVAILABLE",
        "The policy gave no answer, and the gateway's own differs from it",
        "0.1",
    )
    VELOCITY_UNKNOWN = "VELOCITY_UNKNOWN", "The online store gave no windows", "0.1"
    VELOCITY_LOWER_BOUND = (
        "VELOCITY_LOWER_BOUND",
        "Windows hold only what the gateway itself saw",
        "0.2",
    )
    SANCTIONS_UNAVAILABLE = (
        "SANCTIONS_UNAVAILABLE",
        "Sanctions screening gave no answer",
        "0.1",
    )
    SANCTIONS_STALE = (
        "SANCTIONS_STALE",
        "The sanctions lists are too old to rely on",
        "0.1",
    )
    SCREENING_INCOMPLETE = (
        "SCREENING_INCOMPLETE",
        "Somebody who must be screened is not named",
        "0.2",
    )
    CARD_MISSING = "CARD_MISSING", "The payment does not say which card", "0.2"
    MERCHANT_MISSING = (
        "MERCHANT_MISSING",
        "The payment does not say which merchant",
        "0.2",
    )
    DEVICE_MISSING = "DEVICE_MISSING", "The payment does not say which device", "0.2"
    LOCATION_MISSING = (
        "LOCATION_MISSING",
        "The payment does not say where it is made",
        "0.2",
    )
    SESSION_MISSING = (
        "SESSION_MISSING",
        "The payment says nothing of its session",
        "0.2",
    )
    CUSTOMER_MISSING = "CUSTOMER_MISSING", "The payment does not say who pays", "0.2"
    COUNTERPARTY_MISSING = (
        "COUNTERPARTY_MISSING", "The payment does not say who receives it", "0.2")  # fmt: skip


# Who decided: the service, the gateway with the same policy, or nobody who may be relied on.
DecidedBy = Literal["service", "failover", "nobody"]
# The models that have a say where no policy says otherwise: first the one for risk.
CHAMPIONS: tuple[ModelSource, ...] = ("xgboost", "isolation_forest", "autoencoder")
# Codes that name no gap: nothing was missing, however it came about.
_WHOLE = frozenset({DegradedCode.MODELS_MIXED_BUNDLE, DegradedCode.RULES_FAILOVER,
                    DegradedCode.DECISION_FAILOVER})  # fmt: skip


def missing_codes(
    request: DecideRequest,
    models: Sequence[ModelSource] = CHAMPIONS,
    *,
    blocks: Sequence[Block] = (),
    decided_by: DecidedBy = "service",
) -> tuple[DegradedCode, ...]:
    """What is missing of the evidence on one payment, in a fixed order.

    `models` have a say, the first of them on risk; where the request names another for
    risk, that one has. `blocks` are those the payment should have brought and did not.
    """
    return (
        *_decision(decided_by),
        *_models(request, models),
        *_rules(request.rules),
        *_velocity(request),
        *_screening(request),
        *(missing_block(block) for block in blocks),
    )


def is_whole(codes: Sequence[str]) -> bool:
    """Whether no evidence was missing: every code only says how the evidence came."""
    return _WHOLE.issuperset(codes)


def missing_block(block: Block) -> DegradedCode:
    """The code of a block that a payment did not bring."""
    return DegradedCode[f"{block.upper()}_MISSING"]


def scored(signals: Sequence[Signal]) -> dict[ModelSource, float]:
    """The scores that are present; of two by one model the higher."""
    scores: dict[ModelSource, float] = {}
    for signal in signals:
        if signal.outcome == "scored" and signal.score is not None:
            scores[signal.source] = max(
                signal.score, scores.get(signal.source, signal.score)
            )
    return scores


def risk_stand_in(request: DecideRequest, lead: ModelSource) -> ModelSource | None:
    """Whose calibrated score stands in for that of `lead`, the model that decides on risk;
    None when `lead` scored, or nobody can stand in."""
    scores = scored(request.signals)
    if lead in scores:
        return None
    others = (model for model in get_args(RiskModel) if model in scores)
    return next(others, None)


def is_blocked(rules: RulesResult) -> bool:
    """Whether a hard block ended the payment before the models were asked."""
    return rules.rules_flag == "BLOCK" or any(h.effect == "BLOCK" for h in rules.hits)


def _decision(decided_by: DecidedBy) -> Iterator[DegradedCode]:
    if decided_by == "failover":
        yield DegradedCode.DECISION_FAILOVER
    elif decided_by == "nobody":
        yield DegradedCode.DECISION_UNAVAILABLE


def _models(
    request: DecideRequest, models: Sequence[ModelSource]
) -> Iterator[DegradedCode]:
    lead = request.risk_model or models[0]
    names = (lead, *models[1:])
    scores = scored(request.signals)
    failed = [name for name in names if name not in scores]
    if is_blocked(request.rules):
        # A BLOCK ends the request before the models are asked: no failure of theirs.
        broken = {
            s.source for s in request.signals if s.outcome in ("timed_out", "failed")
        }
        failed = [name for name in failed if name in broken]
    stand_in = lead in failed and risk_stand_in(request, lead) is not None
    if len(failed) == len(names) and not stand_in:
        yield DegradedCode.MODELS_UNAVAILABLE
    else:
        yield from (
            DegradedCode[f"MODEL_{name.upper()}_UNAVAILABLE"] for name in failed
        )
    if stand_in:
        yield DegradedCode.RISK_MODEL_FAILOVER
    bundles = {s.model.bundle for s in request.signals if s.model is not None}
    if len(bundles) > 1:
        yield DegradedCode.MODELS_MIXED_BUNDLE


def _rules(rules: RulesResult) -> Iterator[DegradedCode]:
    if rules.outcome != "scored" or rules.rules_flag is None:
        yield DegradedCode.RULES_UNAVAILABLE
        return
    if rules.failover == "same":
        yield DegradedCode.RULES_FAILOVER
    elif rules.failover == "differs":
        yield DegradedCode.RULES_FAILOVER_DIFFERS
    if rules.errors:
        yield DegradedCode.RULES_INCOMPLETE


def _velocity(request: DecideRequest) -> Iterator[DegradedCode]:
    if request.velocity_lower_bound:
        yield DegradedCode.VELOCITY_LOWER_BOUND
    elif not request.velocity_known:
        yield DegradedCode.VELOCITY_UNKNOWN


def _screening(request: DecideRequest) -> Iterator[DegradedCode]:
    if request.screening.status == "unavailable":
        yield DegradedCode.SANCTIONS_UNAVAILABLE
    elif request.screening.status == "incomplete":
        yield DegradedCode.SCREENING_INCOMPLETE
    elif request.screening.detail == DegradedCode.SANCTIONS_STALE:
        yield DegradedCode.SANCTIONS_STALE
