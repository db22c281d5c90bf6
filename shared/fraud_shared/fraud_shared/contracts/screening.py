"""Sanctions screening: who was asked about, and which listed names they resemble."""

from typing import Annotated, Literal, Self

from pydantic import AwareDatetime, Field, model_validator
from pydantic_core import PydanticCustomError

from fraud_shared.contracts.base import (
    Code,
    Contract,
    Day,
    Identifier,
    NonNegative,
    Probability,
    Text,
)
from fraud_shared.contracts.canonical import AccountId
from fraud_shared.contracts.iso import CountryCode

# 1,000 names of 256 characters, each of them escaped (`\\ud83d\\ude42`) at worst. The same for
# the gateway and the service: what one lets in the other must not refuse.
LARGEST_BODY = 4 * 1024 * 1024
# `incomplete`: nothing was found, and somebody who must be screened was not named.
ScreeningStatus = Literal["clear", "possible", "match", "unavailable", "incomplete"]


class PartyQuery(Contract):
    """One name to screen. Everything else only qualifies; missing is neutral.

    Without a name the numbers are looked up alone. `account`: the holder's account, if the party is a customer: pairs cleared for it are
    set apart. `identifiers`: numbers of documents or registers; punctuation does not count.
    """

    role: Identifier
    name: Text | None = None
    account: AccountId | None = None
    birth_date: Day | None = None
    country: CountryCode | None = None
    entity_type: Literal["person", "organisation", "vessel", "aircraft"] | None = None
    identifiers: Annotated[
        tuple[Annotated[str, Field(min_length=1, max_length=64)], ...],
        Field(max_length=10),
    ] = ()

    @model_validator(mode="after")
    def _name_or_number(self) -> Self:
        if self.name is None and not self.identifiers:
            raise PydanticCustomError("party", "give a name or an identifier")
        return self


class PaymentRef(Contract):
    """The payment that names the parties, by references only."""

    transaction_id: Identifier
    account_id: AccountId


class ScreeningRequest(Contract):
    """`POST /screen`: up to 1,000 parties.

    `payment`: whose parties these are. They are then kept for a while, and screened again
    when a list changes; without it nothing is kept.
    """

    parties: Annotated[tuple[PartyQuery, ...], Field(min_length=1, max_length=1000)]
    payment: PaymentRef | None = None


class ScreeningHit(Contract):
    """A listed entity that a party resembles.

    `similarity`: how alike the names are, 0-1. `strength`: how much evidence the agreeing
    parts carry (a rare three-part name is stronger than a common two-part one), 0-1.
    """

    role: Identifier
    entity_id: Identifier
    list: Identifier
    name: Annotated[str, Field(max_length=512)]
    similarity: Probability
    strength: Probability
    status: Literal["possible", "match"]
    reasons: tuple[Annotated[str, Field(max_length=256)], ...] = ()


class ClearedHit(Contract):
    """A listed entity that the party resembles and was found not to be."""

    role: Identifier
    entity_id: Identifier
    list: Identifier
    clearing_id: Identifier
    until: AwareDatetime


class ListVersion(Contract):
    """One loaded list: its version, entry count and age when the answer was given."""

    list: Identifier
    version: Identifier
    entities: Annotated[int, Field(ge=0)]
    loaded_at: AwareDatetime
    age_hours: NonNegative


class ScreeningResult(Contract):
    """The worst status over all parties, its hits, and the lists it was answered from.

    `cleared`: hits that do not count for the status, nor are among `hits`.
    """

    status: ScreeningStatus
    hits: Annotated[tuple[ScreeningHit, ...], Field(max_length=5000)] = ()
    cleared: Annotated[tuple[ClearedHit, ...], Field(max_length=5000)] = ()
    lists: tuple[ListVersion, ...] = ()
    detail: Code | None = None
    elapsed_ms: NonNegative = 0.0
