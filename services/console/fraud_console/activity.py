"""Who asked for which change, and how it ended."""

from dataclasses import dataclass
from datetime import datetime

import sqlalchemy as sa

from fraud_console.tables import activity
from fraud_shared.mesh.clock import Clock
from fraud_shared.state.database import Database


@dataclass(frozen=True, slots=True)
class Change:
    """One line of the record."""

    number: int
    at: datetime
    name: str
    what: str
    target: str
    outcome: str
    request_id: str


class Activity:
    """The record of changes; it is only added to."""

    def __init__(self, db: Database, clock: Clock) -> None:
        self._db = db
        self._clock = clock

    async def note(
        self, name: str, what: str, target: str, outcome: str, request_id: str
    ) -> None:
        """Add a line."""
        row = {
            "at": self._clock.now(),
            "name": name[:64],
            "what": what[:64],
            "target": target[:200],
            "outcome": outcome[:64],
            "request_id": request_id[:64],
        }
        async with self._db.begin() as conn:
            await conn.execute(sa.insert(activity).values(**row))

    async def list(
        self, *, before: int | None = None, name: str = "", limit: int = 50
    ) -> list[Change]:
        """Lines, newest first, older than number `before`."""
        asked = sa.select(activity).order_by(activity.c.number.desc()).limit(limit)
        if before is not None:
            asked = asked.where(activity.c.number < before)
        if name:
            asked = asked.where(activity.c.name == name)
        async with self._db.read() as conn:
            rows = await conn.execute(asked)
            return [Change(**row._mapping) for row in rows]
