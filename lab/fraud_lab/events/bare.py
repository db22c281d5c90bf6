"""The broker's client alone: publish with confirms, consume, acknowledge. What the way
through outbox, relay, consumer and ledger is compared with."""

import asyncio
import time
from collections.abc import Sequence
from typing import Any

import aio_pika

from fraud_shared.state.bus import Envelope

PART = 200
QUEUE = "fraud-bare"


async def bare(url: str, events: Sequence[Envelope], prefetch: int) -> float:
    """Seconds until every event was published, confirmed, received and acknowledged, by
    persistent messages in a quorum queue, as ours are."""
    async with (
        await aio_pika.connect(url) as producing,
        await aio_pika.connect(url) as consuming,
    ):
        sender = await producing.channel(publisher_confirms=True, on_return_raises=True)
        receiver = await consuming.channel()
        await receiver.set_qos(prefetch_count=prefetch)
        arguments: dict[str, Any] = {"x-queue-type": "quorum"}
        queue = await receiver.declare_queue(QUEUE, durable=True, arguments=arguments)
        left, done = len(events), asyncio.Event()

        async def handle(message: aio_pika.abc.AbstractIncomingMessage) -> None:
            nonlocal left
            await message.ack()
            left -= 1
            if not left:
                done.set()

        begun = time.perf_counter()
        await queue.consume(handle)
        for start in range(0, len(events), PART):
            await asyncio.gather(
                *(
                    sender.default_exchange.publish(
                        aio_pika.Message(
                            event.body,
                            message_id=event.event_id,
                            delivery_mode=aio_pika.DeliveryMode.PERSISTENT,
                        ),
                        routing_key=QUEUE,
                        mandatory=True,
                    )
                    for event in events[start : start + PART]
                )
            )
        await done.wait()
        took_s = time.perf_counter() - begun
        await queue.delete(if_empty=False, if_unused=False)
    return took_s
