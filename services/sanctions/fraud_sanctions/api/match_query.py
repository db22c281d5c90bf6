"""What a query of `/match` asks: from FollowTheMoney properties to parties to screen."""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from itertools import product
from math import prod

from fraud_sanctions.lists.records import EntityKind, ListedIdentifier, Party
from fraud_sanctions.lists.sources.fields import birth_dates, country_code, identifier
from fraud_sanctions.matching.answers import readable
from fraud_sanctions.problems import NameUnreadable
from fraud_shared.contracts.matching import MatchQuery, MatchRequest
from fraud_shared.web.problems import InvalidInput, field_name

# FollowTheMoney schemata that carry names; LegalEntity and Thing may be anybody.
KINDS: dict[str, EntityKind | None] = {
    "Person": "person",
    "Organization": "organisation",
    "Company": "organisation",
    "PublicBody": "organisation",
    "Vessel": "vessel",
    "Airplane": "aircraft",
    "LegalEntity": None,
    "Thing": None,
}
_NAMES = ("name", "alias", "weakAlias", "previousName")
# Parts of a person's name, in the order in which FollowTheMoney writes them together.
_PARTS = ("firstName", "secondName", "middleName", "fatherName", "lastName")
_PLACES = (
    "nationality", "citizenship", "country", "jurisdiction", "mainCountry", "flag",
)  # fmt: skip
_NUMBERS = {
    "idNumber": "national id", "passportNumber": "passport", "taxNumber": "tax id",
    "registrationNumber": "registration", "innCode": "inn", "ogrnCode": "ogrn",
    "imoNumber": "imo", "swiftBic": "swift", "leiCode": "lei",
}  # fmt: skip
MOST_NAMES = 50
LONGEST_NAME = 512
# As many as `/screen` takes parties.
MOST_NAMES_IN_ALL = 1000


@dataclass(frozen=True, slots=True)
class ParsedQuery:
    """One query: the party once under each of its names."""

    query: MatchQuery
    parties: tuple[Party, ...]

    @property
    def names(self) -> list[str]:
        """The names to compare."""
        return [party.name for party in self.parties]


def parse_queries(request: MatchRequest) -> dict[str, ParsedQuery]:
    """What each query asks, by the caller's key.

    Nothing that was sent is left out in silence, since an answer without results reads
    as nobody found. Raises InvalidInput and NameUnreadable, naming the fields.
    """
    _refuse(request)
    found = {
        key: ParsedQuery(q, tuple(_parties(q))) for key, q in request.queries.items()
    }
    nameless = [key for key, one in found.items() if not one.parties]
    if nameless:
        why = "no name with a letter or digit"
        places = [_place(key, "properties", "name") for key in nameless]
        raise NameUnreadable(errors=[(place, why) for place in places[:20]])
    if sum(len(one.parties) for one in found.values()) > MOST_NAMES_IN_ALL:
        why = f"more than {MOST_NAMES_IN_ALL} names in all"
        raise InvalidInput(errors=[("queries", why)])
    return found


def _refuse(request: MatchRequest) -> None:
    errors = []
    for key, query in request.queries.items():
        if query.schema_ not in KINDS:
            why = f"not one of {', '.join(KINDS)}"
            errors.append((_place(key, "schema"), why))
        if _count(query) > MOST_NAMES:
            why = f"more than {MOST_NAMES} names, parts of names combined"
            errors.append((_place(key, "properties"), why))
        if _longest(query) > LONGEST_NAME:
            why = f"a name of parts that is longer than {LONGEST_NAME} characters"
            errors.append((_place(key, "properties"), why))
    if errors:
        raise InvalidInput(errors=errors[:20])


def _place(key: str, *rest: str) -> str:
    return field_name(("queries", key, *rest))


def _count(query: MatchQuery) -> int:
    """How many names there are at most: counted before they are made."""
    combined = prod(map(len, _parts(query))) if _parts(query) else 0
    return sum(len(query.values(name)) for name in _NAMES) + combined


def _longest(query: MatchQuery) -> int:
    """The length of the longest name that the parts give."""
    return len(" ".join(max(values, key=len) for values in _parts(query)))


def _parts(query: MatchQuery) -> list[list[str]]:
    """The parts of a person's name that were sent, each with its values."""
    return [values for name in _PARTS if (values := query.values(name))]


def _names(query: MatchQuery) -> Iterator[str]:
    for name in _NAMES:
        yield from query.values(name)
    if parts := _parts(query):
        yield from (" ".join(combined) for combined in product(*parts))


def _parties(query: MatchQuery) -> Iterator[Party]:
    births = [date for text in query.values("birthDate") for date in birth_dates(text)]
    countries = list(dict.fromkeys(_countries(query)))
    party = Party(
        name="",
        kind=KINDS[query.schema_],
        birth_date=next(iter(births), None),
        country=next(iter(countries), None),
        identifiers=tuple(_numbers(query)),
        other_birth_dates=tuple(births[1:]),
        other_countries=tuple(countries[1:]),
    )
    unlike = {" ".join(name.casefold().split()): name for name in _names(query)}
    for name in unlike.values():
        if readable(name):
            yield replace(party, name=name)


def _countries(query: MatchQuery) -> Iterator[str]:
    for place in _PLACES:
        for text in query.values(place):
            # FollowTheMoney also has parts of countries, such as `ua-cri`.
            whole = text[:2] if text[2:3] == "-" else text
            if code := country_code(whole):
                yield code


def _numbers(query: MatchQuery) -> Iterator[ListedIdentifier]:
    for name, kind in _NUMBERS.items():
        for text in query.values(name):
            if number := identifier(kind, text):
                yield number
