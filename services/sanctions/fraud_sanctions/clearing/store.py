"""The register of cleared pairs: kept in SQL, applied from a snapshot in memory."""

import asyncio
import uuid
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager
from datetime import datetime
from typing import Any

import sqlalchemy as sa
import structlog

from fraud_sanctions import tables
from fraud_sanctions.clearing.cleared_match import Cleared, Clearing, snapshot
from fraud_sanctions.lists.delta import fingerprint
from fraud_sanctions.lists.records import ListedEntity
from fraud_sanctions.parties import repository
from fraud_sanctions.service import Edition
from fraud_sanctions.store import Store
from fraud_shared.mesh.background import repeating
from fraud_shared.mesh.clock import Clock

log = structlog.get_logger()
_EVERY_S = 30.0
_MOST_ROWS = 1000
_ITSELF = "sanctions"
Row = sa.Row[Any]


class ClearedMatchStore:
    """Clears pairs, takes clearings back, and voids those whose listing changed."""

    def __init__(
        self,
        store: Store,
        clock: Clock,
        edition: Callable[[], Edition],
    ) -> None:
        self._db = store.db
        self._clock = clock
        self._opened = store.open
        self._edition = edition
        self._cleared = Cleared()
        self._reading = asyncio.Lock()

    def of(self, account: str | None) -> Sequence[Clearing]:
        """The clearings of one account, without a look at the store."""
        return self._cleared.of(account, self._clock.now())

    @asynccontextmanager
    async def running(self) -> AsyncIterator[None]:
        """Keep the snapshot fresh; without a store nothing is cleared."""
        async with repeating("cleared_pairs", self.refresh, every_s=_EVERY_S):
            yield

    async def refresh(self) -> None:
        """Void what no longer stands, then read what is in force."""
        # One after the other: an older reading must not replace a newer one.
        async with self._reading:
            await self._refresh()

    async def _refresh(self) -> None:
        await self._opened()
        now, edition = self._clock.now(), self._edition()
        rows = await self._db.run(self._in_force, write=False)
        ended = {row.clearing_id: why for row in rows if (why := _ended(row, edition))}
        for clearing_id, why in ended.items():
            await self._db.run(
                lambda conn, key=clearing_id, why=why: _end(  # type: ignore[misc]
                    conn, key, _ITSELF, why, now
                )
            )
            log.info("clearing_voided", clearing=clearing_id, reason=why)
        if ended:
            rows = await self._db.run(self._in_force, write=False)
        self._cleared = snapshot([_clearing(row) for row in rows], now)

    def _in_force(self, conn: sa.Connection) -> Sequence[Row]:
        table = tables.cleared
        query = sa.select(table).where(
            table.c.ended_at.is_(None), table.c.until > self._clock.now()
        )
        return conn.execute(query).all()

    async def clear(
        self, account: str, entity: ListedEntity, *, who: str, why: str, until: datetime
    ) -> Row:
        """Clear a pair, for the entity as this edition lists it."""
        await self._opened()
        values = {
            "clearing_id": uuid.uuid4().hex,
            "account": account,
            "entity_id": entity.entity_id,
            "list_id": entity.list_id,
            "mark": fingerprint(entity),
            "listed_at": self._edition().since[entity.list_id],
            "who": who,
            "why": why,
            "cleared_at": self._clock.now(),
            "until": until,
        }

        def write(conn: sa.Connection) -> None:
            conn.execute(sa.insert(tables.cleared).values(**values))
            repository.unknow(conn, account, entity.entity_id)

        await self._db.run(write)
        await self.refresh()
        (row,) = await self.rows(clearing_id=str(values["clearing_id"]))
        return row

    async def revoke(self, clearing_id: str, who: str) -> Row | None:
        """Take a clearing back; the row stays. None when there is no such clearing."""
        await self._opened()
        now = self._clock.now()
        await self._db.run(lambda conn: _end(conn, clearing_id, who, "REVOKED", now))
        await self.refresh()
        found = await self.rows(clearing_id=clearing_id)
        return found[0] if found else None

    async def rows(self, **where: str | None) -> Sequence[Row]:
        """Clearings, also those that ended, newest first, at most 1,000."""
        await self._opened()
        table = tables.cleared
        query = sa.select(table).order_by(table.c.cleared_at.desc()).limit(_MOST_ROWS)
        for name, value in where.items():
            if value is not None:
                query = query.where(table.c[name] == value)
        return await self._db.run(lambda conn: conn.execute(query).all(), write=False)


def _ended(row: Row, edition: Edition) -> str | None:
    """Why a clearing no longer stands. An edition older than the one it was made from has
    no say: another replica is ahead of this one."""
    since = edition.since.get(row.list_id)
    if since is None or since < row.listed_at:
        return None
    entity = edition.by_id.get(row.entity_id)
    if entity is None:
        return "LISTING_GONE"
    return None if fingerprint(entity) == row.mark else "LISTING_CHANGED"


def _end(
    conn: sa.Connection, clearing_id: str, who: str, why: str, at: datetime
) -> None:
    table = tables.cleared
    conn.execute(
        sa.update(table)
        .where(table.c.clearing_id == clearing_id, table.c.ended_at.is_(None))
        .values(ended_at=at, ended_by=who, ended_why=why)
    )


def _clearing(row: Row) -> Clearing:
    return Clearing(row.clearing_id, row.account, row.entity_id, row.mark, row.until)
