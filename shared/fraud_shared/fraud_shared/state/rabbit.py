"""RabbitMQ: one connection of a service, its topology, and confirmed publishing.

This module and `rabbit_consumer` are the only importers of aio_pika.
"""

import asyncio
from collections.abc import Sequence
from contextlib import suppress

import aio_pika
from aio_pika.abc import AbstractChannel, AbstractConnection, AbstractExchange
from pamqp.commands import Basic

from fraud_shared.state.bus import Envelope
from fraud_shared.state.event_spans import publishing
from fraud_shared.state.topology import CONTENT_TYPE, PREFIX, topology

SYSTEM = "rabbitmq"
CONFIRM_TIMEOUT_S = 5.0
# A broker that falls silent is noticed after two of them.
HEARTBEAT_S = 5
# A broker that does not read gets no polite end of a connection.
CLOSE_S = 1.0
# Between two connections of one publisher: who comes back must not be stormed.
RECONNECT_S = 1.0


class NotConfirmed(Exception):
    """The broker did not take responsibility for a message."""


async def connected(url: str, timeout_s: float) -> AbstractConnection:
    """An open connection. Raises OSError, TimeoutError or an error of AMQP."""
    return await aio_pika.connect(url, timeout=timeout_s, heartbeat=HEARTBEAT_S)


async def close(connection: AbstractConnection) -> None:
    """Close within `CLOSE_S`, whatever the other side does."""
    with suppress(Exception):
        async with asyncio.timeout(CLOSE_S):
            await connection.close()


async def declare(channel: AbstractChannel, prefix: str = PREFIX) -> AbstractExchange:
    """Declare exchanges, queues and bindings; returns the exchange of events. Raises when
    what exists differs."""
    wanted = topology(prefix)
    exchange, _ = [
        await channel.declare_exchange(name, aio_pika.ExchangeType.TOPIC, durable=True)
        for name in (wanted.events, wanted.parked)
    ]
    queues = {
        one.name: await channel.declare_queue(
            one.name, durable=True, arguments=dict(one.arguments)
        )
        for one in wanted.queues
    }
    for binding in wanted.bindings:
        await queues[binding.queue].bind(binding.exchange, binding.pattern)
    return exchange


async def erase(channel: AbstractChannel, prefix: str) -> None:
    """Delete all that `declare` made under `prefix`, messages included."""
    wanted = topology(prefix)
    for queue in wanted.queues:
        await channel.queue_delete(queue.name)
    for exchange in (wanted.events, wanted.parked):
        await channel.exchange_delete(exchange)


class RabbitBus:
    """Publishes persistent, mandatory, confirmed messages."""

    def __init__(
        self,
        url: str,
        *,
        prefix: str = PREFIX,
        confirm_timeout_s: float = CONFIRM_TIMEOUT_S,
        reconnect_s: float = RECONNECT_S,
    ) -> None:
        """`confirm_timeout_s` bounds connecting and each publishing; `reconnect_s` is the
        least time between two connections."""
        self._url = url
        self._prefix = prefix
        self._confirm_timeout_s = confirm_timeout_s
        self._reconnect_s = reconnect_s
        self._not_before = 0.0
        self._connection: AbstractConnection | None = None
        self._exchange: AbstractExchange | None = None

    async def publish(self, events: Sequence[Envelope]) -> None:
        """Publish all and wait for the broker's confirmation of each.

        Raises TimeoutError, OSError, `NotConfirmed` or an error of AMQP: then none counts
        as published, and the next call opens a new connection.
        """
        try:
            exchange = self._exchange or await self._open()
            async with asyncio.timeout(self._confirm_timeout_s):
                async with asyncio.TaskGroup() as tasks:
                    for event in events:
                        tasks.create_task(_publish(exchange, event))
        except BaseExceptionGroup as group:
            await self.close()
            # One cause ends them all, and the first to fail names it.
            raise group.exceptions[0] from None
        except BaseException:
            await self.close()
            raise

    async def _open(self) -> AbstractExchange:
        loop = asyncio.get_running_loop()
        await asyncio.sleep(max(0.0, self._not_before - loop.time()))
        self._not_before = loop.time() + self._reconnect_s
        async with asyncio.timeout(self._confirm_timeout_s):
            self._connection = await connected(self._url, self._confirm_timeout_s)
            # Without on_return_raises an unroutable message is confirmed and lost.
            channel = await self._connection.channel(
                publisher_confirms=True, on_return_raises=True
            )
            self._exchange = await declare(channel, self._prefix)
        return self._exchange

    async def close(self) -> None:
        """Close the connection; the next publish opens a new one."""
        connection, self._connection, self._exchange = self._connection, None, None
        if connection is not None:
            await close(connection)


async def _publish(exchange: AbstractExchange, event: Envelope) -> None:
    with publishing(event, SYSTEM, f"{exchange.name}:{{type}}") as sent:
        await _confirmed(exchange, sent)


async def _confirmed(exchange: AbstractExchange, event: Envelope) -> None:
    confirmation = await exchange.publish(
        aio_pika.Message(
            event.body,
            message_id=event.event_id,
            type=event.type,
            content_type=CONTENT_TYPE,
            delivery_mode=aio_pika.DeliveryMode.PERSISTENT,
            headers={"traceparent": event.traceparent} if event.traceparent else {},
        ),
        routing_key=event.type,
        mandatory=True,
    )
    if not isinstance(confirmation, Basic.Ack):
        raise NotConfirmed
