"""The fields that many messages have, with what documents say of them."""

from typing import Annotated

from pydantic import Field

from fraud_shared.contracts.base import AmountMinor, Identifier, Instant, Text
from fraud_shared.contracts.canonical import AccountId
from fraud_shared.contracts.iso import CurrencyCode

DecisionId = Annotated[
    Identifier,
    Field(
        description="The decision it is about.",
        examples=["6f1c7a52-0d0b-5c55-9a37-0d6d2f3f5b11"],
    ),
]
TransactionId = Annotated[
    Identifier,
    Field(description="The payment, as its client numbers it.", examples=["tx-1001"]),
]
Account = Annotated[
    AccountId, Field(description="The paying account.", examples=["acc-17"])
]
Tenant = Annotated[
    str,
    Field(
        description="Whose payment it is; empty where nobody's.",
        max_length=128,
        examples=["shop"],
    ),
]
Amount = Annotated[
    AmountMinor,
    Field(description="The sum in minor units of `currency`.", examples=[12_300]),
]
Currency = Annotated[
    CurrencyCode, Field(description="ISO 4217 code.", examples=["EUR"])
]
CreatedAt = Annotated[
    Instant,
    Field(
        description="When it was made (RFC 3339, UTC).",
        examples=["2026-12-01T09:30:00Z"],
    ),
]
ExpiresAt = Annotated[
    Instant,
    Field(
        description="When it ends by itself (RFC 3339, UTC).",
        examples=["2026-12-08T09:30:00Z"],
    ),
]
ClosedAt = Annotated[
    Instant | None,
    Field(
        description="When it ended (RFC 3339, UTC); null while it has not.",
        examples=["2026-12-02T08:00:00Z"],
    ),
]
ClosedBy = Annotated[
    str | None,
    Field(
        description="Who or what ended it: a client's name, `challenge`, `case`, `expiry`.",
        max_length=128,
        examples=["bank-desk"],
    ),
]
Why = Annotated[
    Text,
    Field(
        description="The ground, without personal data.",
        examples=["customer confirmed by phone"],
    ),
]
