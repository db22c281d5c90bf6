"""The bus: events leave a service through RabbitMQ, or by HTTP to their subscribers.

`publish` returns only when every event is safe with whoever is responsible next: confirmed
by the broker and routed to a queue, or answered 2xx by each subscribing service.
"""

from collections import defaultdict
from collections.abc import Awaitable, Callable, Sequence
from typing import Protocol

from fraud_shared.contracts.events import CloudEvent
from fraud_shared.mesh.client import ServiceClient
from fraud_shared.mesh.deadline import Deadline
from fraud_shared.state.envelope import Envelope, envelope
from fraud_shared.state.event_spans import publishing_all
from fraud_shared.state.subscriptions import subscribers

__all__ = [
    "Bus",
    "Envelope",
    "EventHandler",
    "HttpBus",
    "Park",
    "Unroutable",
    "envelope",
]

DELIVERY_MS = 5000.0
# Keeps a batch below the consumer's body limit (a decision event is some 10 KB).
HTTP_BATCH_BYTES = 1_500_000


# Returning means durably handled; raising means deliver again.
EventHandler = Callable[[Sequence[CloudEvent]], Awaitable[None]]
# Keeps bytes that cannot be used, with the reason; returning means durable.
Park = Callable[[Envelope, str], Awaitable[None]]


class Unroutable(Exception):
    """Nobody subscribes to this type, so nobody would be responsible for the event."""


class Bus(Protocol):
    """Where a relay sends events."""

    async def publish(self, events: Sequence[Envelope]) -> None:
        """Deliver all, or raise; after raising, all must be published again.

        An event that no service would receive raises too: it was not delivered.
        """

    async def close(self) -> None:
        """Let go of connections."""


class HttpBus:
    """CloudEvents HTTP binding, batched mode, to `POST /v1/events` of each subscriber."""

    def __init__(self, service_client: ServiceClient) -> None:
        self._service_client = service_client

    async def publish(self, events: Sequence[Envelope]) -> None:
        """Deliver to every subscriber, in order."""
        per_service: dict[str, list[Envelope]] = defaultdict(list)
        for event in events:
            for service in subscribers(event.type) or _nobody(event.type):
                per_service[service].append(event)
        for service, addressed in per_service.items():
            for batch in _batches(addressed):
                with publishing_all(batch, "http", service):
                    await self._post(service, batch)

    async def _post(self, service: str, batch: Sequence[Envelope]) -> None:
        await self._service_client.call(
            service,
            "/v1/events",
            b"[" + b",".join(event.body for event in batch) + b"]",
            deadline=Deadline.after(DELIVERY_MS),
            cap_ms=DELIVERY_MS,
        )

    async def close(self) -> None:
        """The client belongs to the service."""


def _nobody(event_type: str) -> list[str]:
    raise Unroutable(event_type)


def _batches(events: list[Envelope]) -> list[list[Envelope]]:
    batches: list[list[Envelope]] = [[]]
    size = 0
    for event in events:
        if size + len(event.body) > HTTP_BATCH_BYTES and batches[-1]:
            batches.append([])
            size = 0
        batches[-1].append(event)
        size += len(event.body)
    return batches
