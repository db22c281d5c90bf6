"""The book of known parties: noted from the payment's path, written beside it.

Screening neither waits for the store nor fails with it: what does not fit into the queue
is counted and left out until the party's next payment.
"""

import asyncio
from collections import deque
from collections.abc import AsyncIterator, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from datetime import datetime
from itertools import islice

import sqlalchemy as sa
import structlog

from fraud_sanctions import telemetry
from fraud_sanctions.lists.records import ListedEntity
from fraud_sanctions.matching.answers import party_of
from fraud_sanctions.parties import repository
from fraud_sanctions.parties.party import Sighting, quick_key
from fraud_sanctions.service import Edition
from fraud_sanctions.settings import Settings
from fraud_sanctions.store import Store
from fraud_shared.contracts.screening import PartyQuery, PaymentRef
from fraud_shared.mesh.background import repeating
from fraud_shared.mesh.clock import Clock

log = structlog.get_logger()
_WRITE_EVERY_S = 1.0
_COUNT_EVERY_S = 3600.0
# Each takes the event loop or the interpreter's lock for some 2 ms; payments go between.
_BATCH = 50
_PAUSE_S = 0.005
# Parties remembered as noted today: some 10 MB.
_SEEN_MOST = 100_000


class PartyRecorder:
    """Notes, writes and erases known parties."""

    def __init__(self, settings: Settings, store: Store, clock: Clock) -> None:
        self._room = settings.party_queue if settings.party_retention_days else 0
        self._store = store
        self._clock = clock
        self._queue: deque[Sighting] = deque()
        self._seen: dict[int, int] = {}
        self._today = 0
        self._full = False
        # An erasure must not be overtaken by a batch that was taken out before it.
        self._writing = asyncio.Lock()

    def note(
        self,
        payment: PaymentRef,
        screened: Sequence[tuple[PartyQuery, Sequence[ListedEntity]]],
        edition: Edition,
    ) -> None:
        """Take down a payment's parties, each with whom it resembles. Never waits; a party
        noted today with the same hits is not noted again."""
        if not self._room:
            return
        now = self._clock.now()
        self._new_day(now)
        for query, entities in screened:
            key = quick_key(payment.account_id, query)
            hits = hash(frozenset(entity.entity_id for entity in entities))
            if self._seen.get(key) == hits:
                continue
            if len(self._queue) >= self._room:
                self._left_out()
                continue
            self._seen[key] = hits
            sighting = Sighting(
                payment,
                query.role,
                query.account,
                party_of(query),
                now,
                tuple(entities),
                edition.held,
            )
            self._queue.append(sighting)

    def _new_day(self, now: datetime) -> None:
        today = now.toordinal()
        if today != self._today or len(self._seen) >= _SEEN_MOST:
            self._seen.clear()
            self._today = today

    def _left_out(self) -> None:
        telemetry.PARTIES_LEFT_OUT.inc()
        if not self._full:  # told once each time, not for every party
            self._full = True
            log.error("party_queue_full", room=self._room)

    @asynccontextmanager
    async def running(self) -> AsyncIterator[None]:
        """Write in the background while inside; at the end write what is left."""
        async with AsyncExitStack() as stack:
            stack.push_async_callback(self._finish)
            for name, work, every_s in (
                ("known_parties", self.write, _WRITE_EVERY_S),
                ("party_count", self.measure, _COUNT_EVERY_S),
            ):
                await stack.enter_async_context(repeating(name, work, every_s=every_s))
            yield

    async def _finish(self) -> None:
        try:
            await self.write()
        except Exception as error:
            lost = len(self._queue)
            log.error("parties_lost", parties=lost, exception=type(error).__name__)

    async def write(self) -> None:
        """Write all that is noted; on a failure it stays noted. Raises Unavailable."""
        await self._store.open()
        async with self._writing:
            while self._queue:
                batch = list(islice(self._queue, _BATCH))
                await self._write(batch)
                for _ in batch:
                    self._queue.popleft()
                telemetry.PARTIES_NOTED.inc(len(batch))
                await asyncio.sleep(_PAUSE_S)
        self._full = False

    async def _write(self, batch: Sequence[Sighting]) -> None:
        db = self._store.db
        try:
            await db.run(lambda conn: repository.write(db, conn, batch))
        except (sa.exc.IntegrityError, sa.exc.DataError):
            if len(batch) == 1:  # cannot be stored, however often it is tried
                telemetry.PARTIES_LEFT_OUT.inc()
                log.error("party_refused")
                return
            for sighting in batch:
                await self._write([sighting])

    async def measure(self) -> None:
        """Show how many parties are written. Raises Unavailable."""
        telemetry.PARTIES.set(await self.count())

    @property
    def waiting(self) -> int:
        """How many are noted and not written yet."""
        return len(self._queue)

    async def count(self) -> int:
        """How many parties are written. Raises Unavailable."""
        await self._store.open()
        return await self._store.db.run(repository.count, write=False, patient=True)

    async def erase(self, account: str, who: str) -> int:
        """Erase an account's parties, noted and written; returns how many rows went. `who`
        asked for it. Raises Unavailable."""
        await self._store.open()
        async with self._writing:
            # Its next payment is to be noted, so nobody counts as seen today.
            self._seen.clear()
            kept = [s for s in self._queue if s.payment.account_id != account]
            self._queue = deque(kept)
            erased = await self._store.db.run(
                lambda conn: repository.erase(conn, account)
            )
        log.info("parties_erased", parties=erased, who=who)
        return erased
