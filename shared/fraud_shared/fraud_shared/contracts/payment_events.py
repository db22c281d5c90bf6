"""Payment events: what happened to a payment that is neither a decision nor a label."""

from typing import Literal

from pydantic import Field

from fraud_shared.contracts.acceptance import ThreeDs
from fraud_shared.contracts.base import (
    AmountMinor,
    Contract,
    Identifier,
    Instant,
    absent,
)
from fraud_shared.contracts.iso import CurrencyCode

PaymentEventName = Literal[
    "authorised",
    "declined",
    "captured",
    "voided",
    "refunded",
    "three_ds_finished",
]
# After these there was no sale.
NO_SALE: frozenset[PaymentEventName] = frozenset({"declined", "voided"})


class PaymentEvent(Contract):
    """Something that happened to a payment, as `POST /v1/events` takes it.

    The same event again is recognised by its `reference`, or else by what it says.
    """

    transaction_id: Identifier = Field(
        description="The payment's own id, as it was scored.", examples=["tx-2041"]
    )
    event: PaymentEventName = Field(
        description="What happened: `declined` by the issuer, `voided` before capture, "
        "`refunded` wholly or in part.",
        examples=["captured"],
    )
    occurred_at: Instant = Field(
        description="When it happened: RFC 3339 with offset.",
        examples=["2026-03-02T12:00:05Z"],
    )
    amount_minor: AmountMinor | None = absent(
        "The amount, in minor units, where it is not the payment's.", examples=[4_250]
    )
    currency: CurrencyCode | None = absent(
        "ISO 4217 code of the amount.", examples=["EUR"]
    )
    three_ds: ThreeDs | None = absent("The result, of `three_ds_finished`.")
    reference: Identifier | None = absent(
        "The sender's own number of this event.", examples=["evt-981"]
    )


class PaymentEventAccepted(Contract):
    """The reply: whether the event is new, or was already on record."""

    event_id: Identifier
    transaction_id: Identifier
    status: Literal["accepted", "duplicate"]


class PaymentReported(PaymentEvent):
    """Data of `fraud.payment.reported.v1`: the event, the id it was accepted under, and
    whose payment it is about."""

    event_id: Identifier
    tenant: Identifier | None = None
