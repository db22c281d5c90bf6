"""From a message's party to the matcher's, and from its hits to the message's."""

from collections.abc import Iterable

from fraud_sanctions.lists.records import ListedIdentifier, Party
from fraud_sanctions.lists.sources.fields import number
from fraud_sanctions.matching.screener import Bands, Hit
from fraud_sanctions.names.normalise.unicode import clean
from fraud_shared.contracts.screening import (
    PartyQuery,
    ScreeningHit,
    ScreeningStatus,
)

# A number of a kind that no list prints: it can agree with any, and contradicts none.
_UNSPECIFIED = "unspecified"


def readable(name: str) -> bool:
    """Whether a name holds anything that can be compared: a letter or digit that is seen."""
    return any(char.isalnum() for char in clean(name))


def party_of(query: PartyQuery) -> Party:
    """Who is asked about, as the matcher takes it."""
    return Party(
        name=query.name or "",
        kind=query.entity_type,
        birth_date=query.birth_date.isoformat() if query.birth_date else None,
        country=query.country,
        identifiers=tuple(
            ListedIdentifier(_UNSPECIFIED, value)
            for text in query.identifiers
            if (value := number(text))
        ),
    )


def hit_of(role: str, hit: Hit, bands: Bands) -> ScreeningHit:
    """One hit as it is answered; those below the `possible` band are not asked for."""
    is_match = bands.band(hit.score, hit.similarity) == "match"
    return ScreeningHit(
        role=role,
        entity_id=hit.entity.entity_id,
        list=hit.entity.list_id,
        name=hit.name[:512],
        similarity=round(hit.similarity, 4),
        strength=round(hit.strength, 4),
        status="match" if is_match else "possible",
        reasons=hit.reasons,
    )


def worst(hits: Iterable[ScreeningHit]) -> ScreeningStatus:
    """The status that these hits give together."""
    found = {hit.status for hit in hits}
    if "match" in found:
        return "match"
    return "possible" if found else "clear"
