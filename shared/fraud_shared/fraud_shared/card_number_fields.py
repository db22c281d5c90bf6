"""Card numbers in JSON documents: which strings and keys hold one, wherever they are.

A document that holds none, as nearly every one, costs a few passes over its bytes; only
one that does is walked, to say where.
"""

import json
import re
from collections.abc import Iterator, Sequence
from itertools import islice
from typing import Any
from urllib.parse import unquote_plus

import orjson

from fraud_shared.contracts import card_numbers

NAMED = 20
# Text with long runs of digits that is looked at closely in one document. A payment has a
# few hundred characters of it; more is work that a caller could give us for nothing.
_MOST_TEXT = 64 * 1024
UNREAD = object()
# What separates the entries of a list in a document (a ruleset, a policy): four codes of
# merchant categories beside each other are no card number.
_ENTRIES = re.compile(r"[\"'\[\],]")
_LOOKED_INTO = (str, dict, list)
Path = tuple[str | int, ...]


def in_body(
    raw: bytes, document: Any = UNREAD, *, apart: Sequence[str] = ()
) -> list[Path]:
    """Where a JSON body holds card numbers, by keys and indices; at most 20 places.

    `document`: the body, parsed, where it already is. `apart`: the one place that is not
    looked at. A body that is no JSON holds none.
    """
    plain = _unescaped(raw, document)
    if plain is not None and not _may_hold(_besides(plain, document, apart)):
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


def _unescaped(raw: bytes, document: Any) -> bytes | None:
    """The body with every character as itself; None where that cannot be had, because an
    escape may stand for a quotation mark or a digit."""
    if b"\\" not in raw:
        return raw
    if document is UNREAD:
        return None
    try:
        # Most escapes are letters that an ASCII-only writer could not write.
        written = orjson.dumps(document)
    except orjson.JSONEncodeError:
        return None
    return None if b"\\" in written else written


def _may_hold(raw: bytes) -> bool:
    """Whether a body without escapes has to be looked at part by part: every string and
    key of it stands between quotation marks."""
    pieces = raw.decode(errors="replace").split('"')[1::2]
    found = card_numbers.suspects(pieces)
    if b"%" in raw:
        found += [piece for piece in pieces if "%" in piece]
    return sum(map(len, found)) > _MOST_TEXT or any(map(in_part, found))


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
            # Only documents have several lines: theirs is looked at entry by entry.
            parts = _ENTRIES.split(node) if "\n" in node else [node]
            long = [p for p in parts if "%" in p or card_numbers.may_hold(p)]
            looked_at += sum(map(len, long))
            if looked_at > _MOST_TEXT or any(map(in_part, long)):
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
