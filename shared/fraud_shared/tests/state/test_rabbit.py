"""The consumer behind the real broker."""

import asyncio
from collections.abc import Callable, Sequence
from contextlib import asynccontextmanager
from types import SimpleNamespace
from typing import Any

import aio_pika
import pytest

from fraud_shared.contracts.events import DECISION_MADE, CloudEvent
from fraud_shared.state import rabbit_consumer
from fraud_shared.state.bus import Envelope, envelope
from fraud_shared.state.rabbit import RabbitBus
from fraud_shared.state.rabbit_consumer import RabbitConsumer
from fraud_shared.state.topology import TRIES
from fraud_shared.testing.links import Link
from fraud_shared.web.problems import Unavailable

pytestmark = pytest.mark.servers


class Handler:
    """Remembers what it handled; fails as the test says."""

    def __init__(self) -> None:
        self.batches: list[list[str]] = []
        self.tried: dict[str, int] = {}
        self.poison: set[str] = set()
        self.outages = 0
        self.gate = asyncio.Event()
        self.gate.set()

    async def __call__(self, events: Sequence[CloudEvent]) -> None:
        subjects = [event.subject for event in events]
        for subject in subjects:
            self.tried[subject] = self.tried.get(subject, 0) + 1
        await self.gate.wait()
        if self.outages:
            self.outages -= 1
            raise Unavailable
        if self.poison & set(subjects):
            raise LookupError
        self.batches.append(subjects)

    @property
    def handled(self) -> set[str]:
        return {subject for batch in self.batches for subject in batch}


@pytest.fixture
def handler() -> Handler:
    return Handler()


@pytest.fixture
def world(broker: Any, handler: Handler, make_event: Any) -> Any:
    """Publishing, consuming and looking into queues, all under this test's prefix."""
    url, prefix, channel = broker

    class World:
        @staticmethod
        async def publish(*subjects: str) -> None:
            bus = RabbitBus(url, prefix=prefix)
            await bus.publish([envelope(make_event(s)) for s in subjects])
            await bus.close()

        @staticmethod
        @asynccontextmanager
        async def consuming(at: str = url, **more: Any) -> Any:
            consumer = RabbitConsumer(
                at,
                service="post_auth",
                handler=handler,
                prefix=prefix,
                reconnect_s=0.05,
                **more,
            )
            async with consumer.running():
                yield

        @classmethod
        async def acknowledged(cls) -> None:
            """Until all that was handled is acknowledged: the consumer has begun with a
            last event, and takes none before it has acknowledged what came earlier."""
            handler.gate.clear()
            await cls.publish("last")
            await until(lambda: "last" in handler.tried)

        @classmethod
        async def unacknowledged(cls) -> list[str]:
            """The subjects that come back to the queue when the consumer is gone, but for
            the last one of `acknowledged`."""
            bodies = [message.body for message in await back_soon(cls, "post_auth")]
            subjects = [CloudEvent.model_validate_json(b).subject for b in bodies]
            assert subjects.pop() == "last"
            return subjects

        @staticmethod
        async def take(queue: str) -> list[aio_pika.abc.AbstractIncomingMessage]:
            found = []
            source = await channel.get_queue(f"{prefix}.{queue}")
            while (message := await source.get(fail=False)) is not None:
                await message.ack()
                found.append(message)
            return found

    World.url = url
    World.prefix = prefix
    World.channel = channel
    return World


async def until(condition: Callable[[], bool]) -> None:
    async with asyncio.timeout(20):
        while not condition():
            await asyncio.sleep(0.01)


class TestHandling:
    async def test_takes_what_is_there_as_a_batch(
        self, world: Any, handler: Handler
    ) -> None:
        subjects = [f"s{n}" for n in range(30)]
        handler.gate.clear()
        async with world.consuming():
            await world.publish(*subjects[:10])
            await until(lambda: bool(handler.tried))
            await world.publish(*subjects[10:])
            handler.gate.set()
            await until(lambda: handler.handled == set(subjects))
            await world.acknowledged()
        assert max(map(len, handler.batches)) > 1
        assert await world.unacknowledged() == []
        assert set(handler.tried.values()) == {1}

    async def test_goes_on_with_what_comes_later(
        self, world: Any, handler: Handler
    ) -> None:
        await world.publish("a")
        async with world.consuming():
            await until(lambda: handler.handled == {"a"})
            await world.publish("b")
            await until(lambda: handler.handled == {"a", "b"})

    async def test_acknowledges_only_after_the_handler(
        self, world: Any, handler: Handler
    ) -> None:
        await world.publish("a")
        handler.gate.clear()
        async with world.consuming():
            await until(lambda: handler.tried == {"a": 1})
        assert handler.batches == []
        handler.gate.set()
        async with world.consuming():
            await until(lambda: handler.batches == [["a"]])
        assert handler.tried == {"a": 2}


class TestPoison:
    async def test_is_parked_after_its_tries_and_the_others_are_handled(
        self, world: Any, handler: Handler, make_event: Any
    ) -> None:
        handler.poison = {"bad"}
        await world.publish("a", "bad", "b", "c")
        async with world.consuming():
            await until(lambda: handler.handled >= {"a", "b", "c"})
            await until(lambda: handler.tried["bad"] > TRIES)
            await world.publish("d")
            await until(lambda: "d" in handler.handled)
            await world.acknowledged()
        # Once with its batch, and then its tries alone.
        assert handler.tried["bad"] == TRIES + 1
        (parked,) = await parked_soon(world)
        assert parked.body == envelope(make_event("bad")).body
        assert parked.message_id == make_event("bad").id
        assert await world.unacknowledged() == []

    async def test_that_cannot_be_read_is_parked_at_once(
        self, world: Any, handler: Handler
    ) -> None:
        bus = RabbitBus(world.url, prefix=world.prefix)
        for body in (b"{", b'{"specversion":"2.0"}', b"\xff"):
            await bus.publish([Envelope("x", DECISION_MADE, body)])
        await bus.close()
        await world.publish("a")
        async with world.consuming():
            await until(lambda: handler.handled == {"a"})
        bodies = {message.body for message in await parked_soon(world, 3)}
        assert bodies == {b"{", b'{"specversion":"2.0"}', b"\xff"}

    async def test_is_found_by_halves_so_the_others_hardly_notice(
        self, world: Any, handler: Handler
    ) -> None:
        subjects = {f"s{n}" for n in range(64)}
        await world.publish(*sorted(subjects))
        handler.poison = {"s7"}
        async with world.consuming():
            await until(lambda: handler.handled >= subjects - {"s7"})
        assert max(n for s, n in handler.tried.items() if s != "s7") <= 7

    async def test_is_given_to_who_keeps_it_with_reason_bytes_and_trace(
        self, world: Any, handler: Handler, make_event: Any
    ) -> None:
        kept: list[tuple[Envelope, str]] = []

        async def park(received: Envelope, reason: str) -> None:
            kept.append((received, reason))

        trace = f"00-{'a' * 32}-{'b' * 16}-01"
        bus = RabbitBus(world.url, prefix=world.prefix)
        unreadable = Envelope("x", DECISION_MADE, b"{", trace)
        await bus.publish([unreadable, envelope(make_event("bad"))])
        await bus.close()
        handler.poison = {"bad"}
        async with world.consuming(park=park):
            await until(lambda: len(kept) == 2)
            await world.acknowledged()
        bad = envelope(make_event("bad"))
        assert kept == [(unreadable, "no_cloud_event"), (bad, "cannot_be_handled")]
        assert await world.take("parked.post_auth") == []
        assert await world.unacknowledged() == []

    async def test_that_cannot_be_parked_stays_with_the_broker(
        self, world: Any, handler: Handler
    ) -> None:
        async def park(_received: Envelope, _reason: str) -> None:
            raise ValueError

        bus = RabbitBus(world.url, prefix=world.prefix)
        await bus.publish([Envelope("x", DECISION_MADE, b"{")])
        await bus.close()
        async with world.consuming(park=park):
            (parked,) = await parked_soon(world)
        assert parked.body == b"{"

    async def test_that_kills_its_consumer_is_parked_alone(
        self, world: Any, handler: Handler, make_event: Any
    ) -> None:
        await world.publish("bad", "a", "b")
        for _ in range(TRIES):
            async with await aio_pika.connect(world.url) as dying:
                channel = await dying.channel()
                queue = await channel.get_queue(f"{world.prefix}.post_auth")
                assert (await queue.get(timeout=5)).body
        async with world.consuming():
            await until(lambda: handler.handled == {"a", "b"})
            (parked,) = await parked_soon(world)
        assert parked.message_id == make_event("bad").id
        assert "bad" not in handler.tried

    async def test_can_be_sent_again_from_where_it_is_parked(
        self, world: Any, handler: Handler
    ) -> None:
        handler.poison = {"bad"}
        await world.publish("bad")
        async with world.consuming():
            await until(lambda: handler.tried.get("bad", 0) >= TRIES)
            (parked,) = await parked_soon(world)
            handler.poison = set()
            exchange = await world.channel.get_exchange(f"{world.prefix}.events")
            await exchange.publish(
                aio_pika.Message(parked.body, message_id=parked.message_id),
                routing_key=parked.routing_key,
            )
            await until(lambda: handler.handled == {"bad"})


async def parked_soon(world: Any, count: int = 1) -> list[Any]:
    return await back_soon(world, "parked.post_auth", count)


async def back_soon(world: Any, queue: str, count: int = 1) -> list[Any]:
    """The broker moves what was rejected, or not acknowledged, in its own time."""
    found: list[Any] = []
    async with asyncio.timeout(20):
        while len(found) < count:
            found += await world.take(queue)
            await asyncio.sleep(0.02)
    return found


class TestOutage:
    async def test_of_a_store_parks_nothing(
        self, world: Any, handler: Handler, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        at_once = SimpleNamespace(uniform=lambda *_: 0.0)
        monkeypatch.setattr(rabbit_consumer, "random", at_once)
        handler.outages = 6
        subjects = {f"s{n}" for n in range(5)}
        await world.publish(*subjects)
        async with world.consuming():
            await until(lambda: handler.handled == subjects)
            await world.acknowledged()
        assert max(handler.tried.values()) > TRIES
        assert await world.take("parked.post_auth") == []
        assert await world.unacknowledged() == []

    async def test_of_the_connection_is_survived(
        self, world: Any, handler: Handler
    ) -> None:
        async with Link(world.url).open() as link, world.consuming(link.url):
            await world.publish("a")
            await until(lambda: handler.handled == {"a"})
            link.cut()
            await world.publish("b")
            await until(lambda: handler.handled == {"a", "b"})
            assert link.connections >= 2

    async def test_of_the_connection_during_work_delivers_again(
        self, world: Any, handler: Handler
    ) -> None:
        async with Link(world.url).open() as link, world.consuming(link.url):
            handler.gate.clear()
            await world.publish("a")
            await until(lambda: handler.tried == {"a": 1})
            link.cut()
            handler.gate.set()
            await until(lambda: handler.batches == [["a"], ["a"]])
            await world.acknowledged()
        assert await world.unacknowledged() == []

    async def test_of_the_broker_at_the_start_is_waited_for(
        self, world: Any, handler: Handler
    ) -> None:
        await world.publish("a")
        async with Link(world.url).open() as link:
            link.silent = True
            async with world.consuming(link.url):
                await until(lambda: link.connections == 1)
                link.silent = False
                link.cut()
                await until(lambda: handler.handled == {"a"})
