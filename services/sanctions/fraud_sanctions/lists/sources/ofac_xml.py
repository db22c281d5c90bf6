"""OFAC `sdn.xml` and `consolidated.xml`, the classic format (`sdnList`).

Published by the Sanctions List Service; the namespace has changed over the years and is
not compared.
"""

from datetime import date, datetime
from typing import BinaryIO
from xml.etree.ElementTree import Element

from fraud_sanctions.lists.records import (
    EntityKind,
    ListedEntity,
    ListedName,
    NameQuality,
    SkippedRow,
)
from fraud_sanctions.lists.sources import fields
from fraud_sanctions.lists.sources.collector import Collector
from fraud_sanctions.lists.sources.markup import elements, text
from fraud_sanctions.lists.sources.refusal import ListRefused, RowRefused

_KINDS: dict[str, EntityKind] = {
    "individual": "person",
    "entity": "organisation",
    "vessel": "vessel",
    "aircraft": "aircraft",
}
_COUNTRIES = (
    "nationalityList/nationality/country",
    "citizenshipList/citizenship/country",
    "addressList/address/country",
    "vesselInfo/vesselFlag",
)


def parse(
    stream: BinaryIO, *, list_id: str, skipped: list[SkippedRow] | None = None
) -> tuple[tuple[ListedEntity, ...], date | None]:
    """The entities and the day of publication.

    Raises ListRefused, also when the file holds another number of entries than it says.
    """
    found = Collector(list_id, skipped)
    published, announced = None, None
    wanted = frozenset({"sdnEntry", "publshInformation"})
    for item in elements(stream, list_id, "sdnList", wanted):
        if item.tag == "sdnEntry":
            label = text(item, "uid") or f"entry {found.rows + 1}"
            found.take(label, _entity, item, list_id)
        elif item.tag == "publshInformation":
            published = _day(text(item, "Publish_Date"))
            announced = text(item, "Record_Count")
    if announced and announced.isdecimal() and int(announced) != found.rows:
        fewer = found.rows < int(announced)
        raise ListRefused(list_id, "LIST_TRUNCATED" if fewer else "LIST_CORRUPT")
    return found.whole(), published


def _day(printed: str) -> date | None:
    try:
        return datetime.strptime(printed, "%m/%d/%Y").date()  # noqa: DTZ007 a bare day
    except ValueError:
        return None


def _entity(item: Element, list_id: str) -> ListedEntity:
    kind = _KINDS.get(text(item, "sdnType").lower())
    if kind is None:
        raise RowRefused("ROW_KIND")
    names = [ListedName(_name(item), "primary")]
    names += [ListedName(_name(aka), _quality(aka)) for aka in item.iter("aka")]
    places = [place.text or "" for path in _COUNTRIES for place in item.findall(path)]
    births = [b.text or "" for b in item.iter("dateOfBirth")]
    ids = [
        fields.identifier(text(i, "idType"), text(i, "idNumber"))
        for i in item.findall("idList/id")
    ]
    return fields.entity(
        list_id,
        text(item, "uid"),
        kind,
        names,
        births=[day for birth in births for day in fields.birth_dates(birth)],
        countries=places,
        programs=[p.text or "" for p in item.findall("programList/program")],
        identifiers=ids,
    )


def _name(item: Element) -> str:
    """`LAST, First` as in the CSV files, so that both formats give the same names."""
    first, last = text(item, "firstName"), text(item, "lastName")
    return f"{last}, {first}" if first and last else last or first


def _quality(aka: Element) -> NameQuality:
    if text(aka, "category").lower() == "weak":
        return "weak"
    return "former" if text(aka, "type").lower().startswith("f.k.a") else "alias"
