"""Values as lists print them: countries, dates, identifiers, kinds of party."""

import re
from collections.abc import Iterable, Sequence
from functools import cache

from fraud_sanctions.lists.records import (
    EntityKind,
    ListedEntity,
    ListedIdentifier,
    ListedName,
)
from fraud_sanctions.lists.sources.refusal import ListRefused
from fraud_sanctions.names.wordlists import lines, words
from fraud_shared.contracts.countries import country_of, name_keys

_MONTH_NAMES = "janfebmaraprmayjunjulaugsepoctnovdec"
_MONTHS = {_MONTH_NAMES[i * 3 : i * 3 + 3]: i + 1 for i in range(12)}
_DAY_MONTH_YEAR = re.compile(r"(\d{1,2}) ([A-Za-z]{3})[a-z]* (\d{4})")
_MONTH_YEAR = re.compile(r"([A-Za-z]{3})[a-z]* (\d{4})")
_ISO = re.compile(r"(\d{4})-(\d{2})(?:-(\d{2}))?")
_YEAR = re.compile(r"\b(1[89]\d{2}|20\d{2})\b")


@cache
def _country_names() -> dict[frozenset[str], str]:
    rows = (*lines("countries"), *lines("country_names"))
    parted = (line.partition(":") for line in rows)
    return name_keys(
        (code.strip(), name) for code, _, names in parted for name in names.split("|")
    )


def country_code(text: str) -> str | None:
    """ISO 3166 alpha-2 for a code (letters or digits) or an English name, also a former
    one or a publisher's own; or None."""
    return country_of(text, _country_names())


def birth_dates(text: str) -> tuple[str, ...]:
    """Dates in a printed field as `YYYY`, `YYYY-MM` or `YYYY-MM-DD`.

    A range (`1960 to 1963`) gives each year in it, up to ten.
    """
    text = text.strip()
    if match := _ISO.search(text):
        return ("-".join(part for part in match.groups() if part),)
    if match := _DAY_MONTH_YEAR.search(text):
        day, month, year = match.groups()
        if number := _MONTHS.get(month.lower()):
            return (f"{year}-{number:02d}-{int(day):02d}",)
    if (match := _MONTH_YEAR.search(text)) and (
        number := _MONTHS.get(match.group(1).lower())
    ):
        return (f"{match.group(2)}-{number:02d}",)
    years = [int(year) for year in _YEAR.findall(text)]
    if len(years) == 2 and years[0] < years[1] <= years[0] + 10:
        years = list(range(years[0], years[1] + 1))
    return tuple(str(year) for year in years)


_SLASHED = re.compile(r"(\w{1,2})/(\w{1,2})/(\d{4})")


def slashed_date(text: str) -> str | None:
    """`dd/mm/yyyy` as ISO; with an unknown day or month (`00`, `dd`) what is known."""
    match = _SLASHED.search(text)
    if not match:
        return None
    day, month, year = match.groups()
    if not month.isdecimal() or not 1 <= int(month) <= 12:
        return year
    if not day.isdecimal() or not 1 <= int(day) <= 31:
        return f"{year}-{int(month):02d}"
    return f"{year}-{int(month):02d}-{int(day):02d}"


# Lists print much beside documents in the same place: gender, web sites, sanctions risks.
_IDENTITY = re.compile(
    r"passport|national id|identi(?:ty|fication)|cedula|tax|registration|regnumber|ssn|"
    r"social security|residency|licen[cs]e|vat|v\.a\.t|swift|bic\b|imo|mmsi|lei\b|"
    r"inn\b|ogrn|d-u-n-s|digital currency|^id$|travel document|certificate number",
    re.IGNORECASE,
)
_NOT_IDENTITY = re.compile(
    r"sanction|directive|country|date|email|website|gender", re.IGNORECASE
)
_NUMBER = re.compile(r"[^0-9A-Za-z]")
_SHIP = re.compile(r"^IMO(?=\d{7}$)")


def number(text: str) -> str:
    """A number as it is compared: upper case letters and digits only.

    Some lists print `IMO` before a ship's number, some do not.
    """
    return _SHIP.sub("", _NUMBER.sub("", text).upper())


def identifier(kind: str, text: str) -> ListedIdentifier | None:
    """A document or registration number, or None for other remarks printed as one."""
    if not _IDENTITY.search(kind) or _NOT_IDENTITY.search(kind):
        return None
    value = number(text)
    # A SWIFT code may be letters only.
    bank = re.search(r"swift|bic\b", kind, re.IGNORECASE) and len(value) in (8, 11)
    numbered = 4 <= len(value) <= 64 and any(char.isdigit() for char in value)
    if not numbered and not bank:
        return None
    return ListedIdentifier(" ".join(kind.split()).strip(" .:#").lower()[:64], value)


@cache
def _business_words() -> tuple[frozenset[str], tuple[str, ...]]:
    """Whole words, and beginnings of words, that stand in names of organisations."""
    known = words("legal_forms") | words("glossary")
    whole_words = {w.rstrip(":") for w in known if not w.endswith("*")} - {"|"}
    return frozenset(whole_words), tuple(w[:-1] for w in known if w.endswith("*"))


def kind_of_name(name: str) -> EntityKind:
    """A guess, for lists that do not say: two to four plain words are a person."""
    found = re.findall(r"[^\W\d_]+", name.casefold())
    known, beginnings = _business_words()
    business = any(
        w in known or (len(w) > 6 and w.startswith(beginnings)) for w in found
    )
    plain = not re.search(r"[\d&()/]", name)
    return (
        "person" if 2 <= len(found) <= 4 and plain and not business else "organisation"
    )


_ENTITY_ID = re.compile(r"[A-Za-z0-9][A-Za-z0-9._:@/+=-]{0,127}")


def entity(
    list_id: str,
    key: str,
    kind: EntityKind,
    names: Iterable[ListedName],
    *,
    births: Iterable[str] = (),
    countries: Iterable[str] = (),
    programs: Iterable[str] = (),
    identifiers: Iterable[ListedIdentifier | None] = (),
    listed_on: str | None = None,
) -> ListedEntity:
    """One entity, the primary name first and nothing twice.

    Raises ListRefused (corrupt) for an id that is none, or without a name.
    """
    entity_id = f"{list_id}-{''.join(key.split())}"
    clean = [ListedName(text, n.quality) for n in names if (text := _name(n.text))]
    clean.sort(key=lambda name: name.quality != "primary")
    if not clean or not _ENTITY_ID.fullmatch(entity_id):
        raise ListRefused(list_id, "LIST_CORRUPT")
    unique = {name.text: name for name in reversed(clean)}
    codes = (country_code(country) for country in countries)
    return ListedEntity(
        entity_id=entity_id,
        list_id=list_id,
        kind=kind,
        names=tuple(n for n in dict.fromkeys(clean) if unique[n.text] == n),
        birth_dates=tuple(dict.fromkeys(birth for birth in births if birth)),
        countries=tuple(dict.fromkeys(code for code in codes if code)),
        programs=tuple(dict.fromkeys(p.strip() for p in programs if p.strip())),
        identifiers=tuple(dict.fromkeys(found for found in identifiers if found)),
        listed_on=listed_on or None,
    )


def _name(text: str) -> str:
    return " ".join(text.split())[:512]


def whole(found: Sequence[ListedEntity], list_id: str) -> tuple[ListedEntity, ...]:
    """All entities of a list; refused when there are none, or two with one id."""
    if not found:
        raise ListRefused(list_id, "LIST_EMPTY")
    if len({one.entity_id for one in found}) != len(found):
        raise ListRefused(list_id, "LIST_CORRUPT")
    return tuple(found)
