"""The outbox: events written in the transaction that caused them, delivered afterwards.

Delivery is at least once: a crash between publishing and marking publishes again, with the
same event id, and consumers recognise it.
"""

import asyncio
import random
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager, suppress
from dataclasses import asdict
from datetime import UTC, datetime
from typing import Any

import sqlalchemy as sa
import structlog
from sqlalchemy.ext.asyncio import AsyncConnection

from fraud_shared.contracts.events import CloudEvent
from fraud_shared.state.bus import Bus, Envelope, envelope
from fraud_shared.state.database import Database
from fraud_shared.state.telemetry import OUTBOX_AGE, OUTBOX_PENDING, OUTBOX_SENT
from fraud_shared.state.types import Sequence64, UtcDateTime

log = structlog.get_logger()
BATCH = 200
POLL_S = 0.5
STOP_WITHIN_S = 5.0
# Nobody waits for an event, and events that travel together cost a fraction each.
LINGER_S = 0.2
Row = sa.Row[Any]


def outbox_table(metadata: sa.MetaData) -> sa.Table:
    """The outbox table of a service."""
    return sa.Table("outbox", metadata, *outbox_columns())


def outbox_columns() -> list[sa.Column[object] | sa.Index]:
    """Columns of the outbox, for the table and for its migration."""
    return [
        sa.Column("seq", Sequence64, primary_key=True, autoincrement=True),
        sa.Column("event_id", sa.String(64), nullable=False, unique=True),
        sa.Column("type", sa.String(128), nullable=False),
        sa.Column("traceparent", sa.String(64)),
        sa.Column("body", sa.LargeBinary, nullable=False),
        sa.Column("created_at", UtcDateTime, nullable=False),
        sa.Column("sent_at", UtcDateTime),
        sa.Index("outbox_unsent", "sent_at", "seq"),
    ]


class Outbox:
    """Writes events inside the caller's transaction."""

    def __init__(self, db: Database, table: sa.Table) -> None:
        self._db = db
        self._insert = db.insert(table).on_conflict_do_nothing(
            index_elements=["event_id"]
        )
        self.written = asyncio.Event()

    async def add(self, conn: AsyncConnection, events: Sequence[CloudEvent]) -> None:
        """Store `events`; one that is already stored is left as it is."""
        await conn.run_sync(self.insert, [envelope(event) for event in events])
        self.written.set()

    def insert(self, conn: sa.Connection, envelopes: Sequence[Envelope]) -> None:
        """The same within `Database.run`; set `written` after the commit."""
        if not envelopes:
            return
        now = datetime.now(UTC)
        conn.execute(
            self._insert, [{**asdict(e), "created_at": now} for e in envelopes]
        )


class Relay:
    """Delivers what the outbox holds, oldest first, and marks only what was confirmed."""

    def __init__(
        self, db: Database, table: sa.Table, bus: Bus, *, outbox: Outbox | None = None
    ) -> None:
        self._db = db
        self._table = table
        self._bus = bus
        self._written = outbox.written if outbox else asyncio.Event()
        self._stopping = False
        self._oldest_at: datetime | None = None
        OUTBOX_AGE.set_function(self._age_s)
        self._oldest = (
            sa.select(table)
            .where(table.c.sent_at.is_(None))
            .order_by(table.c.seq)
            .limit(BATCH)
        )

    @asynccontextmanager
    async def running(self) -> AsyncIterator[None]:
        """Deliver in the background until left; then once more what is there."""
        task = asyncio.create_task(self._forever())
        try:
            yield
        finally:
            # Asked, not cancelled: a batch under way would otherwise be sent twice.
            self._stopping = True
            self._written.set()
            with suppress(Exception):  # unsent rows stay, and go out at the next start
                async with asyncio.timeout(STOP_WITHIN_S):
                    await task
                    while await self.deliver():
                        pass
            task.cancel()
            await self._bus.close()

    async def deliver(self) -> int:
        """Send one batch; returns how many were confirmed."""
        if self._db.skip_locked:
            async with self._db.begin() as conn:
                rows = await conn.run_sync(self._unsent, locked=True)
                await self._publish(rows)
                await conn.run_sync(self._mark, rows)
        else:
            # SQLite has one process per file: publish outside any transaction, so that
            # a slow consumer does not hold the write lock.
            rows = await self._db.run(self._unsent, write=False)
            await self._publish(rows)
            if rows:
                await self._db.run(lambda conn: self._mark(conn, rows))
        OUTBOX_PENDING.set(len(rows))
        if len(rows) < BATCH:
            self._oldest_at = None
        return len(rows)

    def _unsent(self, conn: sa.Connection, *, locked: bool = False) -> Sequence[Row]:
        query = self._oldest
        if locked:
            query = query.with_for_update(skip_locked=True)
        return conn.execute(query).all()

    async def _publish(self, rows: Sequence[Row]) -> None:
        if not rows:
            return
        self._oldest_at = rows[0].created_at
        await self._bus.publish(
            [Envelope(r.event_id, r.type, bytes(r.body), r.traceparent) for r in rows]
        )
        OUTBOX_SENT.inc(len(rows))

    def _mark(self, conn: sa.Connection, rows: Sequence[Row]) -> None:
        table = self._table
        if rows:
            conn.execute(
                sa.update(table)
                .where(table.c.seq.in_([row.seq for row in rows]))
                .values(sent_at=datetime.now(UTC))
            )

    async def _forever(self) -> None:
        failures = 0
        while not self._stopping:
            self._written.clear()
            try:
                sent = await self.deliver()
                failures = 0
            except Exception as error:
                failures += 1
                log.warning(
                    "outbox_delivery_failed",
                    exception=type(error).__name__,
                    failures=failures,
                )
                # Full jitter, base 100 ms, at most 10 s; never give up.
                await asyncio.sleep(random.uniform(0, min(10.0, 0.1 * 2**failures)))
                continue
            if sent < BATCH:
                await self._pause(POLL_S)
                if not self._stopping:
                    await asyncio.sleep(LINGER_S)

    def _age_s(self) -> float:
        """What the metric shows whenever it is asked: it grows while nothing is confirmed."""
        oldest = self._oldest_at
        if oldest is None:
            return 0.0
        return max(0.0, (datetime.now(UTC) - oldest).total_seconds())

    async def _pause(self, longest_s: float) -> None:
        """Wait for something new to send, or to be stopped."""
        if self._stopping:
            return
        with suppress(TimeoutError):
            async with asyncio.timeout(longest_s):
                await self._written.wait()
