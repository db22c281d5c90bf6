"""Cleared pairs: who was found not to be whom, and how that ended."""

from pydantic import ConfigDict, Field

from fraud_shared.contracts.base import Contract, Identifier, Instant, Text
from fraud_shared.contracts.canonical import AccountId
from fraud_shared.contracts.paging import Query


class ClearRequest(Contract):
    """`POST /v1/cleared`: this account's holder is not that listed entity.

    `account`: the payment system's reference, never a name. Who is answerable is the client
    of the key, whatever an earlier client says in `who`; `why`: the ground, without
    personal data.
    """

    account: AccountId = Field(
        description="The payment system's reference of the account, never a name.",
        examples=["acc-1"],
    )
    entity_id: Identifier = Field(
        description="The listed entity, by its id.", examples=["ofac-12345"]
    )
    who: Identifier | None = Field(
        default=None,
        json_schema_extra={"deprecated": True},
        description="Ignored: who is answerable is the client of the key.",
        examples=["anna"],
    )
    why: Text = Field(
        description="The ground, without personal data.",
        examples=["another date of birth"],
    )
    until: Instant = Field(
        description="When it ends, at most 90 days ahead (RFC 3339).",
        examples=["2026-12-01T00:00:00Z"],
    )


class RevokeRequest(Contract):
    """`POST /v1/cleared/{id}/revoke`: the clearing is taken back, by the client of the
    key."""

    who: Identifier | None = Field(
        default=None,
        json_schema_extra={"deprecated": True},
        description="Ignored: who revokes is the client of the key.",
        examples=["anna"],
    )


class ClearedQuery(Query):
    """Whose clearings are asked for."""

    account: AccountId | None = None
    entity_id: Identifier | None = None


class ClearedPair(Contract):
    """One clearing; `ended_*` say who ended it, when, and as what (`REVOKED`,
    `LISTING_CHANGED`, `LISTING_GONE`)."""

    model_config = ConfigDict(from_attributes=True)

    clearing_id: str
    account: str
    entity_id: str
    list_id: str
    who: str
    why: str
    cleared_at: Instant
    until: Instant
    ended_at: Instant | None
    ended_by: str | None
    ended_why: str | None


class ClearedPairs(Contract):
    """Clearings, newest first, at most 1,000."""

    cleared: tuple[ClearedPair, ...]


class ErasureRequest(Contract):
    """`POST /v1/parties/erase`: forget the known parties of an account."""

    account: AccountId = Field(
        description="The payment system's reference of the account.", examples=["acc-1"]
    )
    who: Identifier | None = Field(
        default=None,
        json_schema_extra={"deprecated": True},
        description="Ignored: who asks is the client of the key.",
        examples=["dpo"],
    )


class Erased(Contract):
    """How many known parties were erased."""

    erased: int
