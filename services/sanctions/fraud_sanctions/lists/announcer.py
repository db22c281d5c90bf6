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

from fraud_sanctions import tables
from fraud_sanctions.lists.delta import Delta, delta, fingerprints
from fraud_sanctions.lists.records import WatchList
from fraud_sanctions.lists.shrinkage import NEVER, Announced
from fraud_sanctions.store import Store
from fraud_shared.contracts.events import (
    LIST_UPDATED,
    CloudEvent,
    ListUpdated,
    event_id,
)
from fraud_shared.mesh.clock import Clock

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
    """The event of one update; the same update gives the same event id.

    The same two versions make another update when the list went back in between.
    """
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
        id=event_id(
            watch.list_id,
            LIST_UPDATED,
            f"{previous}\n{watch.version}\n{version.fetched_at.isoformat()}",
        ),
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

    def __init__(self, store: Store, clock: Clock) -> None:
        self._store = store
        self._clock = clock

    async def announce(
        self, lists: Sequence[WatchList], since: Mapping[str, datetime]
    ) -> int:
        """Write an event for each list that is newer than announced; returns how many.

        The lists of the first start are noted without an event: nobody was screened before.
        A list that is added later is announced, with all of its entities.
        """
        await self._store.open()
        known = await self._store.db.run(self._known, write=False, patient=True)
        written = 0
        for watch in lists:
            if known.get(watch.list_id) == watch.version:
                continue
            marks = await asyncio.to_thread(fingerprints, watch.entities)
            version = Version(watch, since[watch.list_id], marks)
            written += await self._store.db.run(
                lambda conn, version=version: self._note(  # type: ignore[misc]
                    conn, version, first_start=not known
                ),
                patient=True,
            )
        if written:
            self._store.outbox.written.set()
        return written

    async def last(self) -> dict[str, Announced]:
        """What was announced last of each list, by any replica. Raises Unavailable."""
        await self._store.open()

        def read(conn: sa.Connection) -> dict[str, Announced]:
            rows = conn.execute(sa.select(tables.announced)).all()
            return {
                row.list_id: Announced(row.version, len(_marks(row))) for row in rows
            }

        return await self._store.db.run(read, write=False, patient=True)

    async def give_up(self, list_id: str) -> None:
        """Note that a list is gone for good. Raises Unavailable.

        The row stays: a replica that still holds the list must not take it for a new one.
        """
        values = {
            "version": NEVER,
            "fetched_at": self._clock.now(),
            "fingerprints": zlib.compress(b"{}"),
        }
        table = tables.announced
        change = sa.update(table).where(table.c.list_id == list_id).values(**values)
        await self._store.open()
        await self._store.db.run(lambda conn: conn.execute(change), patient=True)

    def _known(self, conn: sa.Connection) -> dict[str, str]:
        table = tables.announced
        rows = conn.execute(sa.select(table.c.list_id, table.c.version))
        return {row.list_id: row.version for row in rows}

    def _note(self, conn: sa.Connection, version: Version, *, first_start: bool) -> int:
        """One list, in one transaction: its new version, and the event of it."""
        table, watch = tables.announced, version.watch
        query = sa.select(table).where(table.c.list_id == watch.list_id)
        row = conn.execute(query.with_for_update()).one_or_none()
        values = {
            "version": watch.version,
            "fetched_at": version.fetched_at,
            "fingerprints": zlib.compress(json.dumps(dict(version.marks)).encode()),
        }
        if row is None:
            first = self._store.db.insert(table).values(list_id=watch.list_id, **values)
            won = conn.execute(first.on_conflict_do_nothing()).rowcount
            if first_start or not won:
                return 0
            return self._write(conn, version, NEVER, delta({}, version.marks))
        # Another replica may have announced this version, or a newer one.
        if row.version == watch.version or row.fetched_at > version.fetched_at:
            return 0
        changes = delta(_marks(row), version.marks)
        conn.execute(
            sa.update(table).where(table.c.list_id == watch.list_id).values(**values)
        )
        return self._write(conn, version, row.version, changes)

    def _write(
        self, conn: sa.Connection, version: Version, previous: str, changes: Delta
    ) -> int:
        if not changes:
            return 0
        event = list_updated(version, previous, changes, self._clock.now())
        self._store.write_event(conn, event)
        list_id = version.watch.list_id
        log.info("list_update_announced", list=list_id, entities=_size(changes))
        return 1


def _marks(row: Row) -> dict[str, str]:
    """The fingerprint of each entity that a row of `announced` holds."""
    found: dict[str, str] = json.loads(zlib.decompress(row.fingerprints))
    return found
