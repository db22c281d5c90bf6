"""CSV as lists publish it: quotes and line ends that publishers got wrong are mended where
only one reading gives the columns, what cannot be mended costs its row, and a file that was
cut off is refused."""

import csv
import io
import re
from collections import deque
from collections.abc import Iterable, Iterator, Sequence
from typing import BinaryIO

from fraud_sanctions.lists.sources.collector import Collector
from fraud_sanctions.lists.sources.refusal import ListRefused

# Treasury ends its files with the DOS end-of-file mark.
_END_OF_FILE = "\x1a"
# Lines that one quoted field may run over.
_MOST_LINES = 64
# Zeros, and bytes that are no text.
_UNREADABLE = re.compile("[\x00\udc80-\udcff]")
_OPEN: list[str] = []


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


def rows(
    data: bytes, list_id: str, columns: int, bad: Collector
) -> list[tuple[int, list[str]]]:
    """All good rows with their line numbers; the last of `columns` fields is free text.

    A file that does not end with a line end, or whose last row is short, was cut off.
    Bad rows go to `bad`.
    """
    text = decode(data, list_id)
    if not text.rstrip(" ").endswith(("\n", _END_OF_FILE)):
        raise ListRefused(list_id, "LIST_TRUNCATED")
    body = text.rstrip(f"{_END_OF_FILE}\r\n ") + "\n"
    lines = _Rows(io.StringIO(body, newline=""), ",", columns, free_text=True)
    kept: list[tuple[int, list[str]]] = []
    wrong: list[int] = []
    last = 0
    for last, row in lines:
        if row is None:
            wrong.append(last)
        else:
            kept.append((last, row))
    if wrong and wrong[-1] == last:
        raise ListRefused(list_id, "LIST_TRUNCATED")
    for number in wrong:
        bad.skip(f"line {number}", "ROW_COLUMNS")
    if not kept:
        raise ListRefused(list_id, "LIST_CORRUPT" if wrong else "LIST_EMPTY")
    return kept


class _Rows:
    """Rows of a CSV with their line numbers, each None where its fields cannot be known.

    A quoted field may run over lines; a quote that closes nowhere costs its line only.
    `columns`: how many fields a row has, 0 as long as that is not known.
    """

    def __init__(
        self,
        lines: Iterable[str],
        delimiter: str,
        columns: int = 0,
        *,
        free_text: bool = False,
    ) -> None:
        self._lines = iter(lines)
        self._delimiter = delimiter
        self._free_text = free_text
        self._waiting: deque[str] = deque()
        self._number = 0
        self.columns = columns

    def __iter__(self) -> Iterator[tuple[int, list[str] | None]]:
        while (line := self._next()) is not None:
            if line.strip(f"\r\n {_END_OF_FILE}"):
                self._number += 1
                number = self._number
                yield number, self._row(line)
            else:
                self._number += 1

    def _next(self) -> str | None:
        return self._waiting.popleft() if self._waiting else next(self._lines, None)

    def _row(self, line: str) -> list[str] | None:
        if not _is_clean(line):
            return None
        row = self._parse(line)
        if row is _OPEN:
            row = self._over_lines(line)
        if row and (not self.columns or len(row) == self.columns):
            return row
        return _mended(line, row, self.columns, self._delimiter, self._free_text)

    def _over_lines(self, line: str) -> list[str] | None:
        """The row of a field that goes on in the next lines, which else stay unread."""
        taken: list[str] = []
        row: list[str] | None = _OPEN
        while row is _OPEN and len(taken) < _MOST_LINES:
            more = self._next()
            if more is None:
                break
            taken.append(more)
            row = self._parse(line + "".join(taken))
        if row and len(row) == self.columns and _is_clean("".join(taken)):
            self._number += len(taken)
            return row
        self._waiting.extendleft(reversed(taken))
        return None

    def _parse(self, text: str) -> list[str] | None:
        """The fields of one row; None where quotes stand wrong, `_OPEN` where one is open."""
        try:
            found = list(
                csv.reader(
                    io.StringIO(text, newline=""),
                    delimiter=self._delimiter,
                    strict=True,
                )
            )
        except csv.Error as error:
            return _OPEN if "unexpected end" in str(error) else None
        return found[0] if len(found) == 1 else None


def _is_clean(line: str) -> bool:
    return _UNREADABLE.search(line) is None


def _mended(
    line: str,
    row: list[str] | None,
    columns: int,
    delimiter: str,
    free_text: bool,
) -> list[str] | None:
    """The fields of a row whose quotes are not doubled inside, or whose free text at the
    end holds the delimiter; None where that does not give the columns."""
    if not columns:
        return None
    if row is None or row is _OPEN:
        row = _loosely_quoted(line.rstrip("\r\n"), delimiter)
    if free_text and len(row) > columns:
        row = [*row[: columns - 1], delimiter.join(row[columns - 1 :])]
    return row if len(row) == columns else None


def _loosely_quoted(line: str, delimiter: str) -> list[str]:
    """Fields of which a quote ends one only before a delimiter or at the end of the line."""
    edge = re.escape(delimiter)
    field = re.compile(
        rf'\s*"(?P<quoted>.*?)"\s*(?=$|{edge}\s*(?:"|-0-|[^\s"{edge}]*(?:{edge}|$)))'
        rf"|(?P<plain>[^{edge}]*)",
        re.DOTALL,
    )
    found: list[str] = []
    at = 0
    while at <= len(line):
        match = field.match(line, at)
        if match is None:
            break
        quoted = match["quoted"]
        found.append(match["plain"] if quoted is None else quoted.replace('""', '"'))
        at = match.end() + 1
    return found


class _Lines:
    """Lines of a file, and whether the last one was ended."""

    def __init__(self, stream: BinaryIO) -> None:
        self._stream = stream
        self.ended = False

    def __iter__(self) -> Iterator[str]:
        for number, data in enumerate(self._stream):
            self.ended = data.endswith((b"\n", _END_OF_FILE.encode()))
            # Bytes that are no text stay recognisable, and cost their row.
            yield data.decode("utf-8" if number else "utf-8-sig", "surrogateescape")


def records(
    stream: BinaryIO,
    list_id: str,
    needed: Sequence[str],
    bad: Collector,
    delimiter: str = ",",
) -> Iterator[dict[str, str]]:
    """Rows by the names of the header, one at a time.

    The header is the first row with all `needed` columns, among the first three: some
    files begin with a line about themselves. Refused like `rows`.
    """
    lines = _Lines(stream)
    reader = _Rows(lines, delimiter)
    header: list[str] = []
    wrong = 0
    for seen, (number, row) in enumerate(reader):
        cells = [cell.strip() for cell in row or ()]
        if not header:
            header = cells if set(needed) <= set(cells) else []
            reader.columns = len(header)
            if not header and seen >= 2:
                break
            continue
        if wrong:
            bad.skip(f"line {wrong}", "ROW_COLUMNS")
        wrong = 0 if row is not None else number
        if any(cells):
            yield dict(zip(header, cells, strict=True))
    if not header:
        raise ListRefused(list_id, "LIST_CORRUPT")
    if wrong or not lines.ended:
        raise ListRefused(list_id, "LIST_TRUNCATED")


def values(text: str) -> list[str]:
    """Several values in one cell, separated by semicolons."""
    return [part.strip() for part in text.split(";") if part.strip()]
