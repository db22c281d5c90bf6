"""Pages of a list in SQL, by key: a page goes on after the last row of the one before, so
that rows which come or go meanwhile neither repeat nor hide others."""

import base64
import json
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncConnection

from fraud_shared.state.types import UtcDateTime
from fraud_shared.web.problems import InvalidInput


def _not_ours() -> InvalidInput:
    return InvalidInput(errors=[("cursor", "is not of this list")])


@dataclass(frozen=True, slots=True)
class Key:
    """One column of a list's order. Never NULL; the last key of a list is unique."""

    column: sa.ColumnElement[Any]
    descending: bool = False


async def fetch_page(
    conn: AsyncConnection,
    query: sa.Select[Any],
    keys: Sequence[Key],
    limit: int,
    cursor: str | None,
) -> tuple[list[dict[str, Any]], str | None]:
    """The rows of a page, and the cursor of the next; None at the end. `query` is without
    order and limit. Raises InvalidInput for a cursor of another list."""
    named = [key.column.label(f"_key{n}") for n, key in enumerate(keys)]
    query = query.add_columns(*named).order_by(
        *(key.column.desc() if key.descending else key.column for key in keys)
    )
    if cursor is not None:
        query = query.where(_beyond(keys, _values(keys, cursor)))
    found = (await conn.execute(query.limit(limit + 1))).mappings().all()
    rows = [dict(row) for row in found[:limit]]
    values = [[row.pop(one.name) for one in named] for row in rows]
    return rows, encoded(values[-1]) if len(found) > limit else None


def encoded(values: Sequence[Any]) -> str:
    """The cursor for the values of the keys of a list's last row."""
    plain = [v.isoformat() if isinstance(v, datetime) else v for v in values]
    text = json.dumps(plain, separators=(",", ":")).encode()
    return base64.urlsafe_b64encode(text).rstrip(b"=").decode()


def _values(keys: Sequence[Key], cursor: str) -> list[Any]:
    try:
        text = base64.urlsafe_b64decode(cursor + "=" * (-len(cursor) % 4))
        plain = json.loads(text)
        if not isinstance(plain, list) or len(plain) != len(keys):
            raise _not_ours()
        return [_value(key, one) for key, one in zip(keys, plain, strict=True)]
    except (ValueError, RecursionError):
        raise _not_ours() from None


def _value(key: Key, plain: Any) -> Any:
    if isinstance(key.column.type, UtcDateTime):
        at = datetime.fromisoformat(plain) if isinstance(plain, str) else None
        if at is None or at.tzinfo is None:
            raise _not_ours()
        return at
    kind = key.column.type.python_type
    # JSON writes a float that is whole as an integer, in some languages.
    wanted = (float, int) if kind is float else (kind,)
    if isinstance(plain, bool) or not isinstance(plain, wanted):
        raise _not_ours()
    return plain


def _beyond(keys: Sequence[Key], values: Sequence[Any]) -> sa.ColumnElement[bool]:
    """What comes after these values: later in the first key, or equal there and later in
    the next, and so on."""
    found: list[sa.ColumnElement[bool]] = []
    for n, (key, value) in enumerate(zip(keys, values, strict=True)):
        same = [k.column == v for k, v in zip(keys[:n], values[:n], strict=True)]
        later = key.column < value if key.descending else key.column > value
        found.append(sa.and_(*same, later))
    return sa.or_(*found)
