"""Held payments: listed, released by a person, a passed challenge or a case, or expired."""

from datetime import datetime

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncConnection

from fraud_action.messages import Closed, Hold
from fraud_action.tables import holds
from fraud_shared.mesh.clock import Clock
from fraud_shared.state.database import Database
from fraud_shared.web.problems import NotFound


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

    async def list(self, state: Closed, limit: int) -> list[Hold]:
        """The newest holds in a state."""
        async with self._db.read() as conn:
            found = await conn.execute(
                sa.select(holds)
                .where(holds.c.state == state)
                .order_by(holds.c.created_at.desc(), holds.c.hold_id)
                .limit(limit)
            )
            return [Hold(**row) for row in found.mappings()]

    async def release(self, hold_id: str, by: str) -> Hold:
        """Release a hold; a second time changes nothing. Raises NotFound."""
        async with self._db.begin() as conn:
            await conn.execute(
                sa.update(holds)
                .where(holds.c.hold_id == hold_id, holds.c.state == "active")
                .values(state="released", closed_at=self._clock.now(), closed_by=by)
            )
            found = await conn.execute(
                sa.select(holds).where(holds.c.hold_id == hold_id)
            )
            row = found.mappings().first()
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
