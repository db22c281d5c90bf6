"""Paths, queries and exports: identifiers are escaped, times are RFC 3339 in UTC."""

import re
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any
from urllib.parse import parse_qs, quote, urlsplit

from pydantic import ValidationError

from fraud_client.errors import UnexpectedReply
from fraud_client.models import DecisionRecord, Page


def path(template: str, *names: str) -> str:
    """`template` with each `{}` replaced by a name as one path segment."""
    return template.format(*(quote(name, safe="") for name in names))


def query(asked: Mapping[str, Any]) -> dict[str, Any]:
    """What is asked and has a value; True and False as `true` and `false`."""
    return {
        name: str(value).lower() if isinstance(value, bool) else value
        for name, value in asked.items()
        if value not in (None, "")
    }


def timestamp(at: datetime | str | None) -> str | None:
    """A time as the gateway reads it. Raises ValueError for one without offset."""
    if not isinstance(at, datetime):
        return at
    if at.tzinfo is None:
        raise ValueError("a time needs its offset")
    return at.astimezone(UTC).isoformat().replace("+00:00", "Z")


def records(body: bytes, link: str) -> Page[DecisionRecord]:
    """The records of an export, one a line; `link` names the next page. Raises
    UnexpectedReply."""
    try:
        found = [
            DecisionRecord.model_validate_json(line)
            for line in body.splitlines()
            if line.strip()
        ]
    except ValidationError as error:
        raise UnexpectedReply(f"a line of the export: {error}") from None
    following = re.search(r'<([^>]*)>; *rel="next"', link)
    asked = parse_qs(urlsplit(following[1]).query) if following else {}
    return Page(items=found, next_cursor=asked.get("cursor", [None])[0])
