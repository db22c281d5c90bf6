"""One suite for every bus: the fake, HTTP delivery and RabbitMQ."""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import AsyncExitStack
from typing import Any, Protocol

import pytest

from fraud_shared.contracts.events import (
    ACTION_REQUESTED,
    CHALLENGE_RESOLVED,
    DECISION_MADE,
    LABEL_REPORTED,
    CloudEvent,
)
from fraud_shared.mesh.client import ServiceClient
from fraud_shared.mesh.errors import DependencyError, DependencyUnreachable
from fraud_shared.mesh.tokens import TokenIssuer
from fraud_shared.mesh.transport import AsgiTransport
from fraud_shared.state.bus import (
    HTTP_BATCH_BYTES,
    Bus,
    Envelope,
    HttpBus,
    envelope,
)
from fraud_shared.state.consumer import events_route
from fraud_shared.state.open_bus import open_bus
from fraud_shared.state.rabbit import RabbitBus
from fraud_shared.state.subscriptions import family, subscribers
from fraud_shared.testing.asgi import TEST_TOKEN_KEY
from fraud_shared.testing.fakes import FakeBus
from fraud_shared.testing.links import Link
from fraud_shared.web.service import create_service

SERVICES = ("post_auth", "action")
Make = Callable[..., Envelope]


class World(Protocol):
    """A bus, what arrived behind it, and a fault that can be switched on."""

    bus: Bus

    async def arrived(self, service: str) -> list[str]:
        """Event ids, in order of arrival."""

    def broken(self, yes: bool) -> None:
        """Nobody confirms while this is on."""


class FakeWorld:
    def __init__(self) -> None:
        self.bus = FakeBus()

    async def arrived(self, service: str) -> list[str]:
        events = self.bus.published
        return [e.event_id for e in events if service in subscribers(e.type)]

    def broken(self, yes: bool) -> None:
        self.bus.failure = DependencyUnreachable("post_auth") if yes else None


class HttpWorld:
    """Two services that keep what they accept, called in this process."""

    def __init__(self, settings: Any) -> None:
        self.seen: dict[str, list[str]] = {name: [] for name in SERVICES}
        self._all = {name: self._service(name, settings) for name in SERVICES}
        self._apps = dict(self._all)
        tokens = TokenIssuer("orchestrator", TEST_TOKEN_KEY)
        self.bus = HttpBus(ServiceClient(AsgiTransport(self._apps), tokens))

    def _service(self, name: str, settings: Any) -> Any:
        async def handle(events: Any) -> None:
            self.seen[name] += [event.id for event in events]

        return create_service(name, settings, hot=[events_route(handle)])

    async def arrived(self, service: str) -> list[str]:
        return self.seen[service]

    def broken(self, yes: bool) -> None:
        self._apps.clear() if yes else self._apps.update(self._all)


class RabbitWorld:
    """The real broker behind a link."""

    def __init__(self, link: Link, prefix: str, channel: Any) -> None:
        self._link, self._prefix, self._channel = link, prefix, channel
        self._seen: dict[str, list[str]] = {name: [] for name in SERVICES}
        self.bus = RabbitBus(link.url, prefix=prefix, confirm_timeout_s=2.0)

    async def arrived(self, service: str) -> list[str]:
        queue = await self._channel.get_queue(f"{self._prefix}.{service}")
        while (message := await queue.get(fail=False)) is not None:
            await message.ack()
            self._seen[service].append(str(message.message_id))
        return self._seen[service]

    def broken(self, yes: bool) -> None:
        self._link.silent = yes


@pytest.fixture(params=["fake", "http", "rabbit"])
async def world(
    request: pytest.FixtureRequest, make_settings: Any
) -> AsyncIterator[World]:
    """Each bus in turn."""
    if request.param == "fake":
        yield FakeWorld()
    elif request.param == "http":
        yield HttpWorld(make_settings())
    else:
        open_broker = request.getfixturevalue("open_broker")
        async with open_broker() as (url, prefix, channel), Link(url).open() as link:
            rabbit = RabbitWorld(link, prefix, channel)
            yield rabbit
            await rabbit.bus.close()


@pytest.fixture
def make(make_event: Any) -> Make:
    """An envelope by subject and type."""

    def build(subject: str, event_type: str = DECISION_MADE) -> Envelope:
        return envelope(make_event(subject, event_type))

    return build


class TestEveryBus:
    async def test_when_it_returns_each_subscriber_has_it(
        self, world: World, make: Make
    ) -> None:
        events = [
            make("a"),
            make("b", ACTION_REQUESTED),
            make("c", LABEL_REPORTED),
            make("d", CHALLENGE_RESOLVED),
        ]
        await world.bus.publish(events)
        ids = [event.event_id for event in events]
        assert sorted(await world.arrived("post_auth")) == sorted(ids[:1] + ids[2:])
        assert await world.arrived("action") == [ids[1]]

    async def test_many_arrive_all(self, world: World, make: Make) -> None:
        events = [make(f"s{n}") for n in range(200)]
        await world.bus.publish(events)
        arrived = await world.arrived("post_auth")
        assert sorted(arrived) == sorted(event.event_id for event in events)

    async def test_nothing_is_nothing(self, world: World) -> None:
        await world.bus.publish([])

    async def test_raises_while_nobody_confirms_and_works_again(
        self, world: World, make: Make
    ) -> None:
        await world.bus.publish([make("before")])
        world.broken(True)
        for _ in range(2):
            with pytest.raises((DependencyError, OSError)):
                await world.bus.publish([make("lost")])
        world.broken(False)
        await world.bus.publish([make("after")])
        arrived = await world.arrived("post_auth")
        assert {make("before").event_id, make("after").event_id} <= set(arrived)

    async def test_an_event_without_subscribers_is_not_delivered(
        self, world: World, make: Make
    ) -> None:
        with pytest.raises(Exception, match=r".*"):
            await world.bus.publish([make("a", "fraud.nobody.hears.v1")])
        await world.bus.publish([make("b")])

    async def test_publishing_again_is_allowed(self, world: World, make: Make) -> None:
        for _ in range(2):
            await world.bus.publish([make("a")])
        assert set(await world.arrived("post_auth")) == {make("a").event_id}

    async def test_closing_twice_is_no_fault(self, world: World, make: Make) -> None:
        await world.bus.publish([make("a")])
        await world.bus.close()
        await world.bus.close()


class TestHttp:
    async def test_a_consumer_that_fails_is_not_a_delivery(
        self, make_settings: Any, make: Make
    ) -> None:
        async def fail(_: Any) -> None:
            raise LookupError

        apps = {
            "post_auth": create_service(
                "post_auth", make_settings(), hot=[events_route(fail)]
            )
        }
        service_client = ServiceClient(
            AsgiTransport(apps), TokenIssuer("a", TEST_TOKEN_KEY)
        )
        with pytest.raises(DependencyError):
            await HttpBus(service_client).publish([make("a")])

    async def test_batches_stay_below_the_limit(self, make: Make) -> None:
        sizes: list[int] = []

        class Recorder:
            async def call(
                self, service: str, path: str, body: bytes, **_: Any
            ) -> bytes:
                sizes.append(len(body))
                return b""

        large = Envelope("id", DECISION_MADE, b"x" * (HTTP_BATCH_BYTES // 3))
        service_client: Any = Recorder()
        await HttpBus(service_client).publish([large] * 7)
        assert len(sizes) == 3
        assert max(sizes) <= HTTP_BATCH_BYTES + 10

    async def test_events_are_refused_as_a_whole_without_a_token(
        self, make_settings: Any, make: Make
    ) -> None:
        world = HttpWorld(make_settings())
        service_client = ServiceClient(
            AsgiTransport(world._apps), TokenIssuer("a", "wrong" * 10)
        )
        with pytest.raises(DependencyError):
            await HttpBus(service_client).publish([make("a")])
        assert await world.arrived("post_auth") == []

    def test_is_chosen_when_no_broker_is_named(self) -> None:
        service_client: Any = None
        assert isinstance(open_bus("", service_client), HttpBus)
        assert isinstance(open_bus("amqp://localhost/", service_client), RabbitBus)


@pytest.mark.servers
class TestRabbit:
    async def test_a_message_without_a_queue_is_not_sent(
        self, broker: Any, make: Make
    ) -> None:
        url, prefix, channel = broker
        bus = RabbitBus(url, prefix=prefix)
        await bus.publish([make("a")])
        queue = await channel.get_queue(f"{prefix}.post_auth")
        await queue.unbind(
            await channel.get_exchange(f"{prefix}.events"), f"{family(DECISION_MADE)}.*"
        )
        with pytest.raises(Exception, match=r"."):
            await bus.publish([make("b")])
        # It declares what it needs when it connects again, and then it is sent.
        await bus.publish([make("b")])
        await bus.close()

    async def test_messages_are_durable_and_traced(
        self, broker: Any, make: Make
    ) -> None:
        url, prefix, channel = broker
        bus = RabbitBus(url, prefix=prefix)
        sent = make("a")
        trace = f"00-{'a' * 32}-{'b' * 16}-01"
        await bus.publish([Envelope(sent.event_id, sent.type, sent.body, trace)])
        queue = await channel.get_queue(f"{prefix}.post_auth")
        message = await queue.get()
        await message.ack()
        assert message.body == sent.body
        assert message.delivery_mode == 2
        assert message.message_id == sent.event_id
        assert message.headers["traceparent"] == trace
        await bus.close()

    async def test_nobody_there_is_raised_at_once(self, make: Make) -> None:
        bus = RabbitBus("amqp://guest:guest@127.0.0.1:1/")
        with pytest.raises(OSError, match=r"."):
            async with asyncio.timeout(3):
                await bus.publish([make("a")])

    async def test_a_broker_that_stops_answering_costs_the_confirm_timeout(
        self, broker: Any, make: Make
    ) -> None:
        url, prefix, _ = broker
        async with Link(url).open() as link:
            bus = RabbitBus(link.url, prefix=prefix, confirm_timeout_s=0.3)
            await bus.publish([make("a")])
            link.freeze()
            async with asyncio.timeout(3):
                with pytest.raises(TimeoutError):
                    await bus.publish([make("b")])
            link.thaw()
            await bus.publish([make("b")])
            await bus.close()

    async def test_a_confirm_that_is_cut_off_is_no_confirm(
        self, broker: Any, make: Make
    ) -> None:
        url, prefix, channel = broker
        async with Link(url).open() as link:
            bus = RabbitBus(link.url, prefix=prefix)
            await bus.publish([make("a")])
            link.passes = lambda _data, back: not back
            with pytest.raises(Exception, match=r"."):
                await bus.publish([make("b")])
            await bus.close()
        # The broker has it all the same: whoever sends again sends twice.
        queue = await channel.get_queue(f"{prefix}.post_auth")
        arrived = [(await queue.get(timeout=5)).message_id for _ in range(2)]
        assert arrived == [make("a").event_id, make("b").event_id]

    async def test_no_more_than_one_connection_in_its_time(
        self, broker: Any, make: Make
    ) -> None:
        url, prefix, _ = broker
        loop = asyncio.get_running_loop()
        async with Link(url).open() as link:
            bus = RabbitBus(link.url, prefix=prefix, reconnect_s=0.4)
            begun = loop.time()
            for _ in range(2):
                await bus.publish([make("a")])
                link.cut()
                with pytest.raises(Exception, match=r".*"):
                    await bus.publish([make("a")])
            await bus.publish([make("a")])
            assert link.connections == 3
            assert loop.time() - begun >= 2 * 0.4
            await bus.close()

    async def test_another_topology_is_refused(self, broker: Any, make: Make) -> None:
        url, prefix, channel = broker
        await channel.declare_queue(f"{prefix}.post_auth", durable=True)
        with pytest.raises(Exception, match="PRECONDITION_FAILED"):
            await RabbitBus(url, prefix=prefix).publish([make("a")])

    async def test_a_cut_connection_is_opened_anew(
        self, broker: Any, make: Make
    ) -> None:
        url, prefix, _ = broker
        async with AsyncExitStack() as stack:
            link = await stack.enter_async_context(Link(url).open())
            bus = RabbitBus(link.url, prefix=prefix)
            stack.push_async_callback(bus.close)
            await bus.publish([make("a")])
            link.cut()
            with pytest.raises(Exception, match=r".*"):
                await bus.publish([make("b")])
            await bus.publish([make("b")])
            assert link.connections == 2


class TestEvent:
    def test_unknown_attributes_are_kept(self, make: Make) -> None:
        raw = make("a").body[:-1] + b',"newattribute":"x"}'
        event = CloudEvent.model_validate_json(raw)
        assert b'"newattribute":"x"' in event.model_dump_json().encode()
