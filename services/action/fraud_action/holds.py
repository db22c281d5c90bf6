"""Held payments: listed, released by a person, a passed challenge or a case, or expired."""

from collections.abc import Sequence
from datetime import datetime

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncConnection

from fraud_action.activity import of_tenants, record
from fraud_action.tables import holds
from fraud_shared.contracts.casework import Hold, HoldQuery
from fraud_shared.contracts.paging import Page
from fraud_shared.mesh.clock import Clock
from fraud_shared.mesh.tokens import Actor
from fraud_shared.state.database import Database
from fraud_shared.state.paging import Key, fetch_page
from fraud_shared.web.problems import NotFound

_NEWEST = (Key(holds.c.created_at, descending=True), Key(holds.c.hold_id))


async def close_holds(
    conn: AsyncConnection, decision_id: str, by: str, now: datetime
) -> None:
    """Release a decision's hold, if it has one, in the caller's transaction."""
    await conn.execute(
        sa.update(holds)
        .where(holds.c.decision_id == decision_id, holds.c.state == "active")
        .values(state="released", closed_at=now, closed_by=by)
    )


class Holds:
    """The list of held payments."""

    def __init__(self, db: Database, clock: Clock) -> None:
        self._db = db
        self._clock = clock

    async def page(self, asked: HoldQuery, tenants: Sequence[str]) -> Page[Hold]:
        """Holds of these tenants, newest first."""
        query = sa.select(holds).where(
            holds.c.state == asked.state, of_tenants(holds, tenants)
        )
        if asked.account_id is not None:
            query = query.where(holds.c.account_id == asked.account_id)
        async with self._db.read() as conn:
            rows, cursor = await fetch_page(
                conn, query, _NEWEST, asked.limit, asked.cursor
            )
        return Page[Hold](items=[Hold(**row) for row in rows], next_cursor=cursor)

    async def release(self, hold_id: str, actor: Actor, reason: str) -> Hold:
        """Release a hold; a second time changes nothing. Raises NotFound."""
        now = self._clock.now()
        this = holds.c.hold_id == hold_id, of_tenants(holds, actor.tenants)
        async with self._db.begin() as conn:
            released = await conn.execute(
                sa.update(holds)
                .where(*this, holds.c.state == "active")
                .values(state="released", closed_at=now, closed_by=actor.client)
                .returning(holds.c.tenant)
            )
            tenant = released.scalar()
            if tenant is not None:
                subject = ("hold", hold_id, tenant)
                await record(conn, subject, "released", actor.client, now, text=reason)
            row = (await conn.execute(sa.select(holds).where(*this))).mappings().first()
        if row is None:
            raise NotFound
        return Hold(**row)

    async def expire(self) -> int:
        """Close what has run out; returns how many."""
        now = self._clock.now()
        async with self._db.begin() as conn:
            ended = await conn.execute(
                sa.update(holds)
                .where(holds.c.state == "active", holds.c.expires_at <= now)
                .values(state="expired", closed_at=now, closed_by="expiry")
                .returning(holds.c.hold_id)
            )
            return len(ended.all())
