"""What a list says: entities and the names they go by."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from typing import Literal

EntityKind = Literal["person", "organisation", "vessel", "aircraft"]
NameQuality = Literal["primary", "alias", "former", "weak"]


@dataclass(frozen=True, slots=True)
class ListedName:
    """One name as printed on the list."""

    text: str
    quality: NameQuality = "alias"


@dataclass(frozen=True, slots=True)
class ListedIdentifier:
    """A document or registration number: upper case letters and digits only."""

    kind: str
    value: str


@dataclass(frozen=True, slots=True)
class ListedEntity:
    """One listed person, organisation, vessel or aircraft.

    `birth_dates`: as `dates.span` reads them; `countries`: ISO 3166 alpha-2;
    `listed_on`: the day of the listing, where the list says so.
    """

    entity_id: str
    list_id: str
    kind: EntityKind
    names: tuple[ListedName, ...]
    birth_dates: tuple[str, ...] = ()
    countries: tuple[str, ...] = ()
    programs: tuple[str, ...] = ()
    identifiers: tuple[ListedIdentifier, ...] = ()
    listed_on: str | None = None

    @property
    def caption(self) -> str:
        """The primary name."""
        return self.names[0].text


@dataclass(frozen=True, slots=True)
class SkippedRow:
    """A row of a list that was left out: its place or id in the file, and why."""

    row: str
    code: str


@dataclass(frozen=True, slots=True)
class WatchList:
    """One list as loaded: what an answer cites, the entities it held, and the rows of it
    that could not be used."""

    list_id: str
    version: str
    sha256: str
    dated: date | None
    loaded_at: datetime
    entities: Sequence[ListedEntity] = field(repr=False)
    skipped: Sequence[SkippedRow] = ()


@dataclass(frozen=True, slots=True)
class Party:
    """Who is asked about. Everything but the name only qualifies.

    `other_birth_dates`, `other_countries`: further ones, of which the kindest counts.
    """

    name: str
    kind: EntityKind | None = None
    birth_date: str | None = None
    country: str | None = None
    identifiers: tuple[ListedIdentifier, ...] = ()
    other_birth_dates: tuple[str, ...] = ()
    other_countries: tuple[str, ...] = ()
