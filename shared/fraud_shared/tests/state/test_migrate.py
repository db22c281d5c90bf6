"""Starting: migrations once, whoever starts together; and stores that are not there."""

import asyncio
from collections.abc import Callable
from pathlib import Path

import pytest
import sqlalchemy as sa

from fraud_shared.state.database import Database, DatabaseUrlMissing, database_url
from fraud_shared.testing.servers import fresh_schema
from fraud_shared.web.problems import Unavailable

Make = Callable[..., Database]


async def names(db: Database, things: sa.Table) -> list[str]:
    async with db.read() as conn:
        query = sa.select(things.c.name).order_by(things.c.name)
        return list((await conn.execute(query)).scalars())


async def put(db: Database, things: sa.Table, name: str, count: int = 1) -> None:
    async with db.begin() as conn:
        await conn.execute(sa.insert(things).values(name=name, count=count))


class TestStart:
    async def test_twice_changes_nothing(
        self, make_database: Make, things: sa.Table
    ) -> None:
        for expected in ([], ["a"]):
            database = make_database()
            await database.start()
            assert await names(database, things) == expected
            if not expected:
                await put(database, things, "a")

    async def test_together_migrates_once(
        self, make_database: Make, things: sa.Table
    ) -> None:
        databases = [make_database() for _ in range(4)]
        await asyncio.gather(*(database.start() for database in databases))
        await put(databases[0], things, "a")
        for database in databases:
            assert await names(database, things) == ["a"]
        async with databases[0].read() as conn:
            version = sa.text("SELECT version_num FROM alembic_version")
            assert list((await conn.execute(version)).scalars()) == ["0002"]

    async def test_two_services_together_do_not_mix(
        self, make_database: Make, things: sa.Table, tmp_path: Path, sql_url: str
    ) -> None:
        postgres = sql_url.startswith("postgres")
        both = [
            make_database(
                url=sql_url if postgres else f"sqlite:///{tmp_path}/{n}.db",
                schema=fresh_schema(),
            )
            for n in range(2)
        ]
        await asyncio.gather(*(database.start() for database in both))
        await put(both[0], things, "a")
        assert [await names(database, things) for database in both] == [["a"], []]
        for database in both if postgres else ():
            async with database.begin() as conn:
                schema = (await conn.execute(sa.text("SELECT current_schema"))).scalar()
                await conn.execute(sa.text(f"DROP SCHEMA {schema} CASCADE"))


class TestAddress:
    def test_is_a_file_of_the_service_in_development(self, tmp_path: Path) -> None:
        url = database_url("", service="rules", var_dir=tmp_path, production=False)
        assert url == f"sqlite:///{tmp_path}/rules.db"

    def test_is_needed_in_production(self, tmp_path: Path) -> None:
        with pytest.raises(DatabaseUrlMissing, match="DATABASE_URL"):
            database_url("", service="rules", var_dir=tmp_path, production=True)

    def test_that_is_given_is_taken(self, tmp_path: Path) -> None:
        given = "postgresql://db/fraud"
        for production in (True, False):
            url = database_url(
                given, service="rules", var_dir=tmp_path, production=production
            )
            assert url == given


class TestGone:
    """A PostgreSQL that is not there, and one that refuses."""

    @pytest.mark.parametrize(
        "url",
        [
            "postgresql://nobody@127.0.0.1:1/nowhere",
            "postgresql://postgres@127.0.0.1:5432/no_such_database",
        ],
    )
    async def test_is_unavailable_at_once(self, url: str, tmp_path: Path) -> None:
        database = Database(url, schema="x", migrations=tmp_path)
        with pytest.raises(Unavailable):
            async with asyncio.timeout(3), database.begin():
                pass
        await database.stop()
