"""Spans of events on their way, by the semantic conventions of messaging and CloudEvents.

A sampled event has a producer's span below the request that caused it, and at each consumer
a span of being handled; what the handler asks of its store is below that. A `destination` may hold
`{type}`, for the event's.
"""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager, nullcontext
from dataclasses import replace

from fraud_shared.contracts.events import CloudEvent
from fraud_shared.mesh.spans import SpanKind, Spans, remote, together
from fraud_shared.mesh.trace import Trace, parse
from fraud_shared.state.envelope import Envelope


@contextmanager
def publishing(event: Envelope, system: str, destination: str) -> Iterator[Envelope]:
    """Around the publishing of one event; yields it as it goes out, with the producer's
    span as its trace context."""
    spans = _spans("publish", event.traceparent, event.type, system, destination)
    if spans is None:
        yield event
        return
    with spans.current():
        yield replace(event, traceparent=spans.trace.traceparent)


@contextmanager
def publishing_all(
    events: Sequence[Envelope], system: str, destination: str
) -> Iterator[None]:
    """Around the publishing of several events at once."""
    spans = together(
        [
            _spans("publish", e.traceparent, e.type, system, destination)
            for e in events
            if e.traceparent is not None
        ]
    )
    with spans.current() if spans is not None else nullcontext():
        yield


@contextmanager
def handling(
    events: Sequence[CloudEvent],
    system: str,
    destination: str,
    sent: Sequence[str | None] | None = None,
) -> Iterator[None]:
    """Around the handling of a batch. `sent` are the trace contexts that the events came
    with, where those are not the events' own."""
    contexts = sent or [event.traceparent for event in events]
    spans = together(
        [
            _spans("process", context, event.type, system, destination)
            for event, context in zip(events, contexts, strict=True)
            if context is not None
        ]
    )
    with spans.current() if spans is not None else nullcontext():
        yield


def _spans(
    operation: str, context: str | None, kind: str, system: str, destination: str
) -> Spans | None:
    trace: Trace | None = parse(context)
    if trace is None or not trace.sampled:
        return None
    destination = destination.replace("{type}", kind)
    is_sending = operation == "publish"
    return remote(
        [trace],
        f"{operation} {destination}",
        SpanKind.PRODUCER if is_sending else SpanKind.CONSUMER,
        {
            "messaging.system": system,
            "messaging.operation.name": operation,
            "messaging.operation.type": "send" if is_sending else "process",
            "messaging.destination.name": destination,
            "cloudevents.event_type": kind,
        },
    )
