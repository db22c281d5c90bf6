"""OpenSanctions: `targets.simple.csv`, and FollowTheMoney JSON lines (`entities.ftm.json`).

Dates like `first_seen` say when OpenSanctions saw an entity, not when it was listed, and
are left out. Countries beyond ISO 3166 (`ua-cri`, `suhh`) are read as the first part, or
left out.
"""

from dataclasses import replace
from datetime import date
from typing import Any, BinaryIO

from fraud_sanctions.lists.records import (
    EntityKind,
    ListedEntity,
    ListedName,
    NameQuality,
    SkippedRow,
)
from fraud_sanctions.lists.sources import fields
from fraud_sanctions.lists.sources.collector import Collector
from fraud_sanctions.lists.sources.documents import json_lines
from fraud_sanctions.lists.sources.table import records, values

COLUMNS = ("id", "schema", "name", "aliases", "birth_date", "countries", "dataset")
# Schemata that are parties; a LegalEntity may be a person or an organisation.
_KINDS: dict[str, EntityKind | None] = {
    "Person": "person",
    "Organization": "organisation",
    "Company": "organisation",
    "PublicBody": "organisation",
    "LegalEntity": None,
    "Vessel": "vessel",
    "Airplane": "aircraft",
}
_NAMES: dict[str, NameQuality] = {
    "name": "primary",
    "alias": "alias",
    "previousName": "former",
    "weakAlias": "weak",
}
_COUNTRIES = ("nationality", "citizenship", "country", "jurisdiction", "flag")
_NUMBERS = {
    "passportNumber": "passport",
    "idNumber": "identification number",
    "registrationNumber": "registration number",
    "taxNumber": "tax number",
    "innCode": "inn",
    "ogrnCode": "ogrn",
    "imoNumber": "imo number",
    "mmsi": "mmsi",
    "leiCode": "lei",
    "swiftBic": "swift",
}


def parse_simple(
    stream: BinaryIO, *, list_id: str, skipped: list[SkippedRow] | None = None
) -> tuple[tuple[ListedEntity, ...], date | None]:
    """The parties of `targets.simple.csv`. Raises ListRefused."""
    found = Collector(list_id, skipped)
    for row in records(stream, list_id, COLUMNS, found):
        if row["schema"] in _KINDS:
            found.take(row["id"], _from_row, row, list_id)
    return found.whole(), None


def _from_row(row: dict[str, str], list_id: str) -> ListedEntity:
    name = row["name"]
    aliases = [ListedName(alias) for alias in values(row["aliases"])]
    return fields.entity(
        list_id,
        row["id"],
        _KINDS[row["schema"]] or fields.kind_of_name(name),
        [ListedName(name, "primary"), *aliases],
        births=[d for t in values(row["birth_date"]) for d in fields.birth_dates(t)],
        countries=[code[:2] for code in values(row["countries"]) if _iso(code)],
        programs=[*values(row.get("program_ids", "")), *values(row["dataset"])],
        identifiers=[
            fields.identifier("identification", number)
            for number in values(row.get("identifiers", ""))
        ],
    )


def _iso(code: str) -> bool:
    return len(code) == 2 or code[2:3] == "-"


def parse_ftm(
    stream: BinaryIO, *, list_id: str, skipped: list[SkippedRow] | None = None
) -> tuple[tuple[ListedEntity, ...], date | None]:
    """The parties of a FollowTheMoney export; `Sanction` entities give programme and day.

    With `target` flags only targets are taken: the rest are relatives and addresses.
    """
    found = Collector(list_id, skipped)
    sanctions: dict[str, tuple[set[str], set[str]]] = {}
    for item in json_lines(stream, list_id, found):
        properties = item.get("properties")
        if not isinstance(properties, dict) or not isinstance(item.get("id"), str):
            found.skip(f"entity {found.rows + 1}", "ROW_ID")
        elif item.get("schema") == "Sanction":
            _note(properties, sanctions)
        elif item.get("schema") in _KINDS and item.get("target", True):
            found.take(item["id"], _from_ftm, item, properties, list_id)
    by_id = {f"{list_id}-{''.join(key.split())}": of for key, of in sanctions.items()}
    return tuple(
        _sanctioned(entity, by_id.get(entity.entity_id)) for entity in found.whole()
    ), None


def _note(
    properties: dict[str, Any], sanctions: dict[str, tuple[set[str], set[str]]]
) -> None:
    for key in _texts(properties, "entity"):
        programs, days = sanctions.setdefault(key, (set(), set()))
        programs.update(
            _texts(properties, "programId") or _texts(properties, "program")
        )
        days.update(
            _texts(properties, "listingDate") or _texts(properties, "startDate")
        )


def _sanctioned(
    entity: ListedEntity, found: tuple[set[str], set[str]] | None
) -> ListedEntity:
    if found is None:
        return entity
    programs, days = found
    return replace(
        entity,
        programs=tuple(dict.fromkeys((*entity.programs, *sorted(programs)))),
        listed_on=min(days, default=entity.listed_on),
    )


def _texts(properties: dict[str, Any], name: str) -> list[str]:
    found = properties.get(name, [])
    return [value for value in found if isinstance(value, str)]


def _from_ftm(
    item: dict[str, Any], properties: dict[str, Any], list_id: str
) -> ListedEntity:
    caption = str(item.get("caption") or "")
    names = [
        ListedName(text, "alias" if quality == "primary" else quality)
        for name, quality in _NAMES.items()
        for text in _texts(properties, name)
    ]
    first = caption or (names[0].text if names else "")
    places = [code for name in _COUNTRIES for code in _texts(properties, name)]
    return fields.entity(
        list_id,
        item["id"],
        _KINDS[item["schema"]] or fields.kind_of_name(first),
        [ListedName(first, "primary"), *names],
        births=[
            day
            for text in _texts(properties, "birthDate")
            for day in fields.birth_dates(text)
        ],
        countries=[code[:2] for code in places if _iso(code)],
        programs=[*_texts(properties, "programId"), *_datasets(item)],
        identifiers=[
            fields.identifier(kind, number)
            for name, kind in _NUMBERS.items()
            for number in _texts(properties, name)
        ],
    )


def _datasets(item: dict[str, Any]) -> list[str]:
    found = item.get("datasets", [])
    return [str(name) for name in found] if isinstance(found, list) else []
