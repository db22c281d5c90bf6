"""Pages of a list go through everything once, whatever the order."""

from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncConnection, create_async_engine

from fraud_shared.state.paging import Key, encoded, fetch_page
from fraud_shared.state.types import UtcDateTime
from fraud_shared.web.problems import InvalidInput

metadata = sa.MetaData()
rows = sa.Table(
    "rows",
    metadata,
    sa.Column("id", sa.String(8), primary_key=True),
    sa.Column("at", UtcDateTime),
    sa.Column("weight", sa.Float),
    sa.Column("number", sa.Integer),
)
NOON = datetime(2026, 3, 2, 12, tzinfo=UTC)
ORDERS = {
    "by time, newest first": (Key(rows.c.at, descending=True), Key(rows.c.id)),
    "by weight, then number": (Key(rows.c.weight), Key(rows.c.number, descending=True)),
    "by id": (Key(rows.c.id, descending=True),),
}


@pytest.fixture
async def conn() -> AsyncIterator[AsyncConnection]:
    engine = create_async_engine("sqlite+aiosqlite://")
    async with engine.begin() as conn:
        await conn.run_sync(metadata.create_all)
        await conn.execute(
            sa.insert(rows),
            [
                {
                    "id": f"r{n}",
                    "at": NOON + timedelta(minutes=n // 3),
                    "weight": float(n % 2),
                    "number": n,
                }
                for n in range(10)
            ],
        )
        yield conn
    await engine.dispose()


@pytest.mark.parametrize("keys", ORDERS.values(), ids=ORDERS)
@pytest.mark.parametrize("limit", [1, 3, 10, 11])
async def test_pages_hold_every_row_once_in_order(
    conn: AsyncConnection, keys: Any, limit: int
) -> None:
    query = sa.select(rows)
    whole, none = await fetch_page(conn, query, keys, 100, None)
    seen: list[dict[str, Any]] = []
    cursor = None
    while True:
        page, cursor = await fetch_page(conn, query, keys, limit, cursor)
        seen += page
        if cursor is None:
            break
    assert (seen, none) == (whole, None)
    assert len(seen) == 10
    assert set(seen[0]) == {"id", "at", "weight", "number"}


@pytest.mark.parametrize(
    "values", [[], [1, 2], ["x", "y"], ["2026-03-02T12:00:00", "y"], [True, "y"]]
)
async def test_cursor_of_another_list_is_refused(
    conn: AsyncConnection, values: list[Any]
) -> None:
    keys = ORDERS["by time, newest first"]
    with pytest.raises(InvalidInput):
        await fetch_page(conn, sa.select(rows), keys, 2, encoded(values))
