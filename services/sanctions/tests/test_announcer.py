import asyncio
import contextlib
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
import sqlalchemy as sa

import fraud_sanctions
from fraud_sanctions import tables
from fraud_sanctions.app import create_app
from fraud_sanctions.lists.announcer import (
    LARGEST_DELTA,
    Announcer,
    Version,
    list_updated,
)
from fraud_sanctions.lists.delta import Delta
from fraud_sanctions.lists.records import WatchList
from fraud_sanctions.settings import Settings
from fraud_sanctions.store import Store
from fraud_shared.contracts.events import LIST_UPDATED, CloudEvent, ListUpdated
from fraud_shared.state.database import Database
from fraud_shared.testing.asgi import TEST_TOKEN_KEY, client
from fraud_shared.testing.clocks import FakeClock
from fraud_shared.testing.fakes import FakeBus
from fraud_shared.testing.migrations import schema_differences

NOW = datetime(2026, 3, 2, 12, tzinfo=UTC)
MIGRATIONS = Path(fraud_sanctions.__file__).parent / "migrations"


@pytest.fixture
def watch(listed):
    """Builds one version of a list from names; the name is the key, too."""

    def make(version, *names, **facts):
        entities = tuple(listed(name, key=name, **facts) for name in names)
        return WatchList("own", version, "0" * 64, None, NOW, entities)

    return make


@pytest.fixture
def open_announcer(sql_url, sql_schema):
    """An announcer over one database; opened twice it is a restart or a replica."""

    @contextlib.asynccontextmanager
    async def open_one():
        db = Database(sql_url, schema=sql_schema, migrations=MIGRATIONS)
        store = Store(db)
        announcer = Announcer(store, FakeClock())
        announcer.db = db
        yield announcer
        await store.close()

    return open_one


async def announce(announcer, watch, at=NOW):
    return await announcer.announce([watch], {"own": at})


async def events(announcer):
    async with announcer.db.read() as conn:
        rows = (await conn.execute(sa.select(tables.outbox.c.body))).all()
    found = [CloudEvent.model_validate_json(row.body) for row in rows]
    return [ListUpdated.model_validate(event.data) for event in found]


class TestAnnouncing:
    async def test_the_first_version_is_noted_without_an_event(
        self, open_announcer, watch
    ):
        async with open_announcer() as announcer:
            assert await announce(announcer, watch("1", "a", "b")) == 0
            assert await events(announcer) == []

    async def test_an_update_says_what_changed(self, open_announcer, watch):
        async with open_announcer() as announcer:
            await announce(announcer, watch("1", "a", "b"))
            later = NOW + timedelta(hours=1)
            assert await announce(announcer, watch("2", "b", "c"), later) == 1
            (event,) = await events(announcer)
        assert (event.previous_version, event.version) == ("1", "2")
        assert (event.added, event.removed, event.changed) == (("c",), ("a",), ())
        assert event.complete

    async def test_an_update_while_the_service_was_down_is_announced(
        self, open_announcer, watch
    ):
        async with open_announcer() as before:
            await announce(before, watch("1", "a"))
        async with open_announcer() as after:
            changed = watch("2", "a", countries=("RU",))
            assert await announce(after, changed, NOW + timedelta(hours=1)) == 1
            (event,) = await events(after)
        assert event.changed == ("a",)

    async def test_two_replicas_announce_once(self, open_announcer, watch):
        later = NOW + timedelta(hours=1)
        async with open_announcer() as one, open_announcer() as other:
            await announce(one, watch("1", "a"))
            await announce(other, watch("1", "a"))
            assert await announce(one, watch("2", "b"), later) == 1
            assert await announce(other, watch("2", "b"), later) == 0
            assert len(await events(one)) == 1

    async def test_a_replica_that_is_behind_does_not_announce_its_old_version(
        self, open_announcer, watch
    ):
        async with open_announcer() as ahead, open_announcer() as behind:
            await announce(ahead, watch("1", "a"))
            await announce(ahead, watch("2", "b"), NOW + timedelta(hours=1))
            assert await announce(behind, watch("1", "a"), NOW) == 0
            assert len(await events(ahead)) == 1

    async def test_a_list_that_comes_later_is_announced_whole(
        self, open_announcer, watch, listed
    ):
        async with open_announcer() as announcer:
            await announce(announcer, watch("1", "a"))
            new = WatchList("un", "7", "0" * 64, None, NOW, (listed("b", key="b"),))
            since = {"own": NOW, "un": NOW}
            assert await announcer.announce([watch("1", "a"), new], since) == 1
            (event,) = await events(announcer)
        assert (event.list, event.previous_version) == ("un", "none")
        assert event.added == ("b",)

    async def test_back_and_forth_is_announced_each_time(self, open_announcer, watch):
        async with open_announcer() as announcer:
            for hours, (version, name) in enumerate(
                [("1", "a"), ("2", "b"), ("1", "a"), ("2", "b")]
            ):
                at = NOW + timedelta(hours=hours)
                await announce(announcer, watch(version, name), at)
            assert [event.version for event in await events(announcer)] == [
                "2",
                "1",
                "2",
            ]

    async def test_another_version_of_the_same_content_is_no_news(
        self, open_announcer, watch
    ):
        async with open_announcer() as announcer:
            await announce(announcer, watch("1", "a"))
            later = NOW + timedelta(hours=1)
            assert await announce(announcer, watch("1b", "a"), later) == 0
            assert await announce(announcer, watch("2", "b"), later) == 1

    async def test_the_migration_makes_the_tables(self, open_announcer, watch):
        async with open_announcer() as announcer:
            await announce(announcer, watch("1", "a"))
            assert await schema_differences(announcer.db, tables.metadata) == []


class TestEvent:
    def test_the_same_update_has_the_same_id(self, watch):
        version = Version(watch("2", "a"), NOW, {})
        one = list_updated(version, "1", Delta(added=("a",)), NOW)
        again = list_updated(version, "1", Delta(added=("a",)), NOW + timedelta(days=1))
        other = list_updated(version, "0", Delta(added=("a",)), NOW)
        assert one.id == again.id != other.id

    @pytest.mark.parametrize(("more", "complete"), [(0, True), (1, False)])
    def test_a_change_too_large_for_an_event_says_so(self, watch, more, complete):
        ids = tuple(f"e{n}" for n in range(LARGEST_DELTA - 5))
        changes = Delta(added=ids, removed=tuple(f"r{n}" for n in range(5 + more)))
        event = list_updated(Version(watch("2", "a"), NOW, {}), "1", changes, NOW)
        data = ListUpdated.model_validate(event.data)
        assert len(data.added) + len(data.removed) == LARGEST_DELTA
        assert data.complete is complete


class TestTheService:
    async def test_a_changed_file_becomes_an_event(self, folder, var):
        settings = Settings(token_key=TEST_TOKEN_KEY, check_every_s=0.0, lists=folder)
        async with client(create_app(settings, bus=FakeBus())) as http:
            db = Database(
                f"sqlite:///{var}/sanctions.db", schema="s", migrations=MIGRATIONS
            )
            await db.start()
            try:
                await self._eventually(db, tables.announced, 3)
                path = folder / "fictional.csv"
                path.write_bytes(
                    path.read_bytes() + b"N-1,Quandrilo Vexwhistle,person,,,\n"
                )
                await http.post("/v1/lists/reload")
                (row,) = await self._eventually(db, tables.outbox, 1)
            finally:
                await db.stop()
        event = CloudEvent.model_validate_json(row.body)
        assert event.type == LIST_UPDATED
        assert event.data["added"] == ["fictional-N-1"]
        assert "Quandrilo" not in row.body.decode()

    async def _eventually(self, db, table, count):
        async with asyncio.timeout(10):
            while True:
                async with db.read() as conn:
                    rows = (await conn.execute(sa.select(table))).all()
                if len(rows) == count:
                    return rows
                await asyncio.sleep(0.01)

    async def test_screening_answers_while_the_store_is_away(self):
        nobody = "postgresql://fraud@127.0.0.1:9/fraud"
        settings = Settings(
            token_key=TEST_TOKEN_KEY, check_every_s=0.0, database_url=nobody
        )
        async with client(create_app(settings, bus=FakeBus())) as http:
            body = {"parties": [{"role": "customer", "name": "Zoltarin Krandalov"}]}
            reply = await http.post("/screen", json=body)
        assert reply.json()["status"] == "match"
