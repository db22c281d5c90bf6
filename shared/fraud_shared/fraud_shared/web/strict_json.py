"""What a JSON parser forgives and a payment gateway must not: duplicate keys, depth."""

import json
from typing import Any

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


def check(raw: bytes) -> None:
    """Refuse duplicate keys, nesting beyond 16 levels, and anything but Unicode in UTF-8.

    Raises MalformedBody or InvalidInput naming the field. NaN and other values are left to
    the contract's validation, which names the field.
    """
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
