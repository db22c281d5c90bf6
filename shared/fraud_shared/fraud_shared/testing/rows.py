"""Rows of any table, for tests to which only a few columns matter."""

from datetime import UTC, datetime
from typing import Any

import sqlalchemy as sa

from fraud_shared.state.types import UtcDateTime

_LONG_AGO = datetime(2020, 1, 1, tzinfo=UTC)


def make_row(table: sa.Table, **values: Any) -> dict[str, Any]:
    """A row with these values; what may not be NULL and is not given gets something."""
    row: dict[str, Any] = {column.name: _some(column) for column in table.c}
    return row | values


def _some(column: sa.Column[Any]) -> Any:
    if column.nullable:
        return None
    if isinstance(column.type, UtcDateTime):
        return _LONG_AGO
    if isinstance(column.type, sa.JSON):
        return []
    kind: Any = column.type.python_type
    return kind()
