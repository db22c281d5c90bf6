"""Bodies and replies of the routes, and the events that leave."""

from datetime import datetime
from typing import Annotated, Literal

from pydantic import AwareDatetime, Field

from fraud_shared.contracts.action import (
    CaseFinding,
    ChallengeResolved,
    ListingFinding,
)
from fraud_shared.contracts.base import AmountMinor, Contract, Identifier
from fraud_shared.contracts.events import (
    CHALLENGE_RESOLVED,
    LABEL_REPORTED,
    CloudEvent,
    event_id,
)
from fraud_shared.contracts.iso import CurrencyCode
from fraud_shared.contracts.label import LabelReported

SOURCE = "/fraud/action"
ChallengeStatus = Literal["pending", "passed", "failed", "expired"]
Closed = Literal["active", "released", "expired"]


class ChallengeState(Contract):
    """A challenge as its verifier may see it: never its code."""

    challenge_id: Identifier
    decision_id: Identifier
    transaction_id: Identifier
    status: ChallengeStatus
    attempts_left: Annotated[int, Field(ge=0)]
    expires_at: AwareDatetime
    resolved_at: AwareDatetime | None


class DevelopmentCode(Contract):
    """The code of a pending challenge; never served in production."""

    code: str = Field(repr=False)


class Hold(Contract):
    """A payment that is held."""

    hold_id: Identifier
    decision_id: Identifier
    transaction_id: Identifier
    account_id: Identifier
    tenant: str
    amount_minor: AmountMinor
    currency: CurrencyCode
    reason: str
    state: Closed
    created_at: AwareDatetime
    expires_at: AwareDatetime
    closed_at: AwareDatetime | None
    closed_by: str | None


class Block(Contract):
    """A blocked card, account or device."""

    block_id: Identifier
    decision_id: Identifier
    transaction_id: Identifier
    account_id: Identifier
    tenant: str
    kind: Literal["card", "account", "device"]
    key: Identifier
    reason: str
    state: Closed
    created_at: AwareDatetime
    expires_at: AwareDatetime
    closed_at: AwareDatetime | None
    closed_by: str | None


class Case(Contract):
    """A payment that an analyst should look at.

    With a `listing` it is not the payment's verdict that asks for it: a party that it named
    was found on a sanctions list that changed since.
    """

    case_id: Identifier
    decision_id: Identifier
    transaction_id: Identifier
    account_id: Identifier
    tenant: str
    decision: str | None
    amount_minor: AmountMinor | None
    currency: CurrencyCode | None
    reason: str
    listing: ListingFinding | None
    state: Literal["open", "resolved"]
    resolution: CaseFinding | None
    analyst: Identifier | None
    note: str | None
    created_at: AwareDatetime
    resolved_at: AwareDatetime | None


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
