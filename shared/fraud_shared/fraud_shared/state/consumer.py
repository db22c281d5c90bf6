"""How events come in: from the broker, or as CloudEvents batches over HTTP."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from fraud_shared.contracts.events import CloudEvent
from fraud_shared.state.bus import EventHandler, Park
from fraud_shared.state.event_spans import handling
from fraud_shared.web.context import RawResponse, RequestContext
from fraud_shared.web.service import HotRoute

EVENTS = "/v1/events"
# A batch of 200 decisions is some 2 MB; only other services can reach this route.
MAX_BATCH_BYTES = 4 * 1024 * 1024


def events_route(handler: EventHandler) -> HotRoute:
    """`POST /v1/events`: 204 once every event of the batch is durably handled."""

    async def accept(events: list[CloudEvent], _: RequestContext) -> RawResponse:
        """CloudEvents 1.0, JSON batch format. A repeat of an event id changes nothing."""
        with handling(events, "http", EVENTS):
            await handler(events)
        return RawResponse(b"", 204)

    return HotRoute(
        EVENTS,
        request=list[CloudEvent],
        response=None,
        handler=accept,
        operation_id="acceptEvents",
        summary="Accept a batch of CloudEvents",
        max_body_bytes=MAX_BATCH_BYTES,
        tags=("events",),
    )


@asynccontextmanager
async def consuming(
    amqp_url: str, *, service: str, handler: EventHandler, park: Park | None = None
) -> AsyncIterator[None]:
    """Consume from RabbitMQ while inside, when there is one; HTTP needs nothing.

    `park` keeps what cannot be used; without it the broker does.
    """
    if not amqp_url:
        yield
        return
    from fraud_shared.state.rabbit_consumer import RabbitConsumer

    consumer = RabbitConsumer(amqp_url, service=service, handler=handler, park=park)
    async with consumer.running():
        yield
