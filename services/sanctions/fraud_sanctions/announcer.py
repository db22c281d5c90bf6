"""Tells the mesh which entities a list update added, removed or changed.

What was announced last is kept in SQL, so that an update that came while the service was
down is announced, and one that several replicas see is announced once. Screening never
waits for any of it.
"""

import asyncio
import json
import zlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import sqlalchemy as sa
import structlog

from fraud_sanctions import stored
from fraud_sanctions.delta import Delta, delta, fingerprints
from fraud_sanctions.records import WatchList
from fraud_shared.contracts.events import (
    LIST_UPDATED,
    CloudEvent,
    ListUpdated,
    event_id,
)
from fraud_shared.mesh.clock import Clock
from fraud_shared.state.bus import Bus, envelope
from fraud_shared.state.database import Database
from fraud_shared.state.outbox import Outbox, Relay
from fraud_shared.state.subscriptions import subscribers

log = structlog.get_logger()
LARGEST_DELTA = 10_000
Row = sa.Row[Any]


@dataclass(frozen=True, slots=True)
class Version:
    """One list in use: its content by entity, and when it was fetched."""

    watch: WatchList
    fetched_at: datetime
    marks: Mapping[str, str]


def list_updated(
    version: Version, previous: str, changes: Delta, now: datetime
) -> CloudEvent:
    """The event of one update; the same update gives the same event id."""
    watch = version.watch
    room = LARGEST_DELTA
    kept: list[tuple[str, ...]] = []
    for ids in (changes.added, changes.changed, changes.removed):
        kept.append(ids[:room])
        room -= len(kept[-1])
    data = ListUpdated(
        list=watch.list_id,
        version=watch.version,
        previous_version=previous,
        sha256=watch.sha256,
        entities=len(watch.entities),
        added=kept[0],
        changed=kept[1],
        removed=kept[2],
        complete=room > 0 or sum(map(len, kept)) == _size(changes),
    )
    return CloudEvent(
        id=event_id(watch.list_id, LIST_UPDATED, f"{previous}\n{watch.version}"),
        source="urn:fraud:sanctions",
        type=LIST_UPDATED,
        subject=watch.list_id,
        time=now,
        data=data.model_dump(mode="json"),
    )


def _size(changes: Delta) -> int:
    return len(changes.added) + len(changes.removed) + len(changes.changed)


class Announcer:
    """Compares the lists in use with what was announced, and writes events."""

    def __init__(self, db: Database, bus: Bus, clock: Clock) -> None:
        self._db = db
        self._clock = clock
        self._outbox = Outbox(db, stored.outbox)
        self._relay = Relay(db, stored.outbox, bus, outbox=self._outbox)
        self._bus = bus
        self._started = False

    async def start(self) -> None:
        """Open the store, if it is there; else the first announcement tries again.

        Migrating takes the event loop for a while, so it is done before requests come.
        """
        try:
            await self.open()
        except Exception as error:
            log.warning("announcer_waits", exception=type(error).__name__)

    async def open(self) -> None:
        """Open and migrate the store, once. Raises Unavailable."""
        if not self._started:
            await self._db.start()
            self._started = True

    async def announce(
        self, lists: Sequence[WatchList], since: Mapping[str, datetime]
    ) -> int:
        """Write an event for each list that is newer than announced; returns how many.

        A list that was never announced is noted without an event: there is no delta.
        """
        await self.open()
        known = await self._db.run(self._known, write=False)
        written = 0
        for watch in lists:
            if known.get(watch.list_id) == watch.version:
                continue
            marks = await asyncio.to_thread(fingerprints, watch.entities)
            version = Version(watch, since[watch.list_id], marks)
            written += await self._db.run(
                lambda conn, version=version: self._note(conn, version)  # type: ignore[misc]
            )
        if subscribers(LIST_UPDATED):
            while await self._relay.deliver():
                pass
        return written

    def _known(self, conn: sa.Connection) -> dict[str, str]:
        table = stored.announced
        rows = conn.execute(sa.select(table.c.list_id, table.c.version))
        return {row.list_id: row.version for row in rows}

    def _note(self, conn: sa.Connection, version: Version) -> int:
        """One list, in one transaction: its new version, and the event of it."""
        table, watch = stored.announced, version.watch
        query = sa.select(table).where(table.c.list_id == watch.list_id)
        row = conn.execute(query.with_for_update()).one_or_none()
        values = {
            "version": watch.version,
            "fetched_at": version.fetched_at,
            "fingerprints": zlib.compress(json.dumps(dict(version.marks)).encode()),
        }
        if row is None:
            first = self._db.insert(table).values(list_id=watch.list_id, **values)
            conn.execute(first.on_conflict_do_nothing())
            return 0
        # Another replica may have announced this version, or a newer one.
        if row.version == watch.version or row.fetched_at > version.fetched_at:
            return 0
        changes = delta(json.loads(zlib.decompress(row.fingerprints)), version.marks)
        conn.execute(
            sa.update(table).where(table.c.list_id == watch.list_id).values(**values)
        )
        if not changes:
            return 0
        event = list_updated(version, row.version, changes, self._clock.now())
        self._outbox.insert(conn, [envelope(event)])
        log.info("list_update_announced", list=watch.list_id, entities=_size(changes))
        return 1

    async def close(self) -> None:
        """Let go of the store and the bus."""
        await self._bus.close()
        if self._started:
            await self._db.stop()
