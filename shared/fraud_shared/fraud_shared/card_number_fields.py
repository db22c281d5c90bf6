"""Card numbers in JSON documents: which strings and keys hold one, wherever they are.

A document that holds none, as nearly every one, costs two passes over its bytes.
"""

import json
from collections.abc import Iterator, Sequence
from itertools import islice
from typing import Any
from urllib.parse import unquote_plus

from fraud_shared.contracts import card_numbers

NAMED = 20
# Text with long runs of digits that is looked at closely in one document. A payment has a
# few hundred characters of it; more is work that a caller could give us for nothing.
_MOST_TEXT = 64 * 1024
UNREAD = object()
_LOOKED_INTO = (str, dict, list)
Path = tuple[str | int, ...]


def in_body(
    raw: bytes, document: Any = UNREAD, *, apart: Sequence[str] = ()
) -> list[Path]:
    """Where a JSON body holds card numbers, by keys and indices; at most 20 places.

    `document`: the body, parsed, where it already is. `apart`: the one place that is not
    looked at. A body that is no JSON holds none.
    """
    if not _may_hold(_besides(raw, document, apart)):
        return []
    if document is UNREAD:
        try:
            document = json.loads(raw)
        except (ValueError, RecursionError):
            return []
    return in_document(document, apart=apart)


def in_document(document: Any, *, apart: Sequence[str] = ()) -> list[Path]:
    """The same for what is already parsed."""
    return list(islice(_numbers(document, tuple(apart)), NAMED))


def in_part(value: str) -> bool:
    """Whether a header or a part of a URL holds a card number, plain or percent-encoded."""
    return card_numbers.contains(value) or (
        "%" in value and card_numbers.contains(unquote_plus(value))
    )


def masked(document: Any) -> Any:
    """The document with every card number in its strings and keys masked."""
    if isinstance(document, str):
        return card_numbers.masked(document)
    if isinstance(document, dict):
        return {card_numbers.masked(k): masked(v) for k, v in document.items()}
    if isinstance(document, list):
        return [masked(item) for item in document]
    return document


def _may_hold(raw: bytes) -> bool:
    if b"\\" in raw or b"%" in raw:  # escapes may stand for digits
        return True
    if not raw.isascii():
        return card_numbers.may_hold(raw.decode(errors="replace"))
    if not card_numbers.has_run(raw):
        return False
    # Numbers have many digits, too: then only what stands between quotation marks counts.
    return card_numbers.has_run(b'"'.join(raw.split(b'"')[1::2]))


def _besides(raw: bytes, document: Any, apart: Sequence[str]) -> bytes:
    """The body less the text that belongs there, once: most of them hold no other."""
    for key in apart:
        if not isinstance(document, dict):
            return raw
        document = document.get(key)
    if not isinstance(document, str) or not document:
        return raw
    return raw.replace(document.encode(errors="replace"), b"", 1)


def _numbers(document: Any, apart: Path) -> Iterator[Path]:
    waiting: list[tuple[Path, Any]] = [((), document)]
    looked_at = 0
    while waiting:
        at, node = waiting.pop()
        if at and at == apart:
            continue
        if isinstance(node, str):
            if "%" not in node and not card_numbers.may_hold(node):
                continue
            looked_at += len(node)
            if looked_at > _MOST_TEXT or in_part(node):
                yield at
        elif isinstance(node, dict):
            # One look at all keys: a letter between two keeps them apart.
            digits = card_numbers.may_hold("x".join(node))
            for key, child in node.items():
                if digits and card_numbers.contains(key):
                    yield (*at, key)
                elif isinstance(child, _LOOKED_INTO):
                    waiting.append(((*at, key), child))
        elif isinstance(node, list):
            waiting.extend(
                ((*at, index), child)
                for index, child in enumerate(node)
                if isinstance(child, _LOOKED_INTO)
            )
