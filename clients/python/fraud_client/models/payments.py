"""Decisions and what they are made of, labels, challenges."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from pydantic import Field, model_validator

from fraud_client.models.base import JsonObject, Reply


class Reason(Reply):
    """Why: a stable code, a sentence, where it came from, how much it weighed (0-1)."""

    code: str
    text: str = ""
    source: str = ""
    weight: float = 0.0


class Contribution(Reply):
    """How much one feature moved a score: in log-odds for boosters."""

    feature: str
    value: float | None = None
    contribution: float


class ModelRef(Reply):
    """Exactly one model."""

    name: str
    version: str
    hash: str = ""
    bundle: str = ""


class Signal(Reply):
    """What one model says; `score` is there exactly when `outcome` is `scored`."""

    source: str
    outcome: str
    score: float | None = None
    raw: dict[str, float] = Field(default_factory=dict)
    top_features: Sequence[Contribution] = ()
    ood_features: Sequence[str] = ()
    model: ModelRef | None = None
    detail: str | None = None
    elapsed_ms: float = 0.0


class RuleHit(Reply):
    """One rule that fired, named with its version."""

    rule: str
    effect: str = ""
    severity: str = ""
    reason: str = ""


class RulesResult(Reply):
    """What the rules said."""

    outcome: str = ""
    rules_flag: str | None = None
    hits: Sequence[RuleHit] = ()
    ruleset: str | None = None


class ScreeningHit(Reply):
    """A listed entity that a party resembles."""

    role: str
    entity_id: str
    list: str
    name: str = ""
    similarity: float = 0.0
    strength: float = 0.0
    status: str = ""
    reasons: Sequence[str] = ()


class ListVersion(Reply):
    """One sanctions list in use."""

    list: str
    version: str = ""
    entities: int = 0
    loaded_at: datetime | None = None
    age_hours: float | None = None


class ScreeningResult(Reply):
    """The worst status over all parties, and its hits."""

    status: str
    hits: Sequence[ScreeningHit] = ()
    lists: Sequence[ListVersion] = ()
    detail: str | None = None


class ActionResult(Reply):
    """One effect of a verdict."""

    action_id: str
    kind: str
    status: str
    reference: str | None = None


class Decision(Reply):
    """The reply of `POST /v1/score`."""

    decision_id: str
    transaction_id: str
    decision: str
    challenge: str | None = None
    challenge_id: str | None = None
    confidence: float | None = None
    risk: float | None = None
    expected_loss_minor: int | None = None
    reason: str = ""
    reasons: Sequence[Reason] = ()
    rules_flag: str | None = None
    rules: RulesResult | None = None
    signals: Sequence[Signal] = ()
    screening: ScreeningResult | None = None
    actions: Sequence[ActionResult] = ()
    degraded: Sequence[str] = ()
    versions: dict[str, str] = Field(default_factory=dict)
    timings_ms: dict[str, float] = Field(default_factory=dict)
    trace_id: str = ""
    decided_at: datetime | None = None


class DecisionRecord(Reply):
    """What a decision was made from."""

    client: str = ""
    decision: Decision
    transaction: JsonObject
    features: JsonObject | None = None
    context: JsonObject | None = None


class StoredDecision(Reply):
    """A decision on record, with what is known of the payment since."""

    record: DecisionRecord
    reply: JsonObject | None = None
    labels: Sequence[JsonObject] = ()
    outcomes: JsonObject | None = None


class DecisionRow(Reply):
    """One decision of a search. A whole record is flattened into the same fields."""

    decision_id: str
    transaction_id: str = ""
    account_id: str = ""
    decision: str
    challenge: str | None = None
    amount_minor: int | None = None
    currency: str | None = None
    kind: str | None = None
    merchant_id: str | None = None
    country: str | None = None
    device_id: str | None = None
    occurred_at: datetime | None = None
    risk: float | None = None
    reason: str = ""
    degraded: Sequence[str] = ()
    decided_at: datetime | None = None
    elapsed_ms: float | None = None

    @model_validator(mode="before")
    @classmethod
    def _flat(cls, value: Any) -> Any:
        if not isinstance(value, Mapping):
            return value
        record = value.get("record", value)
        made = record.get("decision")
        if not isinstance(made, Mapping):
            timings = value.get("timings_ms") or {}
            return {"elapsed_ms": timings.get("total"), **value}
        payment = record.get("transaction") or {}
        merchant = payment.get("merchant") or {}
        timings = made.get("timings_ms") or {}
        return {
            **{k: made[k] for k in cls.model_fields if k in made},
            **{k: payment[k] for k in cls.model_fields if k in payment},
            "merchant_id": merchant.get("merchant_id"),
            "country": (payment.get("location") or {}).get("country"),
            "device_id": (payment.get("device") or {}).get("device_id"),
            "elapsed_ms": timings.get("total"),
        }


class Difference(Reply):
    """One thing that came out differently."""

    what: str
    recorded: Any = None
    recomputed: Any = None


class Replay(Reply):
    """A decision computed again from its record."""

    decision_id: str
    same: bool
    differences: Sequence[Difference] = ()


class LabelAccepted(Reply):
    """Whether a label is new, or was on record."""

    label_id: str
    transaction_id: str
    status: str


class EffectiveLabel(Reply):
    """What counts about a payment after all reports."""

    transaction_id: str
    state: str
    source: str | None = None
    reported_at: datetime | None = None
    reports: int = 0


class Challenge(Reply):
    """How a challenge stands."""

    challenge_id: str
    decision_id: str = ""
    transaction_id: str = ""
    status: str
    attempts_left: int = 0
    expires_at: datetime | None = None
    resolved_at: datetime | None = None


class DevelopmentCode(Reply):
    """The code of a pending challenge."""

    code: str = Field(repr=False)


def row_of(record: DecisionRecord) -> DecisionRow:
    """A record as a search shows it, with place and device besides."""
    document = record.model_dump(include={"decision", "transaction"})
    return DecisionRow.model_validate(document)
