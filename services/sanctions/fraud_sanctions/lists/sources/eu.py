"""EU financial sanctions (FSF 1.1), XML (`xmlFullSanctionsList_1_1`) and CSV.

The XML tells strong from weak names; the CSV does not. A country `00` is unknown.
"""

from collections.abc import Iterable
from datetime import date, datetime
from typing import BinaryIO
from xml.etree.ElementTree import Element

from fraud_sanctions.lists.records import (
    EntityKind,
    ListedEntity,
    ListedName,
    SkippedRow,
)
from fraud_sanctions.lists.sources import fields
from fraud_sanctions.lists.sources.collector import Collector
from fraud_sanctions.lists.sources.markup import elements
from fraud_sanctions.lists.sources.printed_dates import about
from fraud_sanctions.lists.sources.refusal import RowRefused
from fraud_sanctions.lists.sources.table import records

_KINDS: dict[str, EntityKind] = {
    "P": "person",
    "PERSON": "person",
    "E": "organisation",
    "ENTERPRISE": "organisation",
    "ENTITY": "organisation",
}
COLUMNS = ("Entity_LogicalId", "NameAlias_WholeName", "Entity_Regulation_Programme")


def parse_xml(
    stream: BinaryIO, *, list_id: str, skipped: list[SkippedRow] | None = None
) -> tuple[tuple[ListedEntity, ...], date | None]:
    """The entities and the day of the export. Raises ListRefused."""
    found = Collector(list_id, skipped)
    generated = None
    for item in elements(stream, list_id, "export", frozenset({"sanctionEntity"})):
        if item.tag == "sanctionEntity":
            label = item.get("logicalId") or f"entry {found.rows + 1}"
            found.take(label, _from_xml, item, list_id)
        else:
            generated = _iso(item.get("generationDate", ""))
    return found.whole(), generated


def _iso(text: str) -> date | None:
    try:
        return date.fromisoformat(text[:10])
    except ValueError:
        return None


def _from_xml(item: Element, list_id: str) -> ListedEntity:
    subject = item.find("subjectType")
    codes = () if subject is None else subject.attrib.values()
    names = [
        ListedName(
            alias.get("wholeName", ""),
            "weak" if alias.get("strong") == "false" else "alias",
        )
        for alias in item.findall("nameAlias")
    ]
    births = [
        day
        for birth in item.findall("birthdate")
        for day in _births({name.lower(): text for name, text in birth.items()})
    ]
    places = [p.get("countryIso2Code", "") for p in item.findall("citizenship")]
    places += [p.get("countryIso2Code", "") for p in item.findall("address")]
    rules = item.findall("regulation")
    days = sorted(
        r.get("publicationDate", "") for r in rules if r.get("publicationDate")
    )
    return fields.entity(
        list_id,
        item.get("logicalId", ""),
        _kind(codes),
        _with_primary(names),
        births=births,
        countries=places,
        programs=[rule.get("programme", "") for rule in rules],
        identifiers=[
            fields.identifier(
                _document(i.get("identificationTypeCode")), i.get("number", "")
            )
            for i in item.findall("identification")
            if i.get("knownFalse") != "true"
        ],
        listed_on=item.get("designationDate") or (days[0] if days else None),
    )


def _with_primary(names: list[ListedName]) -> list[ListedName]:
    """The first strong name is the primary one: the list itself marks none."""
    at = next((n for n, name in enumerate(names) if name.quality == "alias"), 0)
    return [
        ListedName(name.text, "primary") if n == at else name
        for n, name in enumerate(names)
    ]


def _kind(codes: Iterable[str]) -> EntityKind:
    for code in codes:
        if kind := _KINDS.get(code.strip().upper()):
            return kind
    raise RowRefused("ROW_KIND")


def _births(given: dict[str, str]) -> tuple[str, ...]:
    """A day, its parts, or a range of years, in the calendar named, perhaps approximate."""
    parts = [given.get(n, "") for n in ("year", "month", "day")]
    parts[1] = parts[1] or given.get("monthofyear", "")
    parts[2] = parts[2] or given.get("dayofmonth", "")
    known = [part for part in parts if part.strip("0")]
    first, last = given.get("yearrangefrom", ""), given.get("yearrangeto", "")
    text = given.get("birthdate") or "-".join(part.zfill(2) for part in known)
    if not text.strip("0- ") and (first or last):
        text = f"{first} to {last}" if first and last else first or f"before {last}"
    if given.get("calendartype", "").upper() in ("ISLAMIC", "HIJRI"):
        text = f"{given.get('year', '')} AH"
    found = fields.birth_dates(text)
    return (
        tuple(map(about, found)) if given.get("circa", "").lower() == "true" else found
    )


def _document(code: str | None) -> str:
    return "identification" if code in (None, "", "other") else str(code)


def parse_csv(
    stream: BinaryIO, *, list_id: str, skipped: list[SkippedRow] | None = None
) -> tuple[tuple[ListedEntity, ...], date | None]:
    """The same from the CSV, which has a row per name, address, birth date and document."""
    groups: dict[str, list[dict[str, str]]] = {}
    generated = None
    found = Collector(list_id, skipped)
    for row in records(stream, list_id, COLUMNS, found, delimiter=";"):
        generated = generated or _slashed(row.get("fileGenerationDate", ""))
        kept = {name: value for name, value in row.items() if value and name in _USED}
        groups.setdefault(row["Entity_LogicalId"], []).append(kept)
    for key, rows in groups.items():
        found.take(key, _from_rows, key, rows, list_id)
    return found.whole(), generated


def _slashed(text: str) -> date | None:
    try:
        return datetime.strptime(text, "%d/%m/%Y").date()  # noqa: DTZ007 a bare day
    except ValueError:
        return _iso(text)


_USED = frozenset(
    {
        *COLUMNS,
        "Entity_SubjectType",
        "Entity_SubjectType_ClassificationCode",
        "Entity_DesignationDate",
        "Entity_Regulation_PublicationDate",
        "Address_CountryIso2Code",
        "BirthDate_BirthDate",
        "BirthDate_Day",
        "BirthDate_Month",
        "BirthDate_Year",
        "BirthDate_YearRangeFrom",
        "BirthDate_YearRangeTo",
        "BirthDate_Circa",
        "BirthDate_CalendarType",
        "Identification_Number",
        "Identification_TypeCode",
        "Identification_KnownFalse",
        "Citizenship_CountryIso2Code",
    }
)


def _from_rows(key: str, rows: list[dict[str, str]], list_id: str) -> ListedEntity:
    def column(*names: str) -> list[str]:
        return [row[name] for row in rows for name in names if name in row]

    names = [ListedName(name) for name in column("NameAlias_WholeName")]
    return fields.entity(
        list_id,
        key,
        _kind(
            column("Entity_SubjectType", "Entity_SubjectType_ClassificationCode"),
        ),
        _with_primary(names),
        births=[
            day
            for row in rows
            for day in _births(
                {
                    name.partition("_")[2].lower(): text
                    for name, text in row.items()
                    if name.startswith("BirthDate_")
                }
            )
        ],
        countries=column("Citizenship_CountryIso2Code", "Address_CountryIso2Code"),
        programs=column("Entity_Regulation_Programme"),
        identifiers=[
            fields.identifier(
                _document(row.get("Identification_TypeCode")),
                row.get("Identification_Number", ""),
            )
            for row in rows
            if row.get("Identification_KnownFalse", "").lower() != "true"
        ],
        listed_on=min(
            column("Entity_DesignationDate")
            or column("Entity_Regulation_PublicationDate"),
            default=None,
        ),
    )
