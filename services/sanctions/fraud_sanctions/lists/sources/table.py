"""CSV as lists publish it, refused when it is damaged."""

import csv
import io
from collections.abc import Iterator, Sequence
from typing import BinaryIO

from fraud_sanctions.lists.sources.refusal import ListRefused

# Treasury ends its files with the DOS end-of-file mark.
_END_OF_FILE = "\x1a"


def decode(data: bytes, list_id: str) -> str:
    """Text of a list file: UTF-8, else Windows-1252, which older files use."""
    if not data.strip():
        raise ListRefused(list_id, "LIST_EMPTY")
    try:
        return data.decode("utf-8-sig")
    except UnicodeDecodeError:
        pass
    try:
        return data.decode("cp1252")
    except UnicodeDecodeError:
        raise ListRefused(list_id, "LIST_CORRUPT") from None


def rows(data: bytes, list_id: str, columns: int) -> list[list[str]]:
    """All rows, each with exactly `columns` fields.

    A file that does not end with a line end, or whose last row is short, was cut off.
    """
    text = decode(data, list_id)
    if "\x00" in text:
        raise ListRefused(list_id, "LIST_CORRUPT")
    if not text.rstrip(" ").endswith(("\n", _END_OF_FILE)):
        raise ListRefused(list_id, "LIST_TRUNCATED")
    try:
        parsed = list(
            csv.reader(
                io.StringIO(text.rstrip(f"{_END_OF_FILE}\r\n ") + "\n"), strict=True
            )
        )
    except csv.Error:
        raise ListRefused(list_id, "LIST_CORRUPT") from None
    kept = [row for row in parsed if row]
    if not kept:
        raise ListRefused(list_id, "LIST_EMPTY")
    wrong = [at for at, row in enumerate(kept) if len(row) != columns]
    if wrong:
        last_only = wrong == [len(kept) - 1]
        raise ListRefused(list_id, "LIST_TRUNCATED" if last_only else "LIST_CORRUPT")
    return kept


class _Lines:
    """Lines of a file, and whether the last one was ended."""

    def __init__(self, stream: BinaryIO, list_id: str) -> None:
        self._stream = stream
        self._list_id = list_id
        self.ended = False

    def __iter__(self) -> Iterator[str]:
        for number, data in enumerate(self._stream):
            if b"\x00" in data:
                raise ListRefused(self._list_id, "LIST_CORRUPT")
            self.ended = data.endswith((b"\n", _END_OF_FILE.encode()))
            try:
                yield data.decode("utf-8" if number else "utf-8-sig")
            except UnicodeDecodeError:
                raise ListRefused(self._list_id, "LIST_CORRUPT") from None


def records(
    stream: BinaryIO, list_id: str, needed: Sequence[str], delimiter: str = ","
) -> Iterator[dict[str, str]]:
    """Rows by the names of the header, one at a time.

    The header is the first row with all `needed` columns, among the first three: some
    files begin with a line about themselves. Refused like `rows`.
    """
    lines = _Lines(stream, list_id)
    reader = csv.reader(lines, delimiter=delimiter, strict=True)
    header: list[str] = []
    wrong = False
    try:
        for number, row in enumerate(reader):
            cells = [cell.strip() for cell in row]
            if not any(cells) or cells == [_END_OF_FILE]:
                continue
            if not header:
                header = cells if set(needed) <= set(cells) else []
                if not header and number >= 2:
                    break
                continue
            if wrong:
                raise ListRefused(list_id, "LIST_CORRUPT")
            wrong = len(cells) != len(header)
            if not wrong:
                yield dict(zip(header, cells, strict=True))
    except csv.Error:
        # Inside quotes at the end of the file: it was cut off.
        if lines.ended:
            raise ListRefused(list_id, "LIST_CORRUPT") from None
        raise ListRefused(list_id, "LIST_TRUNCATED") from None
    if not header:
        raise ListRefused(list_id, "LIST_CORRUPT")
    if wrong or not lines.ended:
        raise ListRefused(list_id, "LIST_TRUNCATED")


def values(text: str) -> list[str]:
    """Several values in one cell, separated by semicolons."""
    return [part.strip() for part in text.split(";") if part.strip()]
