"""OFAC `sdn.csv` (and the consolidated `cons_prim.csv`) with its side files.

Format: ofac.treasury.gov, "SDN List Data Formats": no header; `-0-` is null;
`ent_num, SDN_Name, SDN_Type, Program, Title, Call_Sign, Vess_type, Tonnage, GRT, Vess_flag,
Vess_owner, Remarks`; alternate names `ent_num, alt_num, alt_type, alt_name, alt_remarks`;
addresses `ent_num, add_num, address, city, country, add_remarks`.
"""

import re

from fraud_sanctions.lists.records import (
    EntityKind,
    ListedEntity,
    ListedName,
    NameQuality,
)
from fraud_sanctions.lists.sources import fields
from fraud_sanctions.lists.sources.refusal import ListRefused
from fraud_sanctions.lists.sources.table import rows

_NULL = "-0-"
_KINDS: dict[str, EntityKind] = {
    "individual": "person",
    "vessel": "vessel",
    "aircraft": "aircraft",
}
_QUALITIES: dict[str, NameQuality] = {"fka": "former", "weak": "weak"}
_REMARK = re.compile(r"(?:alt\. )?(DOB|nationality|citizen) ([^;]+)")
# `Passport A1234 (Iran)`, `Registration ID 12 (Russia)`, `Tax ID No. 34 (Panama)`.
_DOCUMENT = re.compile(
    r"(?:alt\. )?((?:[A-Z][\w./-]{0,30} ){1,6}?)(?:No\. |Number )?"
    r"([A-Z0-9](?=[\w./-]{0,40}\d)[\w./-]{3,60})"
    r"(?: \(.*\))?(?: issued .*)?(?: expires .*)?\.?"
)
_WEAK_ALIAS = re.compile(r"(?:Alt\. )?[Ww]eak a\.k\.a\. '?\"?([^;'\"]{2,200})")


def parse(
    sdn: bytes,
    alt: bytes = b"",
    add: bytes = b"",
    comments: bytes = b"",
    *,
    list_id: str = "ofac_sdn",
) -> tuple[ListedEntity, ...]:
    """The entities of the list, with the names and countries of the side files given.

    Raises ListRefused when any file is damaged, or names entities that do not exist.
    """
    primary = rows(sdn, list_id, 12)
    known = {row[0].strip() for row in primary}
    if not all(key.isdigit() for key in known) or len(known) != len(primary):
        raise ListRefused(list_id, "LIST_CORRUPT")
    names = _side(alt, 5, known, list_id)
    places = _side(add, 6, known, list_id)
    more = _side(comments, 2, known, list_id)
    return tuple(
        _entity(
            row,
            names.get(row[0].strip(), []),
            places.get(row[0].strip(), []),
            "".join(extra[1] for extra in more.get(row[0].strip(), [])),
            list_id,
        )
        for row in primary
    )


def _side(
    data: bytes, columns: int, known: set[str], list_id: str
) -> dict[str, list[list[str]]]:
    found: dict[str, list[list[str]]] = {}
    if not data:
        return found
    parsed = rows(data, list_id, columns)
    strangers = 0
    for row in parsed:
        key = row[0].strip()
        strangers += key not in known
        found.setdefault(key, []).append(row)
    # The files are published together; a few rows out of step are normal, a tenth is not.
    if strangers > max(5, len(parsed) // 10):
        raise ListRefused(list_id, "LIST_CORRUPT")
    return found


def _entity(
    row: list[str],
    alternates: list[list[str]],
    places: list[list[str]],
    comments: str,
    list_id: str,
) -> ListedEntity:
    remarks = _value(row[11]) + comments
    facts = [
        (what, text.strip().rstrip(".")) for what, text in _REMARK.findall(remarks)
    ]
    names = [ListedName(_value(row[1]) or row[0], "primary")]
    for alternate in alternates:
        if text := _value(alternate[3]):
            kind = alternate[2].strip().lower()
            names.append(ListedName(text, _QUALITIES.get(kind, "alias")))
    names += [
        ListedName(n.strip(" .'\""), "weak") for n in _WEAK_ALIAS.findall(remarks)
    ]
    countries = [text for what, text in facts if what != "DOB"]
    countries += [_value(place[4]) for place in places]
    if flag := _value(row[9]):
        countries.append(flag)
    papers = (_DOCUMENT.fullmatch(part.strip()) for part in remarks.split(";"))
    return fields.entity(
        list_id,
        row[0].strip(),
        _KINDS.get(_value(row[2]).lower(), "organisation"),
        names,
        births=[
            birth
            for what, text in facts
            if what == "DOB"
            for birth in fields.birth_dates(text)
        ],
        countries=countries,
        programs=re.split(r"\] \[|;", _value(row[3]).strip("[] ")),
        identifiers=[fields.identifier(p[1], p[2]) for p in papers if p],
    )


def _value(text: str) -> str:
    text = text.strip()
    return "" if text.startswith(_NULL) else text
