"""The names to screen: one row of a CSV each.

What is wrong with a row is told by line and field; what stood there is never repeated.
"""

import csv
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

from pydantic import TypeAdapter, ValidationError

from fraud_sanctions.matching.answers import readable
from fraud_shared.contracts.base import Identifier
from fraud_shared.contracts.screening import PartyQuery

COLUMNS = ("id", "name", "kind", "birth_date", "country", "identifier")
_FIELDS = {
    "role": "id",
    "entity_type": "kind",
    "identifiers": "identifier",
}
_ID = TypeAdapter(Identifier)
_TOO_MANY = "more fields than the header"


class FileUnreadable(Exception):
    """The file cannot be read as a CSV of names; `problem` says where and why."""

    def __init__(self, problem: str) -> None:
        super().__init__(problem)
        self.problem = problem


@dataclass(frozen=True, slots=True)
class Named:
    """A row that can be screened. `line` is where it ends in the file, from 1."""

    line: int
    row_id: str
    query: PartyQuery


@dataclass(frozen=True, slots=True)
class Refused:
    """A row that cannot: which field, and why."""

    line: int
    row_id: str
    field: str
    problem: str


Row = Named | Refused


def read_rows(path: Path) -> Iterator[Row]:
    """Each row of the file; empty lines are passed over. Raises FileUnreadable."""
    try:
        with path.open(encoding="utf-8-sig", newline="") as file:
            table = csv.DictReader(file, restkey=_TOO_MANY, strict=True)
            _check_header(table)
            try:
                for cells in table:
                    yield _row(table.line_num, cells)
            except csv.Error:
                problem = (
                    f"line {table.line_num}: not CSV (quotes, or a field too long)"
                )
                raise FileUnreadable(problem) from None
    except UnicodeDecodeError:
        raise FileUnreadable("the file is not UTF-8") from None
    except OSError as error:
        raise FileUnreadable(f"the file cannot be read: {error.strerror}") from None


def _check_header(table: "csv.DictReader[str]") -> None:
    try:
        names = list(table.fieldnames or ())
    except csv.Error:
        raise FileUnreadable("line 1: not CSV") from None
    if "name" not in names:
        raise FileUnreadable("line 1: there is no column `name`")
    if len(set(names)) < len(names):
        raise FileUnreadable("line 1: two columns have one name")


def _row(line: int, cells: Mapping[str, str | None]) -> Row:
    given = {name: (cells.get(name) or "").strip() for name in COLUMNS}
    row_id, problem = _identified(given["id"])
    if problem:
        return Refused(line, row_id, "id", problem)
    if _TOO_MANY in cells:
        return Refused(line, row_id, "row", _TOO_MANY)
    if not readable(given["name"]):
        return Refused(line, row_id, "name", "no letter or digit")
    try:
        return Named(line, row_id, _query(given))
    except ValidationError as error:
        first = error.errors(include_input=False, include_url=False)[0]
        field = str(first["loc"][0])
        return Refused(line, row_id, _FIELDS.get(field, field), first["msg"])


def _identified(text: str) -> tuple[str, str]:
    """A row's own id, or none; and what is wrong with it."""
    try:
        return (_ID.validate_python(text) if text else ""), ""
    except ValidationError:
        return (
            "",
            "not 1 to 128 letters, digits and ._:@/+=- beginning with one of both",
        )


def _query(given: Mapping[str, str]) -> PartyQuery:
    numbers = (part.strip() for part in given["identifier"].split(";"))
    return PartyQuery.model_validate(
        {
            "role": "row",
            "name": given["name"],
            "entity_type": given["kind"].lower() or None,
            "birth_date": given["birth_date"] or None,
            "country": given["country"].upper() or None,
            "identifiers": tuple(part for part in numbers if part),
        }
    )
