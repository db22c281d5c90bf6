"""Messages to people and systems outside, as operators see them: never what they say."""

from typing import Annotated, Literal

from pydantic import Field

from fraud_shared.contracts.base import Contract, Identifier, Instant
from fraud_shared.contracts.described import (
    Account,
    Amount,
    Currency,
    DecisionId,
    Tenant,
    TransactionId,
)
from fraud_shared.contracts.paging import PageQuery

DeliveryState = Literal["pending", "delivered", "failed", "dropped"]
DeliveryChannel = Literal["webhook", "email", "sms"]


class Delivery(Contract):
    """One message on one channel."""

    delivery_id: Identifier = Field(description="The delivery.", examples=["17"])
    reference: Identifier = Field(
        description="The alert or the challenge that it is about.",
        examples=["alert-7c3f"],
    )
    kind: Literal["alert", "otp"] = Field(
        description="An alert, or the code of a challenge.", examples=["alert"]
    )
    channel: DeliveryChannel = Field(
        description="How it is sent.", examples=["webhook"]
    )
    state: DeliveryState = Field(
        description="`failed`: given up, until it is sent again by hand. `dropped`: of no "
        "use any more.",
        examples=["failed"],
    )
    attempts: Annotated[int, Field(ge=0)] = Field(
        description="How often it was tried.", examples=[12]
    )
    problem: str | None = Field(
        description="Why the last attempt failed; null where none did.",
        examples=["status_404"],
    )
    queued_at: Instant = Field(
        description="When it was put into the queue (RFC 3339, UTC).",
        examples=["2026-12-01T09:30:00Z"],
    )
    next_attempt_at: Instant = Field(
        description="While it is pending: when it is tried next (RFC 3339, UTC).",
        examples=["2026-12-01T09:35:00Z"],
    )
    delivered_at: Instant | None = Field(
        description="When it was confirmed (RFC 3339, UTC); null while it was not.",
        examples=["2026-12-01T09:36:00Z"],
    )


class DeliveryQuery(PageQuery):
    """Which deliveries."""

    state: DeliveryState = Field(
        default="failed", description="How they stand.", examples=["failed"]
    )
    channel: DeliveryChannel | None = Field(
        default=None, description="By this channel only.", examples=["webhook"]
    )


class AlertTrial(Contract):
    """`POST /v1/alert-trials`: the alert of a decision of test mode."""

    decision_id: DecisionId
    transaction_id: TransactionId
    account_id: Account
    tenant: Tenant
    decision: str = Field(
        description="The verdict.", max_length=16, examples=["DECLINE"]
    )
    amount_minor: Amount
    currency: Currency


class AlertTrialResult(Contract):
    """What came of it."""

    delivered: bool = Field(
        description="Whether the receiver confirmed it.", examples=[True]
    )
    problem: str | None = Field(
        description="Why not; null where it did.", examples=["not_configured"]
    )
