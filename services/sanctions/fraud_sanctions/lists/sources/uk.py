"""The UK sanctions list (FCDO), CSV: a report date, a header, a row per name and address.

A person's family name is `Name 6`, given names are `Name 1` to `Name 5`; an organisation or
ship has all of its name in `Name 6`.
"""

from datetime import date, datetime
from typing import BinaryIO

from fraud_sanctions.lists.records import (
    EntityKind,
    ListedEntity,
    ListedName,
    NameQuality,
    SkippedRow,
)
from fraud_sanctions.lists.sources import fields
from fraud_sanctions.lists.sources.collector import Collector
from fraud_sanctions.lists.sources.refusal import RowRefused
from fraud_sanctions.lists.sources.table import records

COLUMNS = ("Unique ID", "Name 6", "Name type", "Regime Name", "Designation Type")
_KINDS: dict[str, EntityKind] = {
    "individual": "person",
    "entity": "organisation",
    "ship": "vessel",
}
_GIVEN = tuple(f"Name {n}" for n in range(1, 6))
_PLACES = (
    "Nationality(/ies)",
    "Address Country",
    "Current believed flag of ship",
)
_NUMBERS = {
    "Passport number": "passport",
    "National Identifier number": "national id",
    "Business registration number (s)": "registration number",
    "IMO number": "imo number",
    "Hull identification number (HIN)": "hull identification number",
}

_MORE = (
    "Alias strength",
    "Name non-latin script",
    "D.O.B",
    "Date Designated",
)


def parse(
    stream: BinaryIO, *, list_id: str, skipped: list[SkippedRow] | None = None
) -> tuple[tuple[ListedEntity, ...], date | None]:
    """The entities and the day of the report. Raises ListRefused."""
    reported = _report_day(stream.read(64))
    stream.seek(0)
    groups: dict[str, list[dict[str, str]]] = {}
    used = {*COLUMNS, *_GIVEN, *_PLACES, *_NUMBERS, *_MORE}
    found = Collector(list_id, skipped)
    for row in records(stream, list_id, COLUMNS, found):
        kept = {name: value for name, value in row.items() if value and name in used}
        groups.setdefault(row["Unique ID"], []).append(kept)
    for key, rows in groups.items():
        found.take(key, _entity, key, rows, list_id)
    return found.whole(), reported


def _report_day(head: bytes) -> date | None:
    first = head.decode("utf-8", "replace").lstrip("\ufeff").partition("\n")[0]
    printed = first.partition("Report Date:")[2].split(",")[0].strip()
    try:
        return datetime.strptime(printed, "%d-%b-%Y").date()  # noqa: DTZ007 a bare day
    except ValueError:
        return None


def _entity(key: str, rows: list[dict[str, str]], list_id: str) -> ListedEntity:
    kind = _KINDS.get(rows[0].get("Designation Type", "").lower())
    if kind is None:
        raise RowRefused("ROW_KIND")
    names = [ListedName(_name(row), _quality(row)) for row in rows]
    names += [
        ListedName(row["Name non-latin script"])
        for row in rows
        if "Name non-latin script" in row
    ]
    listed = [fields.slashed_date(row.get("Date Designated", "")) for row in rows]
    return fields.entity(
        list_id,
        key,
        kind,
        names,
        births=[
            birth for row in rows for birth in fields.birth_dates(row.get("D.O.B", ""))
        ],
        countries=[
            part
            for row in rows
            for name in _PLACES
            for part in _parts(row.get(name, ""))
        ],
        programs=[row.get("Regime Name", "") for row in rows],
        identifiers=[
            fields.identifier(kind_of, part)
            for row in rows
            for column, kind_of in _NUMBERS.items()
            for part in _parts(row.get(column, ""))
        ],
        listed_on=min((day for day in listed if day), default=None),
    )


def _name(row: dict[str, str]) -> str:
    given = " ".join(row[name] for name in _GIVEN if name in row)
    return f"{given} {row.get('Name 6', '')}".strip()


def _quality(row: dict[str, str]) -> NameQuality:
    if row.get("Alias strength", "").lower().startswith("low"):
        return "weak"
    kind = row.get("Name type", "").lower()
    if kind.startswith("primary name") and "variation" not in kind:
        return "primary"
    return "former" if "f.k.a" in kind or "former" in kind else "alias"


def _parts(text: str) -> list[str]:
    return [part.strip() for part in text.replace(";", "|").split("|") if part.strip()]
