"""Our own CSV: `id,name,type,aliases,birth_date,countries`; several values by `;`."""

import re

from fraud_sanctions.records import EntityKind, ListedEntity, ListedName
from fraud_sanctions.sources.fields import birth_dates, country_code
from fraud_sanctions.sources.refusal import ListRefused
from fraud_sanctions.sources.table import rows

HEADER = ["id", "name", "type", "aliases", "birth_date", "countries"]
_KINDS: dict[str, EntityKind] = {
    "person": "person",
    "organisation": "organisation",
    "organization": "organisation",
    "vessel": "vessel",
    "aircraft": "aircraft",
}
_ID = re.compile(r"[A-Za-z0-9][A-Za-z0-9._:@/+=-]{0,63}")


def parse(data: bytes, *, list_id: str) -> tuple[ListedEntity, ...]:
    """The entities. Raises ListRefused for a wrong header, type, id or shape."""
    header, *body = rows(data, list_id, len(HEADER))
    if [cell.strip().lower() for cell in header] != HEADER:
        raise ListRefused(list_id, "LIST_CORRUPT")
    if not body:
        raise ListRefused(list_id, "LIST_EMPTY")
    found = tuple(_entity(row, list_id) for row in body)
    if len({entity.entity_id for entity in found}) != len(found):
        raise ListRefused(list_id, "LIST_CORRUPT")
    return found


def _entity(row: list[str], list_id: str) -> ListedEntity:
    key, name, kind, aliases, births, countries = (cell.strip() for cell in row)
    if not name or kind.lower() not in _KINDS or not _ID.fullmatch(key):
        raise ListRefused(list_id, "LIST_CORRUPT")
    names = [ListedName(name, "primary")]
    names += [ListedName(alias) for alias in _values(aliases)]
    codes = (country_code(country) for country in _values(countries))
    return ListedEntity(
        entity_id=f"{list_id}-{key}",
        list_id=list_id,
        kind=_KINDS[kind.lower()],
        names=tuple(dict.fromkeys(names)),
        birth_dates=tuple(b for text in _values(births) for b in birth_dates(text)),
        countries=tuple(dict.fromkeys(code for code in codes if code)),
    )


def _values(text: str) -> list[str]:
    return [part.strip() for part in text.split(";") if part.strip()]
