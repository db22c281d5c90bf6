"""UN Security Council consolidated list, XML (`scsanctions.un.org/resources/xml`)."""

from datetime import date
from xml.etree.ElementTree import Element, ParseError

from defusedxml.common import DefusedXmlException
from defusedxml.ElementTree import fromstring

from fraud_sanctions.records import ListedEntity, ListedName, NameQuality
from fraud_sanctions.sources.fields import birth_dates, country_code
from fraud_sanctions.sources.refusal import ListRefused

_NAME_PARTS = ("FIRST_NAME", "SECOND_NAME", "THIRD_NAME", "FOURTH_NAME")


def parse(
    data: bytes, *, list_id: str = "un_sc"
) -> tuple[tuple[ListedEntity, ...], date | None]:
    """The entities and the date the list was generated.

    Raises ListRefused for broken XML, entity tricks, a foreign document or no entries.
    """
    if not data.strip():
        raise ListRefused(list_id, "LIST_EMPTY")
    try:
        root = fromstring(data, forbid_dtd=True)
    except (ParseError, DefusedXmlException, ValueError, LookupError):
        cut = (
            b"</CONSOLIDATED_LIST>" not in data[-200:] and b"CONSOLIDATED_LIST" in data
        )
        raise ListRefused(
            list_id, "LIST_TRUNCATED" if cut else "LIST_CORRUPT"
        ) from None
    if root.tag.rpartition("}")[2] != "CONSOLIDATED_LIST":
        raise ListRefused(list_id, "LIST_CORRUPT")
    found = [_entity(item, list_id) for item in root.iter("INDIVIDUAL")]
    found += [_entity(item, list_id) for item in root.iter("ENTITY")]
    if not found:
        raise ListRefused(list_id, "LIST_EMPTY")
    return tuple(found), _generated(root)


def _generated(root: Element) -> date | None:
    try:
        return date.fromisoformat(root.get("dateGenerated", "")[:10])
    except ValueError:
        return None


def _text(item: Element, path: str) -> str:
    return " ".join((item.findtext(path) or "").split())


def _entity(item: Element, list_id: str) -> ListedEntity:
    person = item.tag == "INDIVIDUAL"
    tag = item.tag
    name = " ".join(part for part in (_text(item, p) for p in _NAME_PARTS) if part)
    reference = _text(item, "REFERENCE_NUMBER") or _text(item, "DATAID")
    if not name or not reference:
        raise ListRefused(list_id, "LIST_CORRUPT")
    names = [ListedName(name, "primary")]
    for alias in item.iter(f"{tag}_ALIAS"):
        if text := _text(alias, "ALIAS_NAME"):
            names.append(ListedName(text, _quality(_text(alias, "QUALITY"))))
    if original := _text(item, "NAME_ORIGINAL_SCRIPT"):
        names.append(ListedName(original))
    births = [
        birth
        for when in item.iter("INDIVIDUAL_DATE_OF_BIRTH")
        for birth in birth_dates(
            _text(when, "DATE")
            or _text(when, "YEAR")
            or f"{_text(when, 'FROM_YEAR')} to {_text(when, 'TO_YEAR')}"
        )
    ]
    places = [e.text or "" for e in item.findall("NATIONALITY/VALUE")]
    places += [e.text or "" for e in item.findall(f"{tag}_ADDRESS/COUNTRY")]
    codes = (country_code(place) for place in places)
    return ListedEntity(
        entity_id=f"{list_id}-{reference.replace(' ', '')}",
        list_id=list_id,
        kind="person" if person else "organisation",
        names=tuple(dict.fromkeys(names)),
        birth_dates=tuple(dict.fromkeys(births)),
        countries=tuple(dict.fromkeys(code for code in codes if code)),
        programs=tuple(p for p in (_text(item, "UN_LIST_TYPE"),) if p),
    )


def _quality(text: str) -> NameQuality:
    if text.lower() == "low":
        return "weak"
    return "former" if text.lower().startswith("f.k.a") else "alias"
