"""One service's SQL database: PostgreSQL in its own schema, or one SQLite file.

SQLAlchemy Core on both; this is the one place that knows drivers and dialects.
"""

import asyncio
from collections.abc import AsyncIterator, Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import asynccontextmanager, suppress
from pathlib import Path
from typing import Any, TypeVar
from zlib import crc32

import sqlalchemy as sa
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.exc import DBAPIError, SQLAlchemyError
from sqlalchemy.exc import TimeoutError as PoolTimeout
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine, create_async_engine
from sqlalchemy.schema import CreateSchema

from fraud_shared.mesh.spans import CURRENT
from fraud_shared.state import migrate
from fraud_shared.state.postgres import STEP_S, open_postgres
from fraud_shared.state.sql_spans import SqlSpan, SqlSpans
from fraud_shared.web.problems import FraudError, Unavailable

Result = TypeVar("Result")
# How long a SQLite file may be locked by another process, or every connection to it be
# taken; a start waits so many times as long, since the other may be migrating.
BUSY_MS = 1500
# How long a stop waits for transactions under way.
STOP_S = 5.0
START_TRIES = 10


class DatabaseUrlMissing(FraudError):
    """Production needs a database URL."""

    type = "database-url-missing"


def database_url(url: str, *, service: str, var_dir: Path, production: bool) -> str:
    """`DATABASE_URL`, or this service's SQLite file in development."""
    if url:
        return url
    if production:
        raise DatabaseUrlMissing("DATABASE_URL is required when FRAUD_ENV=production")
    return f"sqlite:///{var_dir / service}.db"


class Database:
    """Connections and transactions; `start()` migrates, `stop()` closes.

    Every failure of the store surfaces as `Unavailable` (503), so that callers need not
    know SQLAlchemy's exceptions; constraint violations pass through as IntegrityError, and
    values that a column cannot hold as DataError: waiting would not cure them.
    """

    def __init__(
        self,
        url: str,
        *,
        schema: str,
        migrations: Path,
        pool_size: int = 16,
        step_s: float = STEP_S,
    ) -> None:
        self._schema = schema
        self._migrations = migrations
        self._postgres = url.startswith("postgres")
        self._engine = (
            open_postgres(url, schema, pool_size, step_s)
            if self._postgres
            else _sqlite(url)
        )
        self._lanes = None if self._postgres else _Lanes(url)
        self._sql_spans = SqlSpans(sa.make_url(url), schema)
        # SQLite's own wait for its lock is by polling, and unfair: of several writers one
        # may starve. Here they take turns.
        self._turn = asyncio.Lock()
        self._stopped = False
        self._under_way = 0
        self._idle = asyncio.Event()

    async def start(self) -> None:
        """Create the file or schema and bring it to the newest revision.

        Raises Unavailable after `stop`: what starts again is another Database.
        """
        self._refuse_when_stopped()
        for left in reversed(range(START_TRIES)):
            try:
                await self._migrate()
                return
            except sa.exc.OperationalError:
                # Another process may be migrating the same file.
                if self._postgres or not left:
                    raise

    async def _migrate(self) -> None:
        async with migrate.turn(), self._engine.begin() as conn:
            await conn.execution_options(patient=True)
            if self._postgres:
                # Replicas that start together must migrate one after the other.
                await conn.execute(
                    sa.select(
                        sa.func.pg_advisory_xact_lock(crc32(self._schema.encode()))
                    )
                )
                await conn.execute(CreateSchema(self._schema, if_not_exists=True))
            await conn.run_sync(migrate.upgrade, self._migrations)

    async def stop(self) -> None:
        """Let what is under way end, then close every connection; whoever asks later is
        told `Unavailable`."""
        # A disposed engine would open new connections, and nobody would close those; nor
        # the ones that come back to it.
        self._stopped = True
        if self._under_way:
            with suppress(TimeoutError):
                await asyncio.wait_for(self._idle.wait(), STOP_S)
        await self._engine.dispose()
        if self._lanes is not None:
            await self._lanes.close()

    async def run(
        self,
        work: Callable[[sa.Connection], Result],
        *,
        write: bool = True,
        patient: bool = False,
    ) -> Result:
        """`work` in one transaction, in a single hop; for the payment's path.

        On SQLite every awaited statement of `begin` is a change of threads; here the whole
        transaction is one. `work` is ordinary, synchronous SQLAlchemy Core.
        """
        async with self._surfaced() as span:
            if self._lanes is not None:
                return await self._lanes.run(work, write=write, span=span)
            async with self._connection(span) as conn:
                await conn.execution_options(patient=patient)
                async with conn.begin():
                    return await conn.run_sync(work)

    @asynccontextmanager
    async def begin(self, *, patient: bool = False) -> AsyncIterator[AsyncConnection]:
        """One write transaction: committed at the end, rolled back on an exception.

        A statement or the commit ends with `Unavailable` after 1.8 s without an answer;
        `patient`: after a minute, for work in the background.
        """
        async with (
            self._surfaced() as span,
            self._writing(),
            self._connection(span) as conn,
        ):
            await conn.execution_options(patient=patient)
            async with conn.begin():
                yield conn

    @asynccontextmanager
    async def read(self, *, patient: bool = False) -> AsyncIterator[AsyncConnection]:
        """One read-only transaction, which on SQLite does not wait for writers.
        `patient` as for `begin`."""
        async with self._surfaced() as span, self._connection(span) as conn:
            await conn.execution_options(write=False, patient=patient)
            async with conn.begin():
                yield conn

    def _refuse_when_stopped(self) -> None:
        if self._stopped:
            raise Unavailable("The data store was closed.")

    @asynccontextmanager
    async def _surfaced(self) -> AsyncIterator[SqlSpan | None]:
        self._refuse_when_stopped()
        self._under_way += 1
        spans = CURRENT.get()
        try:
            if spans is None:
                yield None
            else:
                with self._sql_spans.around(spans) as span:
                    yield span
        except (sa.exc.IntegrityError, sa.exc.DataError):
            raise
        except (DBAPIError, PoolTimeout, SQLAlchemyError, OSError) as error:
            raise Unavailable("The data store is not available.") from error
        finally:
            self._under_way -= 1
            if self._stopped and not self._under_way:
                self._idle.set()

    @asynccontextmanager
    async def _writing(self) -> AsyncIterator[None]:
        if self._postgres:
            yield
            return
        async with asyncio.timeout(BUSY_MS / 1000):
            await self._turn.acquire()
        try:
            yield
        finally:
            self._turn.release()

    @asynccontextmanager
    async def _connection(self, span: SqlSpan | None) -> AsyncIterator[AsyncConnection]:
        if self._postgres:
            async with self._engine.connect() as conn:
                _watch(span, conn)
                yield conn
            return
        # Opening a file takes several changes of threads. Cancelled between two, the
        # connection and its thread would belong to nobody: it is opened, then closed.
        conn = self._engine.connect()
        opening = asyncio.ensure_future(conn.start())
        try:
            await _through(opening)
        except asyncio.CancelledError:
            if opening.exception() is None:
                await conn.close()
            raise
        try:
            _watch(span, conn)
            yield conn
        finally:
            await _through(asyncio.ensure_future(conn.close()))

    def insert(self, table: sa.Table) -> Any:
        """An insert of this dialect, with `on_conflict_do_nothing` and `_do_update`."""
        return postgresql.insert(table) if self._postgres else sqlite.insert(table)

    @property
    def skip_locked(self) -> bool:
        """Whether `SELECT … FOR UPDATE SKIP LOCKED` is available."""
        return self._postgres


def _watch(span: SqlSpan | None, conn: AsyncConnection) -> None:
    if span is not None and conn.sync_connection is not None:
        span.watch(conn.sync_connection)


async def _through(work: "asyncio.Future[Any]") -> None:
    """Wait for work to its end, even when cancelled meanwhile."""
    try:
        await asyncio.shield(work)
    except asyncio.CancelledError:
        await asyncio.wait([work])
        raise


class _Lanes:
    """Two threads over one SQLite file: one writes, one reads, neither waits for the
    other."""

    def __init__(self, url: str) -> None:
        address = sa.make_url(url).set(drivername="sqlite")
        self._engine = sa.create_engine(
            address, pool_size=2, max_overflow=0, hide_parameters=True
        )
        _configure(self._engine)
        self._writer = ThreadPoolExecutor(1, "sql-write")
        self._reader = ThreadPoolExecutor(1, "sql-read")

    async def run(
        self,
        work: Callable[[sa.Connection], Result],
        *,
        write: bool,
        span: SqlSpan | None,
    ) -> Result:
        def transaction() -> Result:
            with self._engine.connect() as conn:
                if span is not None:
                    span.watch(conn)
                conn.execution_options(write=write)
                with conn.begin():
                    return work(conn)

        lane = self._writer if write else self._reader
        return await asyncio.get_running_loop().run_in_executor(lane, transaction)

    async def close(self) -> None:
        self._writer.shutdown(wait=True)
        self._reader.shutdown(wait=True)
        self._engine.dispose()


def _sqlite(url: str) -> AsyncEngine:
    address = sa.make_url(url).set(drivername="sqlite+aiosqlite")
    if address.database:
        Path(address.database).parent.mkdir(parents=True, exist_ok=True)
    engine = create_async_engine(
        address,
        pool_size=4,
        max_overflow=0,
        pool_timeout=BUSY_MS / 1000,
        hide_parameters=True,
    )
    _configure(engine.sync_engine)
    return engine


def _configure(engine: sa.Engine) -> None:
    @sa.event.listens_for(engine, "connect")
    def configure(connection: Any, _: Any) -> None:
        # The driver must not begin transactions by itself: `begin` below does.
        connection.isolation_level = None
        cursor = connection.cursor()
        cursor.execute("PRAGMA journal_mode=WAL")
        # An answered decision must survive a power cut, so each commit is flushed.
        cursor.execute("PRAGMA synchronous=FULL")
        cursor.execute(f"PRAGMA busy_timeout={BUSY_MS}")
        # Some 40 MB of log between two checkpoints: each flushes the whole file.
        cursor.execute("PRAGMA wal_autocheckpoint=10000")
        cursor.execute("PRAGMA foreign_keys=ON")
        cursor.close()

    @sa.event.listens_for(engine, "begin")
    def begin(conn: sa.Connection) -> None:
        # A reader that upgrades to writer fails at once when another writes; a writer
        # that says so at the start waits its turn.
        write = conn.get_execution_options().get("write", True)
        conn.exec_driver_sql("BEGIN IMMEDIATE" if write else "BEGIN")
