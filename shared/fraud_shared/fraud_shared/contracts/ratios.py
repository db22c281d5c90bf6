"""The ratios by which schemes and regulators measure fraud and disputes."""

from typing import Annotated, Literal

from pydantic import Field, StringConstraints

from fraud_shared.contracts.base import Contract, Identifier, Instant, NonNegative
from fraud_shared.contracts.paging import Query

Count = Annotated[int, Field(ge=0)]
Month = Annotated[str, StringConstraints(pattern=r"^20[0-9]{2}-(0[1-9]|1[0-2])$")]
Instrument = Literal["card", "transfer"]


class RatiosQuery(Query):
    """The query of `GET /v1/ratios`."""

    month: Month | None = Field(
        default=None,
        description="Calendar month (UTC) of VAMP and ECM; this one by default.",
        examples=["2026-03"],
    )
    # Queries are read from text.
    as_of: Instant | None = Field(
        default=None,
        description="End of the 90 days of the fraud rates; now by default.",
        examples=["2026-03-31T00:00:00Z"],
    )


class CountRatio(Contract):
    """Payments reported, of payments made."""

    reported: Count = Field(description="Payments with a report, each counted once.")
    payments: Count = Field(description="Payments that they are compared with.")
    basis_points: NonNegative | None = Field(
        description="Their ratio in basis points; null without payments."
    )


class FraudRate(Contract):
    """The fraud rate by value of remote payments over 90 days (RTS on SCA, article 19)."""

    instrument: Instrument = Field(description="Card payments, or credit transfers.")
    segment: Identifier | None = Field(
        description="The caller's segment; null is the sum of all payments."
    )
    payments: Count = Field(description="Remote payments that were not declined.")
    value_minor: Count = Field(description="Their value, in euro cents.")
    fraud_payments: Count = Field(description="Of them, those that stand as fraud.")
    fraud_value_minor: Count = Field(description="The value of these, in euro cents.")
    basis_points: NonNegative | None = Field(
        description="Fraud by value in basis points; null without payments."
    )


class Ratios(Contract):
    """`GET /v1/ratios`: counted from the records, nothing estimated."""

    month: Month = Field(description="The month of VAMP and ECM.")
    as_of: Instant = Field(description="The end of the 90 days of the fraud rates.")
    vamp: CountRatio = Field(
        description="Visa Acquirer Monitoring Program: remote payments with a fraud report "
        "(TC40) or dispute (TC15) in the month, of those made in it."
    )
    ecm: CountRatio = Field(
        description="Mastercard Excessive Chargeback Merchant: payments first charged back "
        "in the month, of those made in the month before."
    )
    tra: tuple[FraudRate, ...] = Field(
        description="Fraud rates for the analysis of transaction risk: all, then by segment."
    )
