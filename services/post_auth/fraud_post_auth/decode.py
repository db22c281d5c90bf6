"""From an event to the fact it states, or to the reason why it states none."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime

from fraud_shared.contracts.action import ChallengeResolved
from fraud_shared.contracts.decision import DecisionMade
from fraud_shared.contracts.events import (
    CHALLENGE_RESOLVED,
    DECISION_MADE,
    LABEL_REPORTED,
    PAYMENT_REPORTED,
    CloudEvent,
)
from fraud_shared.contracts.label import LabelReported
from fraud_shared.contracts.payment_events import PaymentReported
from fraud_shared.decode import Unreadable, data_of

HANDLED: Mapping[
    str,
    type[DecisionMade]
    | type[LabelReported]
    | type[ChallengeResolved]
    | type[PaymentReported],
] = {
    PAYMENT_REPORTED: PaymentReported,
    DECISION_MADE: DecisionMade,
    LABEL_REPORTED: LabelReported,
    CHALLENGE_RESOLVED: ChallengeResolved,
}


@dataclass(frozen=True, slots=True)
class DecisionFact:
    """A payment was decided."""

    event_id: str
    made: DecisionMade


@dataclass(frozen=True, slots=True)
class LabelFact:
    """Something was reported about a payment; None when it says nothing to learn from."""

    event_id: str
    report: LabelReported | None


@dataclass(frozen=True, slots=True)
class PaymentFact:
    """Something happened to a payment besides its decision."""

    event_id: str
    reported: PaymentReported


Fact = DecisionFact | LabelFact | PaymentFact


def fact(event: CloudEvent) -> Fact:
    """What the event states. Raises Unreadable."""
    message = data_of(event, HANDLED)
    if isinstance(message, DecisionMade):
        _storable(message.transaction.occurred_at, message.decision.decided_at)
        return DecisionFact(event.id, message)
    if isinstance(message, LabelReported):
        _storable(message.reported_at)
        return LabelFact(event.id, message)
    if isinstance(message, PaymentReported):
        _storable(message.occurred_at)
        return PaymentFact(event.id, message)
    _storable(message.resolved_at)
    return LabelFact(event.id, challenge_label(message))


def _storable(*times: datetime) -> None:
    """A valid time near year 1 or 9999 may have no equal in UTC."""
    try:
        for time in times:
            time.astimezone(UTC)
    except OverflowError:
        raise Unreadable("time_out_of_range") from None


def challenge_label(resolved: ChallengeResolved) -> LabelReported | None:
    """A passed challenge is a weak sign of a legitimate payment; a failed or expired one
    is no sign of fraud: people mistype codes and close windows."""
    if resolved.outcome != "passed":
        return None
    return LabelReported(
        transaction_id=resolved.transaction_id,
        label="legitimate",
        source="challenge",
        reported_at=resolved.resolved_at,
        label_id=resolved.challenge_id,
        tenant=resolved.tenant,
    )
