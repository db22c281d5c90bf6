"""UN Security Council consolidated list, XML (`scsanctions.un.org/resources/xml`)."""

from datetime import date
from typing import BinaryIO
from xml.etree.ElementTree import Element

from fraud_sanctions.lists.records import (
    ListedEntity,
    ListedName,
    NameQuality,
    SkippedRow,
)
from fraud_sanctions.lists.sources import fields
from fraud_sanctions.lists.sources.collector import Collector
from fraud_sanctions.lists.sources.markup import elements, text
from fraud_sanctions.lists.sources.printed_dates import about

_NAME_PARTS = ("FIRST_NAME", "SECOND_NAME", "THIRD_NAME", "FOURTH_NAME")
_WANTED = frozenset({"INDIVIDUAL", "ENTITY"})


def parse(
    stream: BinaryIO, *, list_id: str, skipped: list[SkippedRow] | None = None
) -> tuple[tuple[ListedEntity, ...], date | None]:
    """The entities and the date the list was generated.

    Raises ListRefused for broken XML, entity tricks, a foreign document or no entries.
    """
    found = Collector(list_id, skipped)
    generated = None
    for item in elements(stream, list_id, "CONSOLIDATED_LIST", _WANTED):
        if item.tag in _WANTED:
            found.take(_key(item) or f"entry {found.rows + 1}", _entity, item, list_id)
        else:
            generated = _generated(item)
    return found.whole(), generated


def _generated(root: Element) -> date | None:
    try:
        return date.fromisoformat(root.get("dateGenerated", "")[:10])
    except ValueError:
        return None


def _key(item: Element) -> str:
    return text(item, "REFERENCE_NUMBER") or text(item, "DATAID")


def _births(when: Element) -> tuple[str, ...]:
    """`TYPE_OF_DATE` is exact, approximate or between."""
    printed = (
        text(when, "DATE")
        or text(when, "YEAR")
        or f"{text(when, 'FROM_YEAR')} to {text(when, 'TO_YEAR')}"
    )
    found = fields.birth_dates(printed)
    vague = text(when, "TYPE_OF_DATE").upper().startswith(("APPROX", "CIRCA"))
    return tuple(map(about, found)) if vague else found


def _entity(item: Element, list_id: str) -> ListedEntity:
    tag = item.tag
    name = " ".join(part for part in (text(item, p) for p in _NAME_PARTS) if part)
    names = [ListedName(name, "primary")]
    names += [
        ListedName(text(alias, "ALIAS_NAME"), _quality(text(alias, "QUALITY")))
        for alias in item.iter(f"{tag}_ALIAS")
    ]
    names.append(ListedName(text(item, "NAME_ORIGINAL_SCRIPT")))
    births = [
        birth
        for when in item.iter("INDIVIDUAL_DATE_OF_BIRTH")
        for birth in _births(when)
    ]
    places = [e.text or "" for e in item.findall("NATIONALITY/VALUE")]
    places += [e.text or "" for e in item.findall(f"{tag}_ADDRESS/COUNTRY")]
    return fields.entity(
        list_id,
        _key(item),
        "person" if tag == "INDIVIDUAL" else "organisation",
        names,
        births=births,
        countries=places,
        programs=[text(item, "UN_LIST_TYPE")],
        identifiers=[
            fields.identifier(text(paper, "TYPE_OF_DOCUMENT"), text(paper, "NUMBER"))
            for paper in item.iter("INDIVIDUAL_DOCUMENT")
        ],
        listed_on=text(item, "LISTED_ON")[:10],
    )


def _quality(text: str) -> NameQuality:
    if text.lower() == "low":
        return "weak"
    return "former" if text.lower().startswith("f.k.a") else "alias"
