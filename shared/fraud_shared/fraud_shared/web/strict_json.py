"""What a JSON parser forgives and a payment gateway must not: duplicate keys, depth."""

import json
from typing import Any

import orjson

from fraud_shared.web.problems import (
    MalformedBody,
    broken_json,
    field_name,
    not_unicode,
)

MAX_DEPTH = 16


class _Duplicate(ValueError):
    def __init__(self, key: str) -> None:
        super().__init__("duplicate key")
        self.key = key


def _object(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) != len(pairs):
        seen: set[str] = set()
        for key, _ in pairs:
            if key in seen:
                raise _Duplicate(key)
            seen.add(key)
    return found


# One decoder for all: building it costs more than a small parse.
_DECODER = json.JSONDecoder(object_pairs_hook=_object)


def read(raw: bytes) -> Any:
    """The document. Refuses duplicate keys, nesting beyond 16 levels, and anything but
    Unicode in UTF-8.

    Raises MalformedBody or InvalidInput naming the field. NaN and other values are left to
    the contract's validation, which names the field.
    """
    try:
        document = orjson.loads(raw)
    except orjson.JSONDecodeError:
        return read_by_pairs(raw)
    if _is_plain(raw, document):
        return document
    return read_by_pairs(raw)


def _is_plain(raw: bytes, document: Any) -> bool:
    """Whether counting alone shows that no key is repeated and nothing is deep. False says
    nothing but that somebody must look."""
    if raw.count(b"{") + raw.count(b"[") > MAX_DEPTH:
        return False
    # Each key in the text has a colon of its own: as many colons as different keys leave
    # none for a repeated one.
    keys = _keys(document)
    if raw.count(b":") == keys:
        return True
    # Texts hold colons, too; but where no key stands apart from its colon, each makes `":`.
    return raw.count(b'":') == keys and not (
        b"\n" in raw or b"\t" in raw or b"\r" in raw or b" :" in raw
    )


def _keys(node: Any) -> int:
    """Keys in a document; of arrays only those that begin with an object or array."""
    if type(node) is dict:
        found = len(node)
        for child in node.values():
            if type(child) is dict or type(child) is list:
                found += _keys(child)
        return found
    if type(node) is list and node and type(node[0]) in (dict, list):
        return sum(map(_keys, node))
    return 0


def read_by_pairs(raw: bytes) -> Any:
    """The same by a parser that sees every key: five times slower, and can say why."""
    try:
        text = raw.decode()
        document = _DECODER.decode(text)
    except _Duplicate as duplicate:
        raise MalformedBody(
            errors=[(field_name((duplicate.key,)), "given more than once")]
        ) from None
    except (UnicodeDecodeError, RecursionError):
        raise MalformedBody() from None
    except ValueError:
        raise broken_json(raw) from None
    if _too_deep(document, text):
        raise MalformedBody(errors=[("body", f"nested deeper than {MAX_DEPTH} levels")])
    problem = not_unicode(document) if "\\u" in text else None
    if problem is not None:
        raise problem
    return document


def _too_deep(document: Any, text: str) -> bool:
    # Brackets bound the depth, and nearly every payment has fewer than the limit.
    if text.count("{") + text.count("[") <= MAX_DEPTH:
        return False
    level = [document]
    for _ in range(MAX_DEPTH):
        level = [
            child
            for node in level
            for child in (node.values() if isinstance(node, dict) else node)
            if isinstance(child, dict | list)
        ]
        if not level:
            return False
    return True
