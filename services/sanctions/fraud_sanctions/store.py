"""The service's SQL store: opened when it is there, and tried again when it is not."""

import sqlalchemy as sa
import structlog

from fraud_sanctions import tables
from fraud_shared.contracts.events import CloudEvent
from fraud_shared.state.bus import Bus, envelope
from fraud_shared.state.database import Database
from fraud_shared.state.outbox import Outbox, Relay
from fraud_shared.web.problems import Unavailable

log = structlog.get_logger()


class Store:
    """The database and the outbox in it. Screening never waits for either."""

    def __init__(self, db: Database) -> None:
        self.db = db
        self.outbox = Outbox(db, tables.outbox)
        self._opened = False

    async def start(self) -> None:
        """Open it if it is there; else whoever needs it first tries again.

        Migrating takes the event loop for a while, so it is done before requests come.
        """
        try:
            await self.open()
        except Exception as error:
            log.warning("store_waits", exception=type(error).__name__)

    async def open(self) -> None:
        """Open and migrate, once. Raises Unavailable."""
        if self._opened:
            return
        try:
            await self.db.start()
        except (sa.exc.SQLAlchemyError, OSError) as error:
            raise Unavailable("The data store is not available.") from error
        self._opened = True

    def write_event(self, conn: sa.Connection, event: CloudEvent) -> None:
        """Put an event in the outbox, in the transaction that caused it. Say
        `outbox.written.set()` after the commit."""
        self.outbox.insert(conn, [envelope(event)])

    def relay(self, bus: Bus) -> Relay:
        """What delivers the outbox."""
        return Relay(self.db, tables.outbox, bus, outbox=self.outbox)

    async def close(self) -> None:
        """Let go of the database."""
        if self._opened:
            await self.db.stop()
