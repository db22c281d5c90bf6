"""A PostgreSQL that falls silent: nobody waits long, and the pool heals by itself."""

import asyncio
import sqlite3
import time
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager, closing
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa

from fraud_shared.state.database import Database
from fraud_shared.testing.links import Link
from fraud_shared.testing.servers import drop_schema, fresh_schema, postgres_url
from fraud_shared.web.problems import Unavailable

from .conftest import MIGRATIONS

STEP_S = 0.3
TICK_S = 0.02
# Checkout, connect and one step, in the worst order.
LONGEST_S = 2.5

Work = Callable[[Database, sa.Table], Any]


@pytest.fixture
async def link() -> AsyncIterator[Link]:
    async with Link(postgres_url()).open() as link:
        yield link


@pytest.fixture
async def db(link: Link) -> AsyncIterator[Database]:
    """A started database behind the link, with a warm connection."""
    schema = fresh_schema()
    db = Database(link.url, schema=schema, migrations=MIGRATIONS, step_s=STEP_S)
    await db.start()
    yield db
    link.thaw()
    await db.stop()
    await drop_schema(postgres_url(), schema)


async def run(db: Database, things: sa.Table) -> None:
    await db.run(lambda conn: conn.execute(sa.select(things)).all())


async def begin(db: Database, things: sa.Table) -> None:
    async with db.begin() as conn:
        await conn.execute(sa.insert(things).values(name="b", count=1))


async def read(db: Database, things: sa.Table) -> None:
    async with db.read() as conn:
        await conn.execute(sa.select(things))


async def healed(db: Database, things: sa.Table) -> None:
    """Read until it works: the pool opens other connections by itself."""
    async with asyncio.timeout(20):
        while True:
            try:
                return await read(db, things)
            except Unavailable:
                await asyncio.sleep(0.05)


@asynccontextmanager
async def stopwatch() -> AsyncIterator[Callable[[], float]]:
    """Seconds in which this process stood still: no timer of it could fire then."""
    stood = 0.0

    async def watch() -> None:
        nonlocal stood
        while True:
            began = time.monotonic()
            await asyncio.sleep(TICK_S)
            stood += max(0.0, time.monotonic() - began - 2 * TICK_S)

    task = asyncio.create_task(watch())
    try:
        yield lambda: stood
    finally:
        task.cancel()


async def refused(work: Any) -> float:
    """How long until `Unavailable`, in seconds."""
    began = time.monotonic()
    with pytest.raises(Unavailable):
        await work
    return time.monotonic() - began


@pytest.mark.parametrize("work", [run, begin, read])
async def test_frozen_server_64_callers_all_get_unavailable_in_time(
    db: Database, things: sa.Table, link: Link, work: Work
) -> None:
    await asyncio.gather(*(work(db, things) for _ in range(4) if work is not begin))
    link.freeze()
    async with stopwatch() as stood:
        took = await asyncio.gather(*(refused(work(db, things)) for _ in range(64)))
        assert max(took) - stood() < LONGEST_S
        # And those who come later, when only new connections are left to try.
        late = await refused(work(db, things))
        assert late - stood() < LONGEST_S


@pytest.mark.parametrize("work", [run, begin, read])
async def test_thawed_server_serves_without_a_restart(
    db: Database, things: sa.Table, link: Link, work: Work
) -> None:
    link.freeze()
    await asyncio.gather(*(refused(work(db, things)) for _ in range(32)))
    link.thaw()
    await healed(db, things)
    await work(db, things)
    await asyncio.gather(*(healed(db, things) for _ in range(16)))


async def test_server_that_freezes_before_the_commit_is_unavailable(
    db: Database, things: sa.Table, link: Link
) -> None:
    async def work() -> None:
        async with db.begin() as conn:
            await conn.execute(sa.insert(things).values(name="a", count=1))
            link.freeze()

    assert await refused(work()) < LONGEST_S
    link.thaw()
    await healed(db, things)
    await begin(db, things)


async def test_cancelled_caller_of_a_frozen_server_is_gone_in_time_and_harms_nobody(
    db: Database, things: sa.Table, link: Link
) -> None:
    await read(db, things)
    link.freeze()
    tasks = [asyncio.create_task(read(db, things)) for _ in range(16)]
    await asyncio.sleep(STEP_S / 3)
    for task in tasks:
        task.cancel()
    async with asyncio.timeout(LONGEST_S):
        await asyncio.gather(*tasks, return_exceptions=True)
    link.thaw()
    await asyncio.gather(*(healed(db, things) for _ in range(16)))


async def test_stop_of_a_database_whose_server_is_frozen_comes_to_an_end(
    db: Database, things: sa.Table, link: Link
) -> None:
    await asyncio.gather(*(read(db, things) for _ in range(4)))
    link.freeze()
    async with asyncio.timeout(10):
        await db.stop()


async def test_patient_work_outlasts_a_step(db: Database) -> None:
    slow = sa.select(sa.func.pg_sleep(STEP_S * 2))
    with pytest.raises(Unavailable):
        async with db.read() as conn:
            await conn.execute(slow)
    async with db.read(patient=True) as conn:
        await conn.execute(slow)


async def test_thought_between_two_statements_is_not_limited(
    db: Database, things: sa.Table
) -> None:
    async with db.read() as conn:
        await conn.execute(sa.select(things))
        await asyncio.sleep(STEP_S * 2)
        await conn.execute(sa.select(things))


async def test_sqlite_file_locked_by_another_is_unavailable_and_heals(
    tmp_path: Path, things: sa.Table
) -> None:
    db = Database(f"sqlite:///{tmp_path}/a.db", schema="a", migrations=MIGRATIONS)
    await db.start()

    def put(name: str) -> Any:
        insert = sa.insert(things).values(name=name, count=1)
        return db.run(lambda conn: conn.execute(insert))

    try:
        with closing(sqlite3.connect(tmp_path / "a.db")) as other:
            other.execute("BEGIN IMMEDIATE")
            took = await asyncio.gather(refused(put("a")), refused(begin(db, things)))
            other.rollback()
        assert max(took) < 4.0  # the driver's default is five
        await put("a")
        await begin(db, things)
    finally:
        await db.stop()
