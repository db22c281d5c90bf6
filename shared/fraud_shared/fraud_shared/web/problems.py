"""The failure vocabulary, rendered as RFC 9457 problem details.

A problem names the field and what is wrong with it, and never repeats what was sent.
"""

import json
import re
from collections.abc import Iterable, Sequence
from typing import Any

from pydantic import BaseModel, ValidationError
from pydantic_core import ErrorDetails

# Errors of the web are imported from here, their base with them.
from fraud_shared.errors import FraudError as FraudError  # noqa: PLC0414

MEDIA_TYPE = "application/problem+json"
_PLAIN_NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_.-]{0,63}")
_MANY_DIGITS = re.compile(r"[0-9](?:[^0-9]?[0-9]){7}")


class FieldProblem(BaseModel):
    """One field and what is wrong with it."""

    field: str
    problem: str


class Problem(BaseModel):
    """An RFC 9457 problem body; `instance` is the request id."""

    type: str
    title: str
    status: int
    detail: str
    instance: str
    errors: list[FieldProblem] | None = None


class InvalidInput(FraudError):
    """The request does not match the contract."""

    status = 422
    type = "invalid-input"
    detail = "One or more fields are not as documented."


class MalformedBody(FraudError):
    """The body is not a JSON document that can be read."""

    status = 400
    type = "malformed-body"
    detail = "Send one JSON document in UTF-8, without duplicate keys."


class BodyTooLarge(FraudError):
    """The body is larger than allowed."""

    status = 413
    type = "body-too-large"
    detail = "The body exceeds the size limit of this route."


class UnsupportedMedia(FraudError):
    """The content type is not supported."""

    status = 415
    type = "unsupported-media-type"
    detail = "Send application/json."


class NotAuthenticated(FraudError):
    """The caller did not prove who it is."""

    status = 401
    type = "not-authenticated"
    detail = "A valid service token is required."


class Forbidden(FraudError):
    """The key is missing, wrong, or may not do this."""

    status = 403
    type = "forbidden"
    detail = "A valid API key with the needed scope is required."


class NotFound(FraudError):
    """There is no such thing."""

    status = 404
    type = "not-found"
    detail = "Nothing is stored under this identifier."


class Conflict(FraudError):
    """The request contradicts what is stored."""

    status = 409
    type = "conflict"
    detail = "The current state does not allow this."


class RateLimited(FraudError):
    """The client sends more than it may."""

    status = 429
    type = "rate-limited"
    detail = "Slow down and retry after the time given."


class Overloaded(FraudError):
    """The service is at its limit of concurrent requests."""

    status = 503
    type = "overloaded"
    detail = "Retry after the time given."

    def __init__(self) -> None:
        super().__init__(headers={"retry-after": "1"})


class Unavailable(FraudError):
    """Something this answer needs is not available."""

    status = 503
    type = "unavailable"
    detail = "Retry shortly."


class DeadlineSpent(FraudError):
    """The caller's deadline has passed."""

    status = 504
    type = "deadline-spent"
    detail = "No time was left to do the work."


def body(error: FraudError, request_id: str) -> bytes:
    """The problem document of an error."""
    document: dict[str, Any] = {
        "type": f"urn:fraud:problem:{error.type}",
        "title": error.title,
        "status": error.status,
        "detail": error.detail,
        "instance": request_id,
    }
    if error.errors:
        document["errors"] = [
            {"field": field, "problem": problem} for field, problem in error.errors
        ]
    return json.dumps(document).encode()


def field_name(location: Iterable[str | int]) -> str:
    """A dotted path that is safe to show.

    A key that the caller invented may hold a card number, so anything but a plain name
    without long digit runs is shown as `(unprintable)`.
    """
    parts = []
    for part in location:
        text = str(part)
        plain = isinstance(part, int) or (
            _PLAIN_NAME.fullmatch(text) and not _MANY_DIGITS.search(text)
        )
        parts.append(text if plain else "(unprintable)")
    return ".".join(parts) or "body"


def from_validation(
    error: ValidationError, raw: bytes | None = None, *, several: bool = False
) -> FraudError:
    """The problem for a failed validation; `raw` helps to name a field in broken JSON.
    With `several`, the request may have one of several forms."""
    found = error.errors(include_url=False, include_context=False, include_input=False)
    if found and found[0]["type"] == "json_invalid":
        return broken_json(raw)
    if several:
        found = _meant(found)
    found = without_echoes(found)
    return InvalidInput(errors=[(field_name(e["loc"]), e["msg"]) for e in found[:20]])


def without_echoes(found: Sequence[Any]) -> list[Any]:
    """The errors less the complaint that a sequence is too short, where that is only
    because its items are wrong and were not counted."""
    within = {e["loc"][:depth] for e in found for depth in range(len(e["loc"]))}
    return [e for e in found if e["type"] != "too_short" or e["loc"] not in within]


def _meant(found: Sequence[ErrorDetails]) -> list[ErrorDetails]:
    """The errors of the form that was meant, the one that fits best, without its name."""
    forms: dict[str | int, list[ErrorDetails]] = {}
    for one in found:
        forms.setdefault(one["loc"][0], []).append(one)

    def misfit(errors: Sequence[ErrorDetails]) -> tuple[bool, int]:
        # A list is no object: then no single field can be what is wrong.
        other = any(len(e["loc"]) == 1 and e["type"].endswith("_type") for e in errors)
        return other, len(errors)

    best = min(forms.values(), key=misfit)
    return [{**one, "loc": one["loc"][1:]} for one in best]


def broken_json(raw: bytes | None) -> FraudError:
    """The problem for JSON that a strict parser refuses: say where, if that can be known.

    Python's lenient parser accepts lone surrogates, NaN and infinities; walking what it
    read finds the field that made the strict parser refuse.
    """
    try:
        problem = not_unicode(json.loads(raw or b""))
    except (ValueError, RecursionError):
        return MalformedBody()
    return problem or MalformedBody()


def not_unicode(document: Any) -> InvalidInput | None:
    """The problem for a text or key that is no Unicode (a lone surrogate), if any is."""
    where = _unreadable(document, ())
    if where is None:
        return None
    return InvalidInput(errors=[(field_name(where), "not valid Unicode text")])


def _unreadable(value: Any, at: tuple[str | int, ...]) -> tuple[str | int, ...] | None:
    if isinstance(value, str):
        try:
            value.encode()
        except UnicodeEncodeError:
            return at
        return None
    children: Iterable[tuple[str | int, Any]] = ()
    if isinstance(value, dict):
        for key in value:
            if _unreadable(key, at) is not None:
                return (*at, key)
        children = value.items()
    elif isinstance(value, list):
        children = enumerate(value)
    for key, child in children:
        found = _unreadable(child, (*at, key))
        if found is not None:
            return found
    return None
