"""An event on its way: its bytes, and what a bus must know of it."""

from dataclasses import dataclass

from fraud_shared.contracts.events import CloudEvent


@dataclass(frozen=True, slots=True)
class Envelope:
    """A serialised CloudEvent on its way."""

    event_id: str
    type: str
    body: bytes
    traceparent: str | None = None


def envelope(event: CloudEvent) -> Envelope:
    """The event, serialised; absent attributes are left out, data is kept whole."""
    absent = {"traceparent"} if event.traceparent is None else None
    body = event.model_dump_json(exclude=absent).encode()
    return Envelope(event.id, event.type, body, event.traceparent)
