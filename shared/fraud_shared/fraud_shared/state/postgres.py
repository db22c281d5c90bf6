"""PostgreSQL by asyncpg, when it may fall silent: no step waits for ever.

A frozen server, or a link that drops every packet, answers neither a statement nor the
request to cancel it nor the end of the connection. So each step (statement, commit,
rollback) has a limit after which its connection is aborted: whoever waits gets an error at
once, and the pool opens another connection for the next.
"""

import asyncio
from typing import Any

import sqlalchemy as sa
from sqlalchemy.dialects import registry
from sqlalchemy.dialects.postgresql.asyncpg import PGDialect_asyncpg
from sqlalchemy.ext.asyncio import AsyncEngine, create_async_engine
from sqlalchemy.util import await_only

# Where no payment waits for the answer: a busy machine needs that long now and then.
STEP_S = 5.0
# For work in the background: pages of a whole log, a migration.
PATIENT_S = 60.0
CONNECT_S = 1.8
CHECKOUT_S = 0.2
CLOSE_S = 1.0
# What a link left behind when it broke must not hold its locks for ever.
IDLE_IN_TRANSACTION_MS = 60_000
_DRIVER = "asyncpg_bounded"
_TIMER = "fraud_step_timer"


class BoundedAsyncpg(PGDialect_asyncpg):
    """asyncpg whose connections end within a bounded time."""

    supports_statement_cache = True

    def do_terminate(self, dbapi_connection: Any) -> None:
        """Abort: the polite way waits two seconds for an answer."""
        dbapi_connection.driver_connection.terminate()

    def do_close(self, dbapi_connection: Any) -> None:
        """Close, or abort when the server does not answer."""
        await_only(dbapi_connection.driver_connection.close(timeout=CLOSE_S))


registry.register(f"postgresql.{_DRIVER}", __name__, BoundedAsyncpg.__name__)


def open_postgres(
    url: str, schema: str, pool_size: int, step_s: float = STEP_S
) -> AsyncEngine:
    """An engine whose every step ends within `step_s` seconds, or `PATIENT_S` where the
    connection's execution option `patient` is set."""
    engine = create_async_engine(
        sa.make_url(url).set(drivername=f"postgresql+{_DRIVER}"),
        pool_size=pool_size,
        max_overflow=0,
        pool_timeout=CHECKOUT_S,
        hide_parameters=True,  # values would be in the text of exceptions
        connect_args={
            "timeout": CONNECT_S,
            "server_settings": {
                "search_path": schema,
                "application_name": f"fraud-{schema}",
                "lock_timeout": "2000",
                "statement_timeout": str(int(PATIENT_S * 1000)),
                "idle_in_transaction_session_timeout": str(IDLE_IN_TRANSACTION_MS),
            },
        },
    )
    _limit_steps(engine.sync_engine, step_s)
    return engine


def _limit_steps(engine: sa.Engine, step_s: float) -> None:
    @sa.event.listens_for(engine, "before_cursor_execute")
    def executing(conn: sa.Connection, *_: Any) -> None:
        _arm(conn, step_s)

    @sa.event.listens_for(engine, "after_cursor_execute")
    def executed(conn: sa.Connection, *_: Any) -> None:
        _disarm(conn.info)

    # The end of a transaction tells of itself before it is sent; what follows is the way
    # back into the pool.
    @sa.event.listens_for(engine, "commit")
    @sa.event.listens_for(engine, "rollback")
    def ending(conn: sa.Connection) -> None:
        if not conn.invalidated:
            _arm(conn, step_s)

    @sa.event.listens_for(engine, "checkin")
    def returned(_: Any, record: Any) -> None:
        _disarm(record.info)


def _arm(conn: sa.Connection, step_s: float) -> None:
    _disarm(conn.info)
    patient = conn.get_execution_options().get("patient", False)
    driver = conn.connection.driver_connection
    conn.info[_TIMER] = asyncio.get_running_loop().call_later(
        PATIENT_S if patient else step_s, _abort, driver
    )


def _disarm(info: Any) -> None:
    timer = info.pop(_TIMER, None)
    if timer is not None:
        timer.cancel()


def _abort(driver: Any) -> None:
    # Ends what is awaited on it with an error that SQLAlchemy knows for a disconnect.
    driver.terminate()
