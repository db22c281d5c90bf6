"""CSV as lists publish it, refused when it is damaged."""

import csv
import io

from fraud_sanctions.sources.refusal import ListRefused

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
