"""Labels: what really happened to a payment, reported after a delay and reversible."""

from collections.abc import Mapping
from typing import Annotated, Literal

from pydantic import Field, StringConstraints

from fraud_shared.contracts.base import (
    AmountMinor,
    Contract,
    Identifier,
    Instant,
    absent,
)
from fraud_shared.contracts.iso import CurrencyCode

LabelSource = Literal[
    "chargeback", "customer_report", "analyst", "challenge", "issuer", "merchant"
]
# `undetermined`: a report that says nothing of fraud (goods that did not come, a refund). A
# payment of which nothing else is known is then neither fraud nor legitimate.
LabelName = Literal["fraud", "legitimate", "undetermined"]
Scheme = Literal["visa", "mastercard", "amex", "discover", "jcb", "unionpay", "other"]
LabelEvent = Literal[
    "tc40",
    "safe",
    "early_fraud_warning",
    "tc15",
    "chargeback",
    "representment",
    "refund",
    "confirmed_genuine",
]
DisputeStage = Literal["inquiry", "first", "pre_arbitration", "arbitration"]
ReasonText = Annotated[
    str, StringConstraints(pattern=r"^[A-Za-z0-9][A-Za-z0-9.]{0,7}$")
]

# Whose word an event is, where the report does not say.
SOURCE_OF: Mapping[LabelEvent, LabelSource] = {
    "tc40": "issuer",
    "safe": "issuer",
    "early_fraud_warning": "issuer",
    "tc15": "chargeback",
    "chargeback": "chargeback",
    "representment": "chargeback",
    "refund": "merchant",
    "confirmed_genuine": "customer_report",
}
SCHEME_OF: Mapping[LabelEvent, Scheme] = {
    "tc40": "visa",
    "tc15": "visa",
    "safe": "mastercard",
}


class Dispute(Contract):
    """What schemes and processors say of a dispute. Each may be left out."""

    event: LabelEvent | None = absent(
        "What was reported: a fraud report (`tc40` Visa, `safe` Mastercard, "
        "`early_fraud_warning`), a dispute (`tc15` Visa, `chargeback`), the result of a "
        "`representment`, a `refund`, or `confirmed_genuine`.",
        examples=["chargeback"],
    )
    scheme: Scheme | None = absent("The card scheme.", examples=["visa"])
    reason_code: ReasonText | None = absent(
        "The scheme's reason code of the dispute.", examples=["10.4"]
    )
    stage: DisputeStage | None = absent("How far the dispute has come.")
    result: Literal["won", "lost"] | None = absent(
        "Of a representment, for the merchant: won or lost."
    )
    amount_minor: AmountMinor | None = absent("The disputed amount, in minor units.")
    currency: CurrencyCode | None = absent("ISO 4217 code of the disputed amount.")
    reference: Identifier | None = absent(
        "The case or acquirer reference number: events of one case share it.",
        examples=["24011346061000000012345"],
    )


class LabelReport(Dispute):
    """A report about a payment. `reversal` withdraws this source's earlier label."""

    transaction_id: Identifier
    label: LabelName
    source: LabelSource
    reported_at: Instant
    reversal: bool = False


class LabelReportIn(Dispute):
    """`POST /v1/labels`. With an `event`, `label` and `source` follow from it: a dispute
    about anything but fraud is `undetermined` and trains no model."""

    transaction_id: Identifier = Field(
        description="The payment's own id, as it was scored.", examples=["tx-2041"]
    )
    label: LabelName | None = Field(
        default=None,
        description="What is known now. Needed without an `event`.",
        examples=["fraud"],
    )
    source: LabelSource | None = Field(
        default=None,
        description="Whose finding it is. Needed without an `event`.",
        examples=["chargeback"],
    )
    reported_at: Instant = Field(
        description="When its source said so: RFC 3339 with offset.",
        examples=["2026-03-20T09:30:00Z"],
    )
    reversal: bool = Field(
        default=False, description="Withdraws what the same source said before."
    )


class LabelAccepted(Contract):
    """The reply: whether the label is new, or the same one was already on record."""

    label_id: Identifier
    transaction_id: Identifier
    status: Literal["accepted", "duplicate"]


class StandingLabel(Contract):
    """`GET /v1/labels/{transaction_id}`: the fold of all reports about a payment.

    `source` is whose report stands, None when all were withdrawn; `reports` counts those
    that arrived, each once. `in_risk_windows` says
    whether the delayed-label risk already counts it so; a report about a payment that is
    not known yet waits for it.
    """

    transaction_id: Identifier
    state: Literal["pending", "fraud", "legitimate", "undetermined", "reversed"]
    source: LabelSource | None
    reported_at: Instant | None
    reports: Annotated[int, Field(ge=0)]
    in_risk_windows: bool


class LabelReported(LabelReport):
    """Data of `fraud.label.reported.v1`: the report, the id it was accepted under, and
    whose payment it is about."""

    label_id: Identifier
    tenant: Identifier | None = None
