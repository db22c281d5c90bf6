"""Cleared pairs: who was found not to be whom, and how that ended."""

from pydantic import ConfigDict

from fraud_shared.contracts.base import Contract, Identifier, Instant, Text
from fraud_shared.contracts.canonical import AccountId


class ClearRequest(Contract):
    """`POST /v1/cleared`: this account's holder is not that listed entity.

    `account`: the payment system's reference, never a name. `who`: who is answerable, at the
    gateway always the client of the key whatever the body says; `why`: the ground, without personal data.
    """

    account: AccountId
    entity_id: Identifier
    who: Identifier
    why: Text
    until: Instant


class RevokeRequest(Contract):
    """`POST /v1/cleared/{id}/revoke`: the clearing is taken back, and by whom: at
    the gateway the client of the key."""

    who: Identifier


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
    """`POST /v1/parties/erase`: forget the known parties of an account; `who` asks:
    at the gateway the client of the key."""

    account: AccountId
    who: Identifier


class Erased(Contract):
    """How many known parties were erased."""

    erased: int
