"""The outbox and its relay, on both backends: at least once, in order, only confirmed."""

import asyncio
from collections.abc import Callable, Sequence
from typing import Any

import pytest
import sqlalchemy as sa

from fraud_shared.contracts.events import CloudEvent
from fraud_shared.mesh.errors import DependencyUnreachable
from fraud_shared.state.bus import Envelope
from fraud_shared.state.database import Database
from fraud_shared.state.outbox import BATCH, Outbox, Relay
from fraud_shared.state.telemetry import OUTBOX_AGE
from fraud_shared.testing.fakes import FakeBus

Write = Callable[..., Any]
GONE = DependencyUnreachable("post_auth")


class HangingBus(FakeBus):
    """Publishes, and then never says so: as if the process had died."""

    async def publish(self, events: Sequence[Envelope]) -> None:
        await super().publish(events)
        await asyncio.Event().wait()


@pytest.fixture
def bus() -> FakeBus:
    return FakeBus()


@pytest.fixture
def outbox(db: Database, outbox_rows: sa.Table) -> Outbox:
    return Outbox(db, outbox_rows)


@pytest.fixture
def relay(db: Database, outbox_rows: sa.Table, bus: FakeBus, outbox: Outbox) -> Relay:
    return Relay(db, outbox_rows, bus, outbox=outbox)


@pytest.fixture
def write(
    db: Database, outbox: Outbox, make_event: Callable[[str], CloudEvent]
) -> Write:
    """Store events of these subjects in one transaction; returns their ids."""

    async def store(*subjects: str) -> list[str]:
        events = [make_event(subject) for subject in subjects]
        async with db.begin() as conn:
            await outbox.add(conn, events)
        return [event.id for event in events]

    return store


async def unsent(db: Database, table: sa.Table) -> int:
    async with db.read() as conn:
        query = sa.select(sa.func.count()).where(table.c.sent_at.is_(None))
        return int((await conn.execute(query)).scalar() or 0)


def ids(bus: FakeBus) -> list[str]:
    return [event.event_id for event in bus.published]


async def until(condition: Callable[[], bool]) -> None:
    async with asyncio.timeout(5):
        while not condition():
            await asyncio.sleep(0.01)


class TestWriting:
    async def test_an_event_shares_the_fate_of_its_transaction(
        self, db: Database, outbox: Outbox, outbox_rows: sa.Table, make_event: Any
    ) -> None:
        async def work() -> None:
            async with db.begin() as conn:
                await outbox.add(conn, [make_event("a")])
                raise LookupError

        with pytest.raises(LookupError):
            await work()
        assert await unsent(db, outbox_rows) == 0

    async def test_the_same_event_is_stored_once(
        self, db: Database, outbox_rows: sa.Table, write: Write
    ) -> None:
        await write("a", "b")
        await write("b", "c")
        await write()
        assert await unsent(db, outbox_rows) == 3

    async def test_what_is_sent_is_what_was_written(
        self, write: Write, relay: Relay, bus: FakeBus, make_event: Any
    ) -> None:
        await write("a")
        await relay.deliver()
        (sent,) = bus.published
        assert CloudEvent.model_validate_json(sent.body) == make_event("a")
        assert sent.type == make_event("a").type


class TestDelivery:
    async def test_is_in_order_and_once(
        self, write: Write, relay: Relay, bus: FakeBus
    ) -> None:
        expected = [*await write("a", "b"), *await write("c")]
        assert await relay.deliver() == 3
        assert await relay.deliver() == 0
        assert ids(bus) == expected

    async def test_is_in_batches(
        self, write: Write, relay: Relay, bus: FakeBus
    ) -> None:
        expected = await write(*(f"s{n}" for n in range(BATCH + 1)))
        assert [await relay.deliver() for _ in range(3)] == [BATCH, 1, 0]
        assert ids(bus) == expected

    async def test_marks_nothing_that_was_not_confirmed(
        self,
        db: Database,
        outbox_rows: sa.Table,
        write: Write,
        relay: Relay,
        bus: FakeBus,
    ) -> None:
        expected = await write("a", "b")
        bus.failure = GONE
        for _ in range(3):
            with pytest.raises(DependencyUnreachable):
                await relay.deliver()
        assert await unsent(db, outbox_rows) == 2
        bus.failure = None
        await relay.deliver()
        assert ids(bus) == expected
        assert await unsent(db, outbox_rows) == 0

    async def test_a_crash_before_the_mark_repeats_the_same_ids(
        self, db: Database, outbox_rows: sa.Table, write: Write
    ) -> None:
        expected = await write("a", "b")
        first, second = HangingBus(), FakeBus()
        dying = asyncio.create_task(Relay(db, outbox_rows, first).deliver())
        await until(lambda: bool(first.published))
        dying.cancel()
        await asyncio.gather(dying, return_exceptions=True)
        await Relay(db, outbox_rows, second).deliver()
        assert ids(first) == ids(second) == expected

    async def test_two_relays_share_the_work(
        self, db: Database, outbox_rows: sa.Table, write: Write, bus: FakeBus
    ) -> None:
        if not db.skip_locked:
            pytest.skip("one process has one SQLite file, and one relay")
        expected = await write(*(f"s{n}" for n in range(500)))
        relays = [Relay(db, outbox_rows, bus) for _ in range(2)]
        while sum(await asyncio.gather(*(relay.deliver() for relay in relays))):
            pass
        assert sorted(ids(bus)) == sorted(expected)


class TestRunning:
    async def test_sends_what_is_written_meanwhile(
        self, write: Write, relay: Relay, bus: FakeBus
    ) -> None:
        async with relay.running():
            expected = await write("a")
            await until(lambda: ids(bus) == expected)
            expected += await write("b")
            await until(lambda: ids(bus) == expected)

    async def test_goes_on_after_a_failure(
        self, write: Write, relay: Relay, bus: FakeBus
    ) -> None:
        bus.failure = GONE
        async with relay.running():
            expected = await write("a")
            await asyncio.sleep(0.05)
            bus.failure = None
            await until(lambda: ids(bus) == expected)

    async def test_sends_what_is_left_when_it_stops(
        self, db: Database, outbox_rows: sa.Table, write: Write, bus: FakeBus
    ) -> None:
        async with Relay(db, outbox_rows, bus).running():
            expected = await write("a", "b")
        assert ids(bus) == expected
        assert await unsent(db, outbox_rows) == 0

    async def test_stops_while_nobody_listens(
        self, write: Write, relay: Relay, bus: FakeBus
    ) -> None:
        bus.failure = GONE
        async with asyncio.timeout(2):
            async with relay.running():
                await write("a")
        assert ids(bus) == []


class TestAge:
    async def test_grows_while_nothing_is_confirmed_and_ends_with_it(
        self, write: Write, relay: Relay, bus: FakeBus
    ) -> None:
        await write("a")
        bus.failure = DependencyUnreachable("post_auth")
        with pytest.raises(DependencyUnreachable):
            await relay.deliver()
        first = age_s()
        assert 0 < first < age_s()
        bus.failure = None
        await relay.deliver()
        assert age_s() == 0


def age_s() -> float:
    (family,) = OUTBOX_AGE.collect()
    return float(family.samples[0].value)
