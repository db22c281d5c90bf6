"""What of a reply is random or measured, and where two masked replies differ."""

import re
from collections.abc import Iterator
from typing import Any

import orjson

# Drawn anew for each decision, or derived from what was.
_IDS = rb"decision_id|challenge_id|action_id|reference|trace_id|instance"
_MEASURED = rb"elapsed_ms|elapsed_us"
_NUMBER = rb"-?[0-9][0-9.eE+-]*"
_ID = re.compile(rb'"(' + _IDS + rb')":( ?)"([^"\\]*)"')
_MEASURE = re.compile(rb'"(' + _MEASURED + rb')":( ?)' + _NUMBER)
_DECIDED = re.compile(rb'"decided_at":( ?)"[^"]*"')
_TIMINGS = re.compile(rb'"timings_ms":( ?)\{([^{}]*)\}')
_TIMING = re.compile(rb'("[^"]*":)( ?)' + _NUMBER)
ENCODING = "(encoding)"


class Masks:
    """Masks the replies of one run, in their order; all other bytes stay as they are.

    A random id becomes the number of the reply in which it was first seen and its place
    there. So one id for two things, or another one in a repeated reply, is a difference,
    and one more id in a reply changes no later reply.
    """

    def __init__(self) -> None:
        self._known: dict[bytes, bytes] = {}

    def masked(self, number: int, reply: bytes) -> bytes:
        """The reply with this number, masked."""
        fresh = 0

        def name(found: re.Match[bytes]) -> bytes:
            nonlocal fresh
            key, space, value = found.groups()
            if value not in self._known:
                fresh += 1
                self._known[value] = f"@{number}.{fresh}".encode()
            return b'"%b":%b"%b"' % (key, space, self._known[value])

        reply = _ID.sub(name, reply)
        reply = _MEASURE.sub(rb'"\1":\g<2>0', reply)
        reply = _DECIDED.sub(rb'"decided_at":\1"@"', reply)
        return _TIMINGS.sub(_stages, reply)


def _stages(found: re.Match[bytes]) -> bytes:
    """Which stages there were: those that run side by side end in any order."""
    stages = sorted(name + space + b"0" for name, space in _TIMING.findall(found[2]))
    return b'"timings_ms":%b{%b}' % (found[1], b",".join(stages))


def first_difference(recorded: bytes, now: bytes) -> tuple[str, Any, Any]:
    """The first field that differs, without positions in lists, and its two values.

    Replies that say the same in other bytes differ in `(encoding)`.
    """
    try:
        one, other = orjson.loads(recorded), orjson.loads(now)
    except orjson.JSONDecodeError:
        return ENCODING, recorded.decode(errors="replace"), now.decode(errors="replace")
    return next(_differences("", one, other), (ENCODING, None, None))


def _differences(path: str, one: Any, other: Any) -> Iterator[tuple[str, Any, Any]]:
    if isinstance(one, dict) and isinstance(other, dict):
        for key in [*one, *(key for key in other if key not in one)]:
            below = f"{path}.{key}" if path else key
            if key not in one or key not in other:
                yield below, one.get(key, "(absent)"), other.get(key, "(absent)")
            else:
                yield from _differences(below, one[key], other[key])
    elif isinstance(one, list) and isinstance(other, list) and len(one) == len(other):
        for a, b in zip(one, other, strict=True):
            yield from _differences(f"{path}[]", a, b)
    elif one != other or type(one) is not type(other):
        yield path, one, other
