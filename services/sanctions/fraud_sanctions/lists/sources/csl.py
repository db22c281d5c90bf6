"""US Consolidated Screening List (trade.gov), CSV and JSON.

Half of its thirteen lists do not say whether an entry is a person; then the name decides
(`fields.kind_of_name`).
"""

from collections.abc import Iterable
from datetime import date
from typing import Any, BinaryIO

from fraud_sanctions.lists.records import (
    EntityKind,
    ListedEntity,
    ListedName,
    SkippedRow,
)
from fraud_sanctions.lists.sources import fields
from fraud_sanctions.lists.sources.collector import Collector
from fraud_sanctions.lists.sources.documents import objects
from fraud_sanctions.lists.sources.table import records, values

COLUMNS = ("_id", "source", "name", "alt_names", "dates_of_birth", "ids")
_KINDS: dict[str, EntityKind] = {
    "individual": "person",
    "entity": "organisation",
    "vessel": "vessel",
    "aircraft": "aircraft",
}


def parse_csv(
    stream: BinaryIO, *, list_id: str, skipped: list[SkippedRow] | None = None
) -> tuple[tuple[ListedEntity, ...], date | None]:
    """The entities; the file does not say when it was made. Raises ListRefused."""
    found = Collector(list_id, skipped)
    for row in records(stream, list_id, COLUMNS, found):
        found.take(row["_id"], _from_row, row, list_id)
    return found.whole(), None


def _from_row(row: dict[str, str], list_id: str) -> ListedEntity:
    return _entity(
        list_id,
        row["_id"],
        row.get("type", ""),
        row["name"],
        values(row["alt_names"]),
        births=values(row["dates_of_birth"]),
        countries=[
            *values(row.get("nationalities", "")),
            *values(row.get("citizenships", "")),
            *(a.rpartition(",")[2] for a in values(row.get("addresses", ""))),
            row.get("vessel_flag", ""),
        ],
        programs=[*values(row.get("programs", "")), row["source"]],
        documents=[_document(text) for text in values(row["ids"])],
        listed_on=row.get("start_date"),
    )


def _document(text: str) -> tuple[str, str]:
    """`Passport, 836238033, KP` as kind and number."""
    kind, _, rest = text.partition(",")
    return kind.strip(), rest.partition(",")[0].strip()


def parse_json(
    stream: BinaryIO, *, list_id: str, skipped: list[SkippedRow] | None = None
) -> tuple[tuple[ListedEntity, ...], date | None]:
    """The same from `{"results": [...]}`."""
    found = Collector(list_id, skipped)
    for item in objects(stream, list_id, "results"):
        label = str(item.get("id") or f"entry {found.rows + 1}")
        found.take(label, _from_json, item, list_id)
    return found.whole(), None


def _from_json(item: dict[str, Any], list_id: str) -> ListedEntity:
    addresses = [a for a in _list(item, "addresses") if isinstance(a, dict)]
    ids = [i for i in _list(item, "ids") if isinstance(i, dict)]
    countries = [
        *_list(item, "nationalities"),
        *_list(item, "citizenships"),
        *(address.get("country") or "" for address in addresses),
        item.get("vessel_flag") or "",
    ]
    return _entity(
        list_id,
        str(item.get("id") or ""),
        str(item.get("type") or ""),
        str(item.get("name") or ""),
        [str(name) for name in _list(item, "alt_names")],
        births=[str(day) for day in _list(item, "dates_of_birth")],
        countries=[str(country) for country in countries],
        programs=[str(p) for p in (*_list(item, "programs"), item.get("source") or "")],
        documents=[(str(i.get("type") or ""), str(i.get("number") or "")) for i in ids],
        listed_on=item.get("start_date"),
    )


def _list(item: dict[str, Any], name: str) -> list[Any]:
    found = item.get(name)
    return found if isinstance(found, list) else []


def _entity(
    list_id: str,
    key: str,
    kind: str,
    name: str,
    aliases: Iterable[str],
    *,
    births: Iterable[str],
    countries: Iterable[str],
    programs: Iterable[str],
    documents: Iterable[tuple[str, str]],
    listed_on: str | None,
) -> ListedEntity:
    return fields.entity(
        list_id,
        key,
        _KINDS.get(kind.lower()) or fields.kind_of_name(name),
        [ListedName(name, "primary"), *(ListedName(alias) for alias in aliases)],
        births=[day for text in births for day in fields.birth_dates(text)],
        countries=countries,
        programs=programs,
        identifiers=[fields.identifier(*document) for document in documents],
        listed_on=listed_on,
    )
