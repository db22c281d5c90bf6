"""Which format a list file has, told by its first bytes, never by its name."""

import re
from collections.abc import Callable
from datetime import date
from typing import BinaryIO

from fraud_sanctions.lists.records import ListedEntity, SkippedRow
from fraud_sanctions.lists.sources import (
    csl,
    eu,
    ofac_xml,
    opensanctions,
    simple,
    uk,
    un,
)
from fraud_sanctions.lists.sources.refusal import ListRefused

Loaded = tuple[tuple[ListedEntity, ...], date | None]
Loader = Callable[..., Loaded]
_HEAD = 16 * 1024
_ROOTS: dict[str, Loader] = {
    "sdnList": ofac_xml.parse,
    "CONSOLIDATED_LIST": un.parse,
    "export": eu.parse_xml,
}
# The columns that tell a CSV; the first line that has them decides.
_COLUMNS: tuple[tuple[tuple[str, ...], Loader], ...] = (
    (eu.COLUMNS, eu.parse_csv),
    (uk.COLUMNS, uk.parse),
    (csl.COLUMNS, csl.parse_csv),
    (opensanctions.COLUMNS, opensanctions.parse_simple),
    (simple.COLUMNS, simple.parse),
)
_ROOT = re.compile(r"<(?:\w+:)?([A-Za-z_]\w*)")


def load(
    stream: BinaryIO, *, list_id: str, skipped: list[SkippedRow] | None = None
) -> Loaded:
    """The entities of a seekable list file in any known format, and its date.

    Rows that cannot be used go to `skipped`.

    Raises ListRefused: empty, of no known format, or damaged.
    """
    head = stream.read(_HEAD)
    stream.seek(0)
    return loader(head, list_id)(stream, list_id=list_id, skipped=skipped)


def loader(head: bytes, list_id: str) -> Loader:
    """The loader for a file that begins with `head`."""
    text = head.decode("utf-8", "ignore").lstrip("\ufeff \t\r\n")
    if not text:
        raise ListRefused(list_id, "LIST_EMPTY")
    if text.startswith("<"):
        return _of_markup(text, list_id)
    if text.startswith("{"):
        return opensanctions.parse_ftm if _is_entity(text) else csl.parse_json
    for line in text.split("\n", 3)[:3]:
        cells = {cell.strip().strip('"') for cell in re.split("[,;]", line)}
        for columns, found in _COLUMNS:
            if set(columns) <= cells:
                return found
    # A header that was cut off is damage; of a text without one nothing can be said.
    raise ListRefused(list_id, "LIST_CORRUPT")


def _of_markup(text: str, list_id: str) -> Loader:
    plain = re.sub(r"<\?.*?\?>|<!--.*?-->", "", text, flags=re.DOTALL)
    root = _ROOT.match(plain.lstrip())
    if root is None:
        raise ListRefused(list_id, "LIST_CORRUPT")
    if root[1] not in _ROOTS:
        raise ListRefused(list_id, "LIST_UNKNOWN_FORMAT")
    return _ROOTS[root[1]]


def _is_entity(text: str) -> bool:
    """A first line with an id and a schema; the screening list has results."""
    first = text.partition("\n")[0]
    return '"schema"' in first and '"results"' not in first[:64]
