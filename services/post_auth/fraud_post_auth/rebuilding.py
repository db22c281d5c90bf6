"""Profiles made anew from the training rows: what the events, one by one, had made of them."""

from collections.abc import Mapping, Sequence
from typing import Any

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncConnection

from fraud_post_auth import profiles, tables
from fraud_post_auth.profile import Payment, change, values
from fraud_shared.state.database import Database

PAGE = 5_000
PROFILE_TABLES = (tables.profiles, tables.profile_amounts, tables.profile_values)
# Consumers wait at the profiles, before they can have added to one; their rows are not on
# record yet, so they are not counted here, and count afterwards.
_LOCK = "LOCK TABLE profiles IN SHARE ROW EXCLUSIVE MODE"


async def rebuild(db: Database) -> int:
    """Replace every profile by the fold of the training rows, in one transaction; returns
    how many payments were counted. Payments whose rows were deleted with age are not."""
    async with db.begin(patient=True) as conn:
        if db.skip_locked:
            await conn.execute(sa.text(_LOCK))
        for table in PROFILE_TABLES:
            await conn.execute(sa.delete(table))
        counted, after = 0, ""
        while page := await _page(conn, after):
            await profiles.add(db, conn, change(map(_payment, page)))
            counted += len(page)
            after = page[-1]["decision_id"]
        return counted


async def _page(conn: AsyncConnection, after: str) -> Sequence[sa.RowMapping]:
    table = tables.training_rows
    query = sa.select(
        *(table.c[name] for name in ("decision_id", "tenant", "account_id")),
        *(table.c[name] for name in ("decision", "currency", "amount_minor")),
        *(table.c[name] for name in ("occurred_at", "payment")),
    )
    query = query.where(table.c.decision_id > after).order_by(table.c.decision_id)
    return (await conn.execute(query.limit(PAGE))).mappings().all()


def _payment(row: sa.RowMapping) -> Payment:
    said: Mapping[str, Any] = row["payment"]
    merchant, device = said.get("merchant") or {}, said.get("device") or {}
    place = said.get("location") or {}
    return Payment(
        account=(row["tenant"], row["account_id"]),
        verdict=row["decision"],
        currency=row["currency"],
        amount_minor=row["amount_minor"],
        occurred_at=row["occurred_at"],
        values=values(
            merchant.get("merchant_id"),
            device.get("device_id"),
            place.get("country"),
            merchant.get("country"),
        ),
    )
