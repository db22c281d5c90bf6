"""OFAC `sdn.csv` (and the consolidated `cons_prim.csv`) with its side files.

Format: ofac.treasury.gov, "SDN List Data Formats": no header; `-0-` is null;
`ent_num, SDN_Name, SDN_Type, Program, Title, Call_Sign, Vess_type, Tonnage, GRT, Vess_flag,
Vess_owner, Remarks`; alternate names `ent_num, alt_num, alt_type, alt_name, alt_remarks`;
addresses `ent_num, add_num, address, city, country, add_remarks`; comments `ent_num, text`,
which continue remarks that are too long.
"""

import re
from dataclasses import dataclass

from fraud_sanctions.lists.records import (
    EntityKind,
    ListedEntity,
    ListedName,
    NameQuality,
    SkippedRow,
)
from fraud_sanctions.lists.sources import fields, remarks
from fraud_sanctions.lists.sources.collector import Collector, refuse_many
from fraud_sanctions.lists.sources.refusal import ListRefused, RowRefused
from fraud_sanctions.lists.sources.table import rows

_NULL = "-0-"
_KINDS: dict[str, EntityKind] = {
    "": "organisation",
    "entity": "organisation",
    "individual": "person",
    "vessel": "vessel",
    "aircraft": "aircraft",
}
_QUALITIES: dict[str, NameQuality] = {"fka": "former", "weak": "weak"}


@dataclass(frozen=True, slots=True)
class _Sides:
    """The rows of the side files, by entity."""

    names: dict[str, list[list[str]]]
    places: dict[str, list[list[str]]]
    comments: dict[str, list[list[str]]]


def parse(
    sdn: bytes,
    alt: bytes = b"",
    add: bytes = b"",
    comments: bytes = b"",
    *,
    list_id: str = "ofac_sdn",
    skipped: list[SkippedRow] | None = None,
) -> tuple[ListedEntity, ...]:
    """The entities of the list, with the names and countries of the side files given.

    Rows that cannot be used go to `skipped`. Raises ListRefused when any file is damaged, or
    names entities that do not exist.
    """
    found = Collector(list_id, skipped)
    primary = rows(sdn, list_id, 12, found)
    known = {row[0].strip() for _, row in primary}
    sides = _Sides(
        _side(alt, 5, known, found),
        _side(add, 6, known, found),
        _side(comments, 2, known, found),
    )
    for number, row in primary:
        key = row[0].strip()
        label = key if key.isdigit() else f"line {number}"
        found.take(label, _entity, row, sides, list_id)
    return found.whole()


def _side(
    data: bytes, columns: int, known: set[str], found: Collector
) -> dict[str, list[list[str]]]:
    by_key: dict[str, list[list[str]]] = {}
    if not data:
        return by_key
    bad = Collector(found.list_id)
    parsed = rows(data, found.list_id, columns, bad)
    refuse_many(found.list_id, len(bad.skipped), bad.rows + len(parsed))
    found.skipped += bad.skipped
    strangers = 0
    for _, row in parsed:
        key = row[0].strip()
        strangers += key not in known
        by_key.setdefault(key, []).append(row)
    # The files are published together; a few rows out of step are normal, a tenth is not.
    if strangers > max(5, len(parsed) // 10):
        raise ListRefused(found.list_id, "LIST_CORRUPT")
    return by_key


def _entity(row: list[str], sides: _Sides, list_id: str) -> ListedEntity:
    key = row[0].strip()
    kind = _KINDS.get(_value(row[2]).lower())
    if not key.isdigit():
        raise RowRefused("ROW_ID")
    if kind is None:
        raise RowRefused("ROW_KIND")
    places = sides.places.get(key, [])
    said = remarks.read(_remarks(row[11], sides.comments.get(key, [])))
    names = [ListedName(_value(row[1]), "primary")]
    for alternate in sides.names.get(key, []):
        if text := _value(alternate[3]):
            quality = _QUALITIES.get(alternate[2].strip().lower(), "alias")
            names.append(ListedName(text, quality))
    names += [ListedName(name, "weak") for name in said.names]
    return fields.entity(
        list_id,
        key,
        kind,
        names,
        births=[birth for text in said.births for birth in fields.birth_dates(text)],
        countries=[
            *said.countries,
            *(_value(place[4]) for place in places),
            _value(row[9]),
        ],
        programs=re.split(r"\] \[|;", _value(row[3]).strip("[] ")),
        identifiers=said.identifiers,
    )


def _remarks(first: str, comments: list[list[str]]) -> str:
    """The whole text: it breaks off anywhere, also in the middle of a word."""
    if first.strip().startswith(_NULL):
        first = ""
    return first + "".join(
        row[1] for row in comments if not row[1].strip().startswith(_NULL)
    )


def _value(text: str) -> str:
    text = text.strip()
    return "" if text.startswith(_NULL) else text
