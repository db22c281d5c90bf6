"""Databases of the test's own, on both backends, and brokers with names of its own."""

from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import aio_pika
import pytest
import sqlalchemy as sa

from fraud_shared.contracts.events import DECISION_MADE, CloudEvent, event_id
from fraud_shared.state.database import Database
from fraud_shared.state.outbox import outbox_table
from fraud_shared.state.rabbit import erase
from fraud_shared.state.types import UtcDateTime
from fraud_shared.testing.servers import amqp_url, fresh_schema, sql_schema, sql_url

__all__ = ["sql_schema", "sql_url"]

MIGRATIONS = Path(__file__).parent / "migrations"
METADATA = sa.MetaData()
THINGS = sa.Table(
    "things",
    METADATA,
    sa.Column("name", sa.String(16), primary_key=True),
    sa.Column("count", sa.BigInteger, nullable=False),
    sa.Column("at", UtcDateTime),
    sa.Column("extra", sa.JSON),
    sa.Column("raw", sa.LargeBinary),
    sa.Column("owner", sa.String(16)),
)
OUTBOX = outbox_table(METADATA)


@pytest.fixture
def things() -> sa.Table:
    """The table that the migrations make."""
    return THINGS


@pytest.fixture
def outbox_rows() -> sa.Table:
    """The outbox that the migrations make."""
    return OUTBOX


@pytest.fixture
async def make_database(
    sql_url: str, sql_schema: str
) -> AsyncIterator[Callable[..., Database]]:
    """Databases on one fresh schema or file; everything is removed afterwards."""
    made: list[Database] = []

    def make(**more: Any) -> Database:
        parts = {"schema": sql_schema, "migrations": MIGRATIONS} | more
        made.append(Database(parts.pop("url", sql_url), **parts))
        return made[-1]

    yield make
    for database in made:
        await database.stop()


@pytest.fixture
async def db(make_database: Callable[..., Database]) -> Database:
    """A started database."""
    database = make_database()
    await database.start()
    return database


@pytest.fixture
def make_event() -> Callable[..., CloudEvent]:
    """Events told apart by their subject."""

    def make(subject: str, event_type: str = DECISION_MADE) -> CloudEvent:
        return CloudEvent(
            id=event_id(subject, event_type),
            source="test",
            type=event_type,
            subject=subject,
            time=datetime(2026, 3, 2, tzinfo=UTC),
            data={"subject": subject},
        )

    return make


Broker = tuple[str, str, Any]


@pytest.fixture
def open_broker() -> Callable[[], AbstractAsyncContextManager[Broker]]:
    """URL, a name prefix of this test's own, and a channel; the queues go afterwards."""
    return _broker


@pytest.fixture
async def broker() -> AsyncIterator[Broker]:
    """The same, opened."""
    async with _broker() as found:
        yield found


@asynccontextmanager
async def _broker() -> AsyncIterator[Broker]:
    url, prefix = amqp_url(), fresh_schema("fraud_test")
    async with await aio_pika.connect(url) as connection:
        channel = await connection.channel()
        yield url, prefix, channel
        await erase(await connection.channel(), prefix)
