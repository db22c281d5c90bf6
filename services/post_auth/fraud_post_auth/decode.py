"""From an event to the fact it states, or to the reason why it states none."""

from dataclasses import dataclass
from datetime import UTC, datetime

import orjson
from pydantic import ValidationError

from fraud_shared.contracts.action import ChallengeResolved
from fraud_shared.contracts.decision import DecisionMade
from fraud_shared.contracts.events import (
    CHALLENGE_RESOLVED,
    DECISION_MADE,
    LABEL_REPORTED,
    CloudEvent,
)
from fraud_shared.contracts.label import LabelReported

HANDLED = (DECISION_MADE, LABEL_REPORTED, CHALLENGE_RESOLVED)
_FAMILIES = {name.rsplit(".", 1)[0] for name in HANDLED}


class Unreadable(ValueError):
    """The event cannot be used. `reason` is a fixed code, safe to store and count."""

    def __init__(self, reason: str) -> None:
        super().__init__(reason)
        self.reason = reason


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


Fact = DecisionFact | LabelFact


def fact(event: CloudEvent) -> Fact:
    """Read the data. Raises Unreadable.

    Unknown fields are ignored (versions grow by adding); an unknown major is not guessed at.
    """
    if event.type not in HANDLED:
        known = event.type.rsplit(".", 1)[0] in _FAMILIES
        raise Unreadable("unknown_major" if known else "unknown_type")
    data = orjson.dumps(event.data)
    try:
        if event.type == DECISION_MADE:
            made = DecisionMade.model_validate_json(data, extra="ignore")
            _storable(made.transaction.occurred_at, made.decision.decided_at)
            return DecisionFact(event.id, made)
        if event.type == LABEL_REPORTED:
            report = LabelReported.model_validate_json(data, extra="ignore")
            _storable(report.reported_at)
            return LabelFact(event.id, report)
        resolved = ChallengeResolved.model_validate_json(data, extra="ignore")
        _storable(resolved.resolved_at)
        return LabelFact(event.id, challenge_label(resolved))
    except ValidationError:
        raise Unreadable("data_not_as_documented") from None


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
    )
