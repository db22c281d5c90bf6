"""RabbitMQ: a topic exchange, one quorum queue per service, confirms, dead letters.

This module is the only importer of aio_pika.
"""

import asyncio
import random
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import asynccontextmanager, suppress

import aio_pika
import structlog
from aio_pika.abc import (
    AbstractChannel,
    AbstractConnection,
    AbstractExchange,
    AbstractIncomingMessage,
    AbstractQueue,
)
from pamqp.commands import Basic
from pydantic import ValidationError

from fraud_shared.contracts.events import CloudEvent
from fraud_shared.mesh.errors import DependencyError
from fraud_shared.state.bus import Envelope
from fraud_shared.state.event_spans import handling, publishing
from fraud_shared.state.subscriptions import SUBSCRIPTIONS
from fraud_shared.state.telemetry import EVENTS_PARKED
from fraud_shared.web.problems import Unavailable

log = structlog.get_logger()
PREFIX = "fraud"
SYSTEM = "rabbitmq"
CONFIRM_TIMEOUT_S = 5.0
PREFETCH = 50
TRIES = 5
RECONNECT_S = 1.0
# Something the handler needs is away: no fault of the message, which waits for it.
_AWAY = (Unavailable, DependencyError, OSError)
EventHandler = Callable[[Sequence[CloudEvent]], Awaitable[None]]


async def declare(channel: AbstractChannel, prefix: str = PREFIX) -> AbstractExchange:
    """Declare exchange, queues and bindings. Raises when what exists differs.

    `<prefix>.events` is the exchange, `<prefix>.<service>` its queues, and what could not
    be handled is in `<prefix>.parked.<service>`.
    """
    exchange = await channel.declare_exchange(
        f"{prefix}.events", aio_pika.ExchangeType.TOPIC, durable=True
    )
    dead = await channel.declare_exchange(
        f"{prefix}.parked", aio_pika.ExchangeType.TOPIC, durable=True
    )
    for service, families in SUBSCRIPTIONS.items():
        queue = await channel.declare_queue(
            f"{prefix}.{service}",
            durable=True,
            arguments={
                "x-queue-type": "quorum",
                # Set by us: the default differs between broker versions. The consumer
                # parks before this limit; it only catches messages that kill it.
                "x-delivery-limit": TRIES * 2,
                "x-dead-letter-exchange": dead.name,
                "x-dead-letter-strategy": "at-least-once",
                "x-overflow": "reject-publish",
            },
        )
        parked = await channel.declare_queue(
            f"{dead.name}.{service}",
            durable=True,
            arguments={"x-queue-type": "quorum"},
        )
        for family in families:
            await queue.bind(exchange, f"{family}.*")
            await parked.bind(dead, f"{family}.*")
    return exchange


async def erase(channel: AbstractChannel, prefix: str) -> None:
    """Delete all that `declare` made under `prefix`, messages included."""
    for service in SUBSCRIPTIONS:
        await channel.queue_delete(f"{prefix}.{service}")
        await channel.queue_delete(f"{prefix}.parked.{service}")
    await channel.exchange_delete(f"{prefix}.events")
    await channel.exchange_delete(f"{prefix}.parked")


class RabbitBus:
    """Publishes persistent, mandatory, confirmed messages."""

    def __init__(
        self,
        url: str,
        *,
        prefix: str = PREFIX,
        confirm_timeout_s: float = CONFIRM_TIMEOUT_S,
    ) -> None:
        self._url = url
        self._prefix = prefix
        self._confirm_timeout_s = confirm_timeout_s
        self._connection: AbstractConnection | None = None
        self._exchange: AbstractExchange | None = None

    async def publish(self, events: Sequence[Envelope]) -> None:
        """Publish all and wait for the broker's confirmation of each."""
        try:
            exchange = self._exchange or await self._open()
            await asyncio.gather(
                *(_publish(exchange, e, self._confirm_timeout_s) for e in events)
            )
        except BaseException:
            await self.close()
            raise

    async def _open(self) -> AbstractExchange:
        self._connection = await aio_pika.connect(
            self._url, timeout=self._confirm_timeout_s, heartbeat=5
        )
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
            with suppress(Exception):
                await connection.close()


class NotConfirmed(Exception):
    """The broker did not take responsibility for a message."""


async def _publish(
    exchange: AbstractExchange, event: Envelope, timeout_s: float
) -> None:
    with publishing(event, SYSTEM, f"{exchange.name}:{{type}}") as sent:
        await _confirmed(exchange, sent, timeout_s)


async def _confirmed(
    exchange: AbstractExchange, event: Envelope, timeout_s: float
) -> None:
    confirmation = await exchange.publish(
        aio_pika.Message(
            event.body,
            message_id=event.event_id,
            type=event.type,
            content_type="application/cloudevents+json",
            delivery_mode=aio_pika.DeliveryMode.PERSISTENT,
            headers={"traceparent": event.traceparent} if event.traceparent else {},
        ),
        routing_key=event.type,
        mandatory=True,
        timeout=timeout_s,
    )
    if not isinstance(confirmation, Basic.Ack):
        raise NotConfirmed


class RabbitConsumer:
    """Feeds a handler with events, in batches of what is there; acknowledges after it.

    A batch that fails is tried one by one, so that a poison message is found; after five
    tries it is parked in `fraud.parked.<service>` with its original bytes. While a store or
    service is away, messages wait for it, however long: none is parked for that.
    """

    def __init__(
        self,
        url: str,
        *,
        service: str,
        handler: EventHandler,
        prefix: str = PREFIX,
        reconnect_s: float = RECONNECT_S,
    ) -> None:
        self._url = url
        self._prefix = prefix
        self._reconnect_s = reconnect_s
        self._service = service
        self._handler = handler
        self._destination = f"{prefix}.events:{{type}}:{prefix}.{service}"

    @asynccontextmanager
    async def running(self) -> AsyncIterator[None]:
        """Consume in the background until left."""
        task = asyncio.create_task(self._forever())
        try:
            yield
        finally:
            task.cancel()
            with suppress(asyncio.CancelledError):
                await task

    async def _forever(self) -> None:
        while True:
            try:
                await self._consume()
            except Exception as error:
                log.warning("consumer_disconnected", exception=type(error).__name__)
            await asyncio.sleep(self._reconnect_s)

    async def _consume(self) -> None:
        connection = await aio_pika.connect(
            self._url, timeout=CONFIRM_TIMEOUT_S, heartbeat=5
        )
        async with connection:
            channel = await connection.channel()
            await channel.set_qos(prefetch_count=PREFETCH)
            await declare(channel, self._prefix)
            queue = await channel.get_queue(f"{self._prefix}.{self._service}")
            log.info("consumer_connected", queue=queue.name)
            await self._drain(queue)

    async def _drain(self, queue: AbstractQueue) -> None:
        waiting: asyncio.Queue[AbstractIncomingMessage] = asyncio.Queue()
        closed = asyncio.Event()
        queue.channel.close_callbacks.add(lambda *_: closed.set())
        await queue.consume(waiting.put)
        ended = asyncio.create_task(closed.wait())
        try:
            while not closed.is_set():
                first = asyncio.create_task(waiting.get())
                await asyncio.wait((first, ended), return_when="FIRST_COMPLETED")
                if not first.done():
                    first.cancel()
                    return
                batch = [first.result()]
                while not waiting.empty():
                    batch.append(waiting.get_nowait())
                await self._handle(batch)
        finally:
            ended.cancel()

    async def _handle(self, batch: list[AbstractIncomingMessage]) -> None:
        if len(batch) > 1 and all(_tries(message) == 0 for message in batch):
            try:
                await self._handled(batch)
            except Exception as error:
                log.warning("batch_failed", exception=type(error).__name__)
            else:
                for message in batch:
                    await message.ack()
                return
        for message in batch:
            await self._handle_one(message)

    async def _handle_one(self, message: AbstractIncomingMessage) -> None:
        try:
            await self._handle_when_able(message)
        except Exception as error:
            tries = _tries(message) + 1
            parked = tries >= TRIES or isinstance(error, ValidationError)
            log.warning(
                "event_failed",
                event_id=message.message_id,
                exception=type(error).__name__,
                tries=tries,
                parked=parked,
            )
            if parked:
                EVENTS_PARKED.labels(self._service).inc()
            else:
                await asyncio.sleep(min(2.0, 0.05 * 2**tries))
            # reject, not nack: newer brokers count only rejected deliveries.
            await message.reject(requeue=not parked)
        else:
            await message.ack()

    async def _handled(self, batch: list[AbstractIncomingMessage]) -> None:
        events = [_decode(message) for message in batch]
        sent = [_trace_context(message) for message in batch]
        with handling(events, SYSTEM, self._destination, sent):
            await self._handler(events)

    async def _handle_when_able(self, message: AbstractIncomingMessage) -> None:
        failures = 0
        while True:
            try:
                await self._handled([message])
            except _AWAY as error:
                failures += 1
                log.warning(
                    "handler_waits", exception=type(error).__name__, failures=failures
                )
                # Full jitter, base 100 ms, at most 10 s; never give up.
                await asyncio.sleep(random.uniform(0, min(10.0, 0.1 * 2**failures)))
            else:
                return


def _decode(message: AbstractIncomingMessage) -> CloudEvent:
    return CloudEvent.model_validate_json(message.body)


def _trace_context(message: AbstractIncomingMessage) -> str | None:
    header = message.headers.get("traceparent")
    return header if isinstance(header, str) else None


def _tries(message: AbstractIncomingMessage) -> int:
    count = message.headers.get("x-delivery-count", 0)
    return count if isinstance(count, int) else 0
