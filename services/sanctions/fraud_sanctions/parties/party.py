"""Known parties: who took part in a payment, as it takes to screen them again.

Their names and birth dates are personal data. They are in the store and in memory, and in
no log, event, metric or error.
"""

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime

import orjson

from fraud_sanctions.lists.records import ListedEntity, ListedIdentifier, Party
from fraud_shared.contracts.screening import PartyQuery, PaymentRef


@dataclass(frozen=True, slots=True)
class Sighting:
    """One party of one payment, and how it was screened.

    `holder`: the party's own account, if it is a customer; `hits`: whom it resembled, less
    what is cleared; `held`: the version of each list it was screened with.
    """

    payment: PaymentRef
    role: str
    holder: str | None
    party: Party = field(repr=False)
    at: datetime
    hits: tuple[ListedEntity, ...]
    held: Mapping[str, str]

    @property
    def key(self) -> str:
        """The same for the same party of the same account, and nothing outside the store."""
        return party_key(self.payment.account_id, self.role, self.holder, self.party)


@dataclass(frozen=True, slots=True)
class KnownParty:
    """One row of the store."""

    seq: int
    account_id: str
    holder: str | None
    role: str
    transaction_id: str
    party: Party = field(repr=False)


def party_key(account_id: str, role: str, holder: str | None, party: Party) -> str:
    """64 hex digits that tell parties apart: account, role and all that is known of one."""
    text = orjson.dumps([account_id, role, holder, _given(party)])
    return hashlib.sha256(text).hexdigest()


def quick_key(account_id: str, query: PartyQuery) -> int:
    """The same purpose on the payment's path, in a microsecond; good in this process only.

    A collision, one in 10^9 days of 100,000 parties, leaves a party out for a day.
    """
    return hash(
        (
            account_id,
            query.role,
            query.account,
            query.name,
            query.entity_type,
            query.birth_date,
            query.country,
            query.identifiers,
        )
    )


def facts_of(party: Party) -> bytes:
    """A party as it is stored: the name as it was sent, since normalising it changes with
    the version of this service."""
    return orjson.dumps(_given(party))


def _given(party: Party) -> dict[str, object]:
    facts = {
        "name": party.name,
        "kind": party.kind,
        "birth_date": party.birth_date,
        "country": party.country,
        "identifiers": [(paper.kind, paper.value) for paper in party.identifiers],
    }
    return {name: value for name, value in facts.items() if value}


def party_from(facts: bytes) -> Party:
    """The party from `facts_of`."""
    given = orjson.loads(facts)
    papers: Sequence[tuple[str, str]] = given.pop("identifiers", ())
    given.setdefault("name", "")
    return Party(
        **given, identifiers=tuple(ListedIdentifier(*paper) for paper in papers)
    )
