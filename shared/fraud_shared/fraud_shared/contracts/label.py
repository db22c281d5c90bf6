"""Labels: what really happened to a payment, reported after a delay and reversible."""

from typing import Annotated, Literal

from pydantic import Field

from fraud_shared.contracts.base import Contract, Identifier, Instant

LabelSource = Literal[
    "chargeback", "customer_report", "analyst", "challenge", "issuer", "merchant"
]


class LabelReport(Contract):
    """`POST /v1/labels`. `reversal` withdraws this source's earlier label."""

    transaction_id: Identifier
    label: Literal["fraud", "legitimate"]
    source: LabelSource
    reported_at: Instant
    reversal: bool = False


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
    state: Literal["pending", "fraud", "legitimate", "reversed"]
    source: LabelSource | None
    reported_at: Instant | None
    reports: Annotated[int, Field(ge=0)]
    in_risk_windows: bool


class LabelReported(LabelReport):
    """Data of `fraud.label.reported.v1`: the report, the id it was accepted under, and
    whose payment it is about."""

    label_id: Identifier
    tenant: Identifier | None = None
