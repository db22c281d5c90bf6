"""Bodies and replies of the routes, and the events that leave."""

from datetime import datetime
from typing import Literal

from fraud_shared.contracts.action import ChallengeResolved
from fraud_shared.contracts.events import (
    CHALLENGE_RESOLVED,
    LABEL_REPORTED,
    CloudEvent,
    event_id,
)
from fraud_shared.contracts.label import LabelReported

SOURCE = "/fraud/action"


def resolved_event(resolved: ChallengeResolved) -> CloudEvent:
    """`fraud.challenge.resolved.v1`."""
    return CloudEvent(
        id=event_id(resolved.transaction_id, CHALLENGE_RESOLVED, resolved.challenge_id),
        source=SOURCE,
        type=CHALLENGE_RESOLVED,
        subject=resolved.transaction_id,
        time=resolved.resolved_at,
        data=resolved.model_dump(mode="json"),
    )


def label_event(
    case_id: str,
    transaction_id: str,
    label: Literal["fraud", "legitimate"],
    at: datetime,
    tenant: str,
) -> CloudEvent:
    """`fraud.label.reported.v1`: an analyst's finding. Its label id is the case's."""
    report = LabelReported(
        transaction_id=transaction_id,
        label=label,
        source="analyst",
        reported_at=at,
        label_id=case_id,
        tenant=tenant or None,
    )
    return CloudEvent(
        id=event_id(transaction_id, LABEL_REPORTED, case_id),
        source=SOURCE,
        type=LABEL_REPORTED,
        subject=transaction_id,
        time=at,
        data=report.model_dump(mode="json"),
    )
