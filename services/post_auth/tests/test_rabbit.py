"""The consumer behind a real broker: the same exactness, whatever is redelivered."""

import asyncio
import random
from contextlib import AsyncExitStack, asynccontextmanager

import aio_pika
import pytest

from fraud_shared.state.bus import Envelope
from fraud_shared.state.rabbit import RabbitBus, erase
from fraud_shared.state.rabbit_consumer import RabbitConsumer
from fraud_shared.testing.servers import amqp_url, fresh_schema


def envelope(event) -> Envelope:
    body = event.model_dump_json(exclude_none=True).encode()
    return Envelope(event.id, event.type, body)


@asynccontextmanager
async def broker():
    """URL and a prefix of this test's own; its queues go afterwards."""
    url, prefix = amqp_url(), fresh_schema("fraud_test")
    yield url, prefix
    async with await aio_pika.connect(url) as connection:
        await erase(await connection.channel(), prefix)


@pytest.mark.servers
class TestRabbit:
    @pytest.mark.parametrize("consumers", [1, 4])
    async def test_three_shuffled_deliveries_count_once(
        self, world, decided, labelled, consumers
    ):
        events = [decided(n, account_id=f"acc-{n % 3}") for n in range(60)]
        events += [labelled(n) for n in range(0, 60, 6)]
        deliveries = [envelope(event) for event in events] * 3
        random.Random(consumers).shuffle(deliveries)
        left, done = len(deliveries), asyncio.Event()
        failed: set[str] = set()
        chance = random.Random(consumers)

        async with AsyncExitStack() as stack:
            await stack.enter_async_context(asyncio.timeout(60))
            url, prefix = await stack.enter_async_context(broker())
            service = await stack.enter_async_context(world.service())

            async def handle(batch):
                nonlocal left
                fresh = {event.id for event in batch} - failed
                if chance.random() < 0.2 and fresh:
                    # The broker delivers it again, once more than thrice.
                    failed.update(fresh)
                    raise RuntimeError
                await service.handle(batch)
                left -= len(batch)
                if left <= 0:
                    done.set()

            for _ in range(consumers):
                consumer = RabbitConsumer(
                    url, service="post_auth", handler=handle, prefix=prefix
                )
                await stack.enter_async_context(consumer.running())
            bus = RabbitBus(url, prefix=prefix)
            stack.push_async_callback(bus.close)
            await bus.publish(deliveries)
            await done.wait()
            profiles = [await service.profile("shop", f"acc-{n}") for n in range(3)]
        assert [profile.payments for profile in profiles] == [20, 20, 20]
        assert [profile.labels.fraud for profile in profiles] == [10, 0, 0]
        sums = [profile.currencies[0].sum_minor for profile in profiles]
        assert sums == [20 * 4_250] * 3
