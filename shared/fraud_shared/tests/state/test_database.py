"""One suite for SQLite and PostgreSQL: the same calls, the same outcomes."""

import asyncio
from collections.abc import Callable
from datetime import UTC, datetime, timedelta, timezone

import pytest
import sqlalchemy as sa
from sqlalchemy.exc import IntegrityError

from fraud_shared.state.database import Database
from fraud_shared.web.problems import Unavailable

Make = Callable[..., Database]
SECRET = "Zwyxorl Quabbin"


async def names(db: Database, things: sa.Table) -> list[str]:
    async with db.read() as conn:
        query = sa.select(things.c.name).order_by(things.c.name)
        return list((await conn.execute(query)).scalars())


async def put(db: Database, things: sa.Table, name: str, count: int = 1) -> None:
    async with db.begin() as conn:
        await conn.execute(sa.insert(things).values(name=name, count=count))


class TestTransaction:
    async def test_is_committed_at_the_end(
        self, db: Database, things: sa.Table
    ) -> None:
        await put(db, things, "a")
        assert await names(db, things) == ["a"]

    async def test_is_rolled_back_by_an_exception(
        self, db: Database, things: sa.Table
    ) -> None:
        async def work() -> None:
            async with db.begin() as conn:
                await conn.execute(sa.insert(things).values(name="a", count=1))
                raise LookupError

        with pytest.raises(LookupError):
            await work()
        assert await names(db, things) == []

    async def test_is_rolled_back_when_its_caller_is_cancelled(
        self, db: Database, things: sa.Table
    ) -> None:
        inside = asyncio.Event()

        async def work() -> None:
            async with db.begin() as conn:
                await conn.execute(sa.insert(things).values(name="a", count=1))
                inside.set()
                await asyncio.Event().wait()

        task = asyncio.create_task(work())
        await inside.wait()
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)
        assert await names(db, things) == []
        await put(db, things, "b")

    async def test_is_not_seen_before_its_end(
        self, db: Database, things: sa.Table
    ) -> None:
        async with db.begin() as conn:
            await conn.execute(sa.insert(things).values(name="a", count=1))
            # A reader neither sees it nor waits for it.
            async with asyncio.timeout(1):
                assert await names(db, things) == []
        assert await names(db, things) == ["a"]

    async def test_writers_wait_for_each_other(
        self, db: Database, things: sa.Table
    ) -> None:
        await put(db, things, "a", 0)

        async def add() -> None:
            async with db.begin() as conn:
                await conn.execute(sa.update(things).values(count=things.c.count + 1))

        await asyncio.gather(*(add() for _ in range(12)))
        async with db.read() as conn:
            assert (await conn.execute(sa.select(things.c.count))).scalar() == 12


class TestRun:
    """The same transaction in one hop, for the payment's path."""

    async def test_returns_what_the_work_returns(
        self, db: Database, things: sa.Table
    ) -> None:
        def work(conn: sa.Connection) -> int:
            conn.execute(sa.insert(things).values(name="a", count=7))
            return int(conn.execute(sa.select(things.c.count)).scalar_one())

        assert await db.run(work) == 7
        assert await names(db, things) == ["a"]

    async def test_rolls_back_and_passes_what_the_work_raises(
        self, db: Database, things: sa.Table
    ) -> None:
        def work(conn: sa.Connection) -> None:
            conn.execute(sa.insert(things).values(name="a", count=1))
            raise LookupError

        with pytest.raises(LookupError):
            await db.run(work)
        assert await names(db, things) == []

    async def test_translates_the_same_errors(
        self, db: Database, things: sa.Table
    ) -> None:
        def twice(conn: sa.Connection) -> None:
            for _ in range(2):
                conn.execute(sa.insert(things).values(name="a", count=1))

        with pytest.raises(IntegrityError):
            await db.run(twice)
        with pytest.raises(Unavailable):
            await db.run(lambda conn: conn.execute(sa.text("SELEC")))

    async def test_a_read_does_not_wait_for_a_writer(
        self, db: Database, things: sa.Table
    ) -> None:
        query = sa.select(sa.func.count()).select_from(things)
        async with db.begin() as conn:
            await conn.execute(sa.insert(things).values(name="a", count=1))
            async with asyncio.timeout(1):
                found = await db.run(
                    lambda conn: conn.execute(query).scalar(), write=False
                )
        assert found == 0

    async def test_writers_of_both_kinds_wait_for_each_other(
        self, db: Database, things: sa.Table
    ) -> None:
        await put(db, things, "a", 0)
        step = sa.update(things).values(count=things.c.count + 1)

        async def begin() -> None:
            async with db.begin() as conn:
                await conn.execute(step)

        async def run() -> None:
            await db.run(lambda conn: conn.execute(step))

        await asyncio.gather(*(work() for _ in range(8) for work in (begin, run)))
        async with db.read() as conn:
            assert (await conn.execute(sa.select(things.c.count))).scalar() == 16


class TestInsert:
    async def test_do_nothing_keeps_the_first(
        self, db: Database, things: sa.Table
    ) -> None:
        for count in (1, 2):
            async with db.begin() as conn:
                await conn.execute(
                    db.insert(things)
                    .values(name="a", count=count)
                    .on_conflict_do_nothing(index_elements=["name"])
                )
        async with db.read() as conn:
            assert (await conn.execute(sa.select(things.c.count))).scalar() == 1

    async def test_do_update_sees_old_and_new(
        self, db: Database, things: sa.Table
    ) -> None:
        for count in (1, 2):
            statement = db.insert(things).values(name="a", count=count)
            statement = statement.on_conflict_do_update(
                index_elements=["name"],
                set_={"count": things.c.count + statement.excluded.count},
            ).returning(things.c.count)
            async with db.begin() as conn:
                total = (await conn.execute(statement)).scalar()
        assert total == 3


class TestTypes:
    @pytest.mark.parametrize("hours", [0, 5, -11])
    async def test_an_instant_comes_back_aware_in_utc(
        self, db: Database, things: sa.Table, hours: int
    ) -> None:
        zone = timezone(timedelta(hours=hours))
        at = datetime(2026, 3, 1, 23, 59, 59, 123456, tzinfo=zone)
        async with db.begin() as conn:
            await conn.execute(sa.insert(things).values(name="a", count=1, at=at))
            found = (await conn.execute(sa.select(things.c.at))).scalar()
        assert found == at
        assert found.utcoffset() == timedelta(0)

    async def test_instants_are_compared_in_the_database(
        self, db: Database, things: sa.Table
    ) -> None:
        east, at = timezone(timedelta(hours=9)), datetime(2026, 3, 1, 12, tzinfo=UTC)
        async with db.begin() as conn:
            await conn.execute(sa.insert(things).values(name="a", count=1, at=at))
            for step, expected in ((-1, 0), (1, 1)):
                moment = (at + timedelta(seconds=step)).astimezone(east)
                query = sa.select(sa.func.count()).where(things.c.at < moment)
                assert (await conn.execute(query)).scalar() == expected

    async def test_a_naive_time_is_refused(
        self, db: Database, things: sa.Table
    ) -> None:
        naive = datetime(2026, 3, 1)  # noqa: DTZ001
        with pytest.raises(Unavailable):
            async with db.begin() as conn:
                await conn.execute(
                    sa.insert(things).values(name="a", count=1, at=naive)
                )

    async def test_json_and_bytes_come_back_as_they_were(
        self, db: Database, things: sa.Table
    ) -> None:
        extra, raw = {"é": [1, 2.5, None, True]}, bytes(range(256))
        async with db.begin() as conn:
            await conn.execute(
                sa.insert(things).values(name="a", count=2**62, extra=extra, raw=raw)
            )
            row = (await conn.execute(sa.select(things))).one()
        assert (row.extra, bytes(row.raw), row.count) == (extra, raw, 2**62)


class TestErrors:
    async def test_a_broken_constraint_passes(
        self, db: Database, things: sa.Table
    ) -> None:
        await put(db, things, "a")
        with pytest.raises(IntegrityError):
            await put(db, things, "a")
        with pytest.raises(IntegrityError):
            await put(db, things, "b", -1)
        assert await names(db, things) == ["a"]

    async def test_its_text_holds_no_values(
        self, db: Database, things: sa.Table
    ) -> None:
        await put(db, things, SECRET)
        with pytest.raises(IntegrityError) as caught:
            async with db.begin() as conn:
                await conn.execute(
                    sa.insert(things).values(name=SECRET, count=1, owner=SECRET)
                )
        assert "[SQL parameters hidden" in str(caught.value)

    async def test_anything_else_is_unavailable(
        self, db: Database, things: sa.Table
    ) -> None:
        with pytest.raises(Unavailable):
            async with db.begin() as conn:
                await conn.execute(sa.text("SELECT * FROM nowhere"))
        with pytest.raises(Unavailable):
            async with db.read() as conn:
                await conn.execute(sa.text("SELEC"))
        assert await names(db, things) == []

    async def test_no_free_connection_is_unavailable_soon(
        self, make_database: Make, sql_url: str
    ) -> None:
        if sql_url.startswith("sqlite"):
            pytest.skip("SQLite waits five seconds for a connection, by intent")
        database = make_database(pool_size=4)
        await database.start()
        opened = [database.read() for _ in range(4)]
        for read in opened:
            await read.__aenter__()
        with pytest.raises(Unavailable):
            async with asyncio.timeout(1), database.read():
                pass
        for read in opened:
            await read.__aexit__(None, None, None)
        async with database.read():
            pass

    async def test_one_that_was_closed_opens_nothing_more(
        self, db: Database, things: sa.Table
    ) -> None:
        await put(db, things, "a")
        await db.stop()
        with pytest.raises(Unavailable):
            await names(db, things)
        with pytest.raises(Unavailable):
            await put(db, things, "b")
        with pytest.raises(Unavailable):
            await db.run(lambda conn: conn.execute(sa.select(things)))
        with pytest.raises(Unavailable):
            await db.start()
