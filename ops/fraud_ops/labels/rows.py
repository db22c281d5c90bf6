"""Reports in a file: CSV with a header, a JSON list, or JSON lines. Columns and keys are
those of `POST /v1/labels`; what is wrong is told by line and field, never repeated."""

import csv
import io
import json
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from pydantic import ValidationError

from fraud_shared.contracts.disputes import ReportIncomplete, report_of
from fraud_shared.contracts.label import LabelReportIn

_NUMBERS = ("amount_minor",)
_FLAGS = {"true": True, "1": True, "yes": True, "false": False, "0": False, "no": False}
_TOO_MANY = "more fields than the header"


class FileUnreadable(Exception):
    """The file holds no reports; `problem` says where and why."""

    def __init__(self, problem: str) -> None:
        super().__init__(problem)
        self.problem = problem


@dataclass(frozen=True, slots=True)
class Read:
    """A report that can be sent; `line` is its place in the file, from 1."""

    line: int
    body: bytes


@dataclass(frozen=True, slots=True)
class Refused:
    """A row that cannot: which field, and why."""

    line: int
    field: str
    problem: str


def read_reports(path: Path) -> Iterator[Read | Refused]:
    """Each report of the file. Raises FileUnreadable."""
    try:
        text = path.read_text(encoding="utf-8-sig")
    except UnicodeDecodeError:
        raise FileUnreadable("the file is not UTF-8") from None
    except OSError as error:
        raise FileUnreadable(f"the file cannot be read: {error.strerror}") from None
    as_json = text.lstrip()[:1] in ("[", "{")
    for line, row in _json_rows(text) if as_json else _csv_rows(text):
        yield row if isinstance(row, Refused) else _checked(line, row)


def _json_rows(text: str) -> Iterator[tuple[int, Any]]:
    if text.lstrip().startswith("["):
        try:
            rows = json.loads(text)
        except ValueError as error:
            line = getattr(error, "lineno", 1)
            raise FileUnreadable(f"line {line}: not JSON") from None
        yield from enumerate(rows, 1)
        return
    for line, part in enumerate(text.splitlines(), 1):
        if part.strip():
            try:
                yield line, json.loads(part)
            except ValueError:
                yield line, Refused(line, "row", "not JSON")


def _csv_rows(text: str) -> Iterator[tuple[int, Any]]:
    table = csv.DictReader(io.StringIO(text), restkey=_TOO_MANY, strict=True)
    try:
        names = list(table.fieldnames or ())
        if "transaction_id" not in names:
            raise FileUnreadable("line 1: there is no column `transaction_id`")
        unknown = sorted(set(names) - set(LabelReportIn.model_fields))
        if unknown or len(set(names)) < len(names):
            raise FileUnreadable("line 1: a column is unknown, or there twice")
        for cells in table:
            line = table.line_num
            if _TOO_MANY in cells:
                yield line, Refused(line, "row", _TOO_MANY)
            else:
                yield line, _typed(cells)
    except csv.Error:
        raise FileUnreadable(f"line {table.line_num}: not CSV") from None


def _typed(cells: dict[str, str | None]) -> dict[str, Any]:
    """Cells as JSON would have them; an empty one is absent."""
    given: dict[str, Any] = {}
    for name, cell in cells.items():
        text = (cell or "").strip()
        if not text:
            continue
        if name == "reversal":
            given[name] = _FLAGS.get(text.lower(), text)
        else:
            is_number = name in _NUMBERS and text.isdecimal()
            given[name] = int(text) if is_number else text
    return given


def _checked(line: int, row: Any) -> Read | Refused:
    try:
        report = LabelReportIn.model_validate(row)
        report_of(report)
    except ValidationError as error:
        first = error.errors(include_input=False, include_url=False)[0]
        field = str(first["loc"][0]) if first["loc"] else "row"
        return Refused(line, field, first["msg"])
    except ReportIncomplete as error:
        return Refused(line, error.field, error.problem)
    return Read(line, report.model_dump_json(exclude_none=True).encode())
