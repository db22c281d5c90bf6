"""Values as lists print them: countries, dates, identifiers, kinds of party."""

import re
import unicodedata
from collections.abc import Iterable
from functools import cache

from fraud_sanctions.lists.records import (
    EntityKind,
    ListedEntity,
    ListedIdentifier,
    ListedName,
)
from fraud_sanctions.lists.sources.printed_dates import birth_dates
from fraud_sanctions.lists.sources.refusal import RowRefused
from fraud_sanctions.names.wordlists import lines, words
from fraud_shared.contracts.countries import country_of, name_keys

__all__ = [
    "birth_dates",
    "country_code",
    "entity",
    "identifier",
    "kind_of_name",
    "number",
    "slashed_date",
]


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


_SLASHED = re.compile(r"\w{1,2}/\w{1,2}/\d{4}")


def slashed_date(text: str) -> str | None:
    """`dd/mm/yyyy` as ISO; with an unknown day or month (`00`, `dd`) what is known."""
    match = _SLASHED.search(text)
    return next(iter(birth_dates(match[0])), None) if match else None


# What a number is of: papers of persons, registers of companies, ships, aircraft, banks,
# accounts and wallets. Lists print much beside: gender, web sites, sanctions risks.
_IDENTITY = re.compile(
    r"passport|pasaporte|national id|identi(?:ty|fication|dad|te)|cedula|ausweis|\bd\.?n\.?i\b|"
    r"\bid\b|i\.d\.|\btax|fiscal|registr|regnumber|\breg\.|matricula|folio|ssn|"
    r"social (?:security|insurance)|residen|licen[cs]e|permit|visa|voter|elect(?:or|oral)|"
    r"birth certificate|certificate|credencial|carnet|card|document|travel|refugee|stateless|seaman|"
    r"vat\b|v\.a\.t|swift|\bbi[ck]\b|iban|account|imo\b|mmsi|call sign|lei\b|legal entity|"
    r"inn\b|kpp\b|ogrn|okpo|bin\b|iin\b|snils|edrpou|pinfl|d-u-n-s|duns|isin|\bcompany\b|"
    r"enterprise|business (?:number|no)|chamber of commerce|commercial|trade|charity|gazette|"
    r"credit code|uscc|organi[sz]ation (?:code|number)|"
    r"digital currency|wallet|crypto|serial number|construction number|tail number|transponder|"
    r"hull|\bmsn\b|file n|central|personal n|citizen'?s? n|"
    r"c\.?u\.?r\.?p\b|r\.?f\.?c\b|c\.?u\.?i\.?[tpl]\b|\bn\.?i\.?[tef]\b|\br\.?u\.?[ctn]\b|"
    r"r\.?t\.?n\b|\br\.?i\.?f\b|n\.?i\.?n\b|\bcnp\b|\bpesel\b|\bregon\b|\bkrs\b|\bnip\b|\bcpf\b|"
    r"\bcnpj\b|\bpan\b|\bcin\b|aadhaar|\bnric\b|\bi\.?f\.?e\b|\bi\.?n\.?e\b|bvn\b|cnic|nicop|"
    r"tazkira|tarjeta|\bmrz\b|паспорт|инн\b|огрн|снилс|رقم|身份证|护照",
    re.IGNORECASE,
)
_NOT_IDENTITY = re.compile(
    r"sanction|directive|executive order|determination|prohibited|transactions|country|"
    r"\bdate|e-?mail|website|gender|phone|telephone|\bfax|mobile|\bpob\b|\bdob\b|established|"
    r"equity|ticker|linked to|section|p\.?o\.? box|postal|zip|type:|block|vessel year|tonnage",
    re.IGNORECASE,
)
_NUMBER = re.compile(r"[^0-9A-Za-z]")
_SHIP = re.compile(r"^IMO(?=\d{7}$)")
_LONGEST_NUMBER = 128


def number(text: str) -> str:
    """A number as it is compared: upper case letters and digits only.

    Some lists print `IMO` before a ship's number, some do not.
    """
    if not text.isascii():
        plain = unicodedata.normalize("NFKC", text)
        text = "".join(
            str(unicodedata.decimal(c)) if c.isdecimal() else c for c in plain
        )
    return _SHIP.sub("", _NUMBER.sub("", text).upper())


def identifier(kind: str, text: str) -> ListedIdentifier | None:
    """A document or registration number, or None for other remarks printed as one."""
    if not _IDENTITY.search(kind) or _NOT_IDENTITY.search(kind):
        return None
    value = number(text)
    # A SWIFT code may be letters only.
    bank = re.search(r"swift|bic\b", kind, re.IGNORECASE) and len(value) in (8, 11)
    numbered = 4 <= len(value) <= _LONGEST_NUMBER and any(c.isdigit() for c in value)
    if not numbered and not bank:
        return None
    return ListedIdentifier(" ".join(kind.split()).strip(" .:#-").lower()[:64], value)


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

    Raises RowRefused for an id that is none, or without a name.
    """
    entity_id = f"{list_id}-{''.join(key.split())}"
    clean = [ListedName(text, n.quality) for n in names if (text := _name(n.text))]
    clean.sort(key=lambda name: name.quality != "primary")
    if not "".join(key.split()) or not _ENTITY_ID.fullmatch(entity_id):
        raise RowRefused("ROW_ID")
    if not clean:
        raise RowRefused("ROW_NAME")
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
