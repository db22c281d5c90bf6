"""A service's queue: events are handled in batches, then acknowledged; poison is parked."""

import asyncio
import random
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass

import structlog
from aio_pika.abc import AbstractIncomingMessage, AbstractQueue
from pydantic import ValidationError

from fraud_shared.contracts.events import CloudEvent
from fraud_shared.mesh.errors import DependencyError
from fraud_shared.state.bus import Envelope, EventHandler, Park
from fraud_shared.state.event_spans import handling
from fraud_shared.state.rabbit import (
    CONFIRM_TIMEOUT_S,
    SYSTEM,
    close,
    connected,
    declare,
)
from fraud_shared.state.telemetry import EVENTS_PARKED
from fraud_shared.state.topology import PREFIX, TRIES
from fraud_shared.web.problems import Unavailable

log = structlog.get_logger()
# How many messages are in hand at most; `fraud bench events --sweep` compares.
PREFETCH = 200
RECONNECT_S = 1.0
LINGER_S = 0.02
ENOUGH = 50
# In hand as often as this when a consumer died or failed: it is handled alone.
SUSPECT = 2
# Something the handler needs is away: no fault of the message, which waits for it.
_AWAY = (Unavailable, DependencyError, OSError)


@dataclass(frozen=True, slots=True)
class _Received:
    """A message in hand and the event in it."""

    message: AbstractIncomingMessage
    event: CloudEvent


class RabbitConsumer:
    """Feeds a handler with events, in batches of what is there; acknowledges after it.

    A batch that fails is halved until the poison message is found. That one is tried five
    times and then parked with its bytes and a reason: by `park` where the service keeps
    such messages, else in `fraud.parked.<service>`. One that kills its consumer is parked
    after five deliveries, alone. While a store or service is away, messages wait for it,
    however long: none is parked for that.
    """

    def __init__(
        self,
        url: str,
        *,
        service: str,
        handler: EventHandler,
        park: Park | None = None,
        prefix: str = PREFIX,
        reconnect_s: float = RECONNECT_S,
        prefetch: int = PREFETCH,
    ) -> None:
        self._url = url
        self._prefix = prefix
        self._reconnect_s = reconnect_s
        self._prefetch = prefetch
        self._most = max(1, prefetch // 2)
        self._service = service
        self._handler = handler
        self._park = park
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
        connection = await connected(self._url, CONFIRM_TIMEOUT_S)
        try:
            async with asyncio.timeout(CONFIRM_TIMEOUT_S):
                channel = await connection.channel()
                await channel.set_qos(prefetch_count=self._prefetch)
                await declare(channel, self._prefix)
                queue = await channel.get_queue(f"{self._prefix}.{self._service}")
            log.info("consumer_connected", queue=queue.name)
            await self._suspects(queue)
            await self._drain(queue)
        finally:
            await close(connection)

    async def _suspects(self, queue: AbstractQueue) -> None:
        """Handle one by one what was in hand when consumers died: whatever else is in hand
        when one of them kills this consumer, too, would be counted with it."""
        while True:
            message = await queue.get(fail=False, timeout=CONFIRM_TIMEOUT_S)
            if message is None:
                return
            await self._handle([message])
            if _tries(message) < SUSPECT:
                return

    async def _drain(self, queue: AbstractQueue) -> None:
        waiting: asyncio.Queue[AbstractIncomingMessage] = asyncio.Queue()
        closed = asyncio.Event()
        queue.channel.close_callbacks.add(lambda *_: closed.set())
        await queue.consume(waiting.put)
        ended = asyncio.create_task(closed.wait())
        first: asyncio.Task[AbstractIncomingMessage] | None = None
        try:
            while not closed.is_set():
                first = asyncio.create_task(waiting.get())
                await asyncio.wait((first, ended), return_when="FIRST_COMPLETED")
                if not first.done():
                    return
                batch = [first.result()]
                if waiting.qsize() < ENOUGH:
                    # Nobody waits for a profile: what comes now shares its transaction.
                    await asyncio.sleep(LINGER_S)
                # Half of what may be in hand: the broker sends on meanwhile.
                while not waiting.empty() and len(batch) < self._most:
                    batch.append(waiting.get_nowait())
                await self._handle(batch)
        finally:
            for task in (first, ended):
                if task is not None:
                    task.cancel()

    async def _handle(self, messages: Sequence[AbstractIncomingMessage]) -> None:
        together: list[_Received] = []
        alone: list[_Received] = []
        for message in messages:
            if _tries(message) >= TRIES:
                await self._set_aside(message, "killed_its_consumer")
                continue
            try:
                event = CloudEvent.model_validate_json(message.body)
            except ValidationError:
                await self._set_aside(message, "no_cloud_event")
                continue
            group = together if _tries(message) < SUSPECT else alone
            group.append(_Received(message, event))
        if together:
            await self._handle_batch(together)
        for received in alone:
            await self._handle_one(received)

    async def _handle_batch(self, batch: Sequence[_Received]) -> None:
        if len(batch) == 1:
            await self._handle_one(batch[0])
            return
        try:
            await self._when_able(batch)
        except Exception as error:
            log.warning("batch_failed", exception=type(error).__name__)
            middle = len(batch) // 2
            await self._handle_batch(batch[:middle])
            await self._handle_batch(batch[middle:])
        else:
            # Every earlier message of this channel is settled by now.
            await batch[-1].message.ack(multiple=True)

    async def _handle_one(self, received: _Received) -> None:
        message = received.message
        try:
            await self._when_able([received])
        except Exception as error:
            tries = _tries(message) + 1
            log.warning(
                "event_failed",
                event_id=message.message_id,
                exception=type(error).__name__,
                tries=tries,
            )
            if tries >= TRIES:
                await self._set_aside(message, "cannot_be_handled")
                return
            await asyncio.sleep(min(2.0, 0.05 * 2**tries))
            # reject, not nack: newer brokers count only rejected deliveries.
            await message.reject(requeue=True)
        else:
            await message.ack()

    async def _set_aside(self, message: AbstractIncomingMessage, reason: str) -> None:
        """Park a message that will not be handled."""
        park = self._park
        if park is not None:
            parked = _envelope(message)
            try:
                await _patiently(lambda: park(parked, reason))
            except Exception as error:
                # Refused as it is: then the broker keeps it.
                log.warning("not_parked", exception=type(error).__name__)
            else:
                await message.ack()
                return
        EVENTS_PARKED.labels(self._service).inc()
        log.warning("event_parked", reason=reason, event_id=message.message_id)
        await message.reject(requeue=False)

    async def _when_able(self, batch: Sequence[_Received]) -> None:
        await _patiently(lambda: self._handled(batch))

    async def _handled(self, batch: Sequence[_Received]) -> None:
        events = [received.event for received in batch]
        sent = [_trace_context(received.message) for received in batch]
        with handling(events, SYSTEM, self._destination, sent):
            await self._handler(events)


async def _patiently(work: Callable[[], Awaitable[None]]) -> None:
    """Do `work` once what it needs is there, however long that takes."""
    failures = 0
    while True:
        try:
            await work()
        except _AWAY as error:
            failures += 1
            log.warning(
                "handler_waits", exception=type(error).__name__, failures=failures
            )
            # Full jitter, base 100 ms, at most 10 s; never give up.
            await asyncio.sleep(random.uniform(0, min(10.0, 0.1 * 2**failures)))
        else:
            return


def _envelope(message: AbstractIncomingMessage) -> Envelope:
    return Envelope(
        message.message_id or "",
        message.type or message.routing_key or "",
        message.body,
        _trace_context(message),
    )


def _trace_context(message: AbstractIncomingMessage) -> str | None:
    header = message.headers.get("traceparent")
    return header if isinstance(header, str) else None


def _tries(message: AbstractIncomingMessage) -> int:
    count = message.headers.get("x-delivery-count", 0)
    return count if isinstance(count, int) else 0
