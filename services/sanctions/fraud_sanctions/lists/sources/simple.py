"""Our own CSV: `id,name,type,aliases,birth_date,countries`; several values by `;`.

May go on with `identifiers` (`kind: number`), `programs` and `listed_on`.
"""

from datetime import date
from typing import BinaryIO

from fraud_sanctions.lists.records import (
    EntityKind,
    ListedEntity,
    ListedIdentifier,
    ListedName,
    SkippedRow,
)
from fraud_sanctions.lists.sources import fields
from fraud_sanctions.lists.sources.collector import Collector
from fraud_sanctions.lists.sources.refusal import RowRefused
from fraud_sanctions.lists.sources.table import records, values

COLUMNS = ("id", "name", "type", "aliases", "birth_date", "countries")
_KINDS: dict[str, EntityKind] = {
    "person": "person",
    "organisation": "organisation",
    "organization": "organisation",
    "vessel": "vessel",
    "aircraft": "aircraft",
}


def parse(
    stream: BinaryIO, *, list_id: str, skipped: list[SkippedRow] | None = None
) -> tuple[tuple[ListedEntity, ...], date | None]:
    """The entities. Raises ListRefused for a wrong header or too many wrong rows."""
    found = Collector(list_id, skipped)
    for row in records(stream, list_id, COLUMNS, found):
        found.take(row["id"], _entity, row, list_id)
    return found.whole(), None


def _entity(row: dict[str, str], list_id: str) -> ListedEntity:
    kind = _KINDS.get(row["type"].lower())
    if kind is None:
        raise RowRefused("ROW_KIND")
    aliases = [ListedName(alias) for alias in values(row["aliases"])]
    return fields.entity(
        list_id,
        row["id"],
        kind,
        [ListedName(row["name"], "primary"), *aliases] if row["name"] else [],
        births=[d for t in values(row["birth_date"]) for d in fields.birth_dates(t)],
        countries=values(row["countries"]),
        programs=values(row.get("programs", "")),
        identifiers=[_identifier(text) for text in values(row.get("identifiers", ""))],
        listed_on=row.get("listed_on"),
    )


def _identifier(text: str) -> ListedIdentifier | None:
    kind, colon, number = text.partition(":")
    return fields.identifier(kind, number) if colon else fields.identifier("id", text)
