"""What this service hears of by events: list updates, each of which becomes a rescreening."""

import asyncio
import json
import zlib
from collections.abc import Sequence

import structlog

from fraud_sanctions import tables
from fraud_sanctions.store import Store
from fraud_shared.contracts.events import LIST_UPDATED, CloudEvent, ListUpdated
from fraud_shared.decode import Unreadable, data_of
from fraud_shared.mesh.clock import Clock
from fraud_shared.state.bus import Envelope
from fraud_shared.state.parking import Parking

log = structlog.get_logger()


def updated(event: CloudEvent) -> ListUpdated:
    """The update a `fraud.list.updated.v1` event tells of. Raises Unreadable."""
    return data_of(event, {LIST_UPDATED: ListUpdated})


class ListUpdateConsumer:
    """Makes each update a rescreening; the event's id makes a redelivery harmless."""

    def __init__(self, store: Store, clock: Clock) -> None:
        self._store = store
        self._clock = clock
        self.received = asyncio.Event()
        self.parking = Parking(
            store.db, tables.parked, clock, service="sanctions", check=updated
        )

    async def handle(self, events: Sequence[CloudEvent]) -> None:
        """Write down what is to be done; returns once that is durable. Raises Unavailable."""
        await self._store.open()
        for event in events:
            try:
                update = updated(event)
            except Unreadable as refusal:
                await self.parking.keep(event, refusal.reason)
                continue
            if not update.complete or update.added or update.changed:
                await self._write(event.id, update)
        self.received.set()

    async def park(self, received: Envelope, reason: str) -> None:
        """Keep what the broker brought and nobody can read. Raises Unavailable."""
        await self._store.open()
        await self.parking.keep_bytes(received, reason)

    async def _write(self, event_id: str, update: ListUpdated) -> None:
        db = self._store.db
        insert = db.insert(tables.rescreenings).values(
            event_id=event_id,
            list_id=update.list,
            version=update.version,
            entities=pack(update),
            received_at=self._clock.now(),
            position=0,
            screened=0,
            cases=0,
        )
        new = await db.run(
            lambda conn: conn.execute(insert.on_conflict_do_nothing()).rowcount,
            patient=True,
        )
        if new:
            log.info("rescreening_due", list=update.list, version=update.version)


def pack(update: ListUpdated) -> bytes | None:
    """The ids of what was added or changed; None when the event does not hold them all."""
    if not update.complete:
        return None
    return zlib.compress(json.dumps([*update.added, *update.changed]).encode())


def unpack(entities: bytes | None) -> frozenset[str] | None:
    """The ids from `pack`."""
    if entities is None:
        return None
    ids: list[str] = json.loads(zlib.decompress(entities))
    return frozenset(ids)
