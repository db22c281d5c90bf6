"""Spans of what a sampled request waits for, by the semantic conventions of OpenTelemetry.

A request that is not sampled has no `CURRENT`, and one look at that is all it pays. What is
done together for several sampled requests has a span in the trace of each; those of the
others link to the first's.
"""

import asyncio
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from contextvars import ContextVar

from opentelemetry.context import Context
from opentelemetry.trace import (
    Link,
    NonRecordingSpan,
    Span,
    SpanContext,
    SpanKind,
    StatusCode,
    TraceFlags,
    Tracer,
    set_span_in_context,
)
from opentelemetry.trace.propagation.tracecontext import TraceContextTextMapPropagator

from fraud_shared.mesh.trace import Trace

__all__ = ["CURRENT", "TRACER", "SpanKind", "Spans", "remote", "together"]

Attributes = Mapping[str, str | int | bool | float]
_W3C = TraceContextTextMapPropagator()
_NONE = Context()


class Spans:
    """The spans of one thing under way, one for each trace that waits for it."""

    __slots__ = ("spans", "tracer")

    def __init__(self, tracer: Tracer, spans: Sequence[Span]) -> None:
        """`tracer` is that of the service which works; `spans` are never none."""
        self.tracer = tracer
        self.spans = spans

    @property
    def trace(self) -> Trace:
        """Where the first of them is in its trace."""
        context = self.spans[0].get_span_context()
        return Trace(f"{context.trace_id:032x}", f"{context.span_id:016x}", True)

    def start(self, name: str, kind: SpanKind, attributes: Attributes) -> "Spans":
        """Spans below these, one in each trace. The caller ends them."""
        parents = {span.get_span_context().trace_id: span for span in self.spans}
        return _start(self.tracer, list(parents.values()), name, kind, attributes)

    @contextmanager
    def inside(
        self, name: str, kind: SpanKind, attributes: Attributes
    ) -> Iterator["Spans"]:
        """Spans below these around a block; an exception is named and passed on."""
        with self.start(name, kind, attributes).current() as begun:
            yield begun

    @contextmanager
    def current(self) -> Iterator["Spans"]:
        """Make these what the block's own calls are below, and end them with it."""
        token = CURRENT.set(self)
        try:
            yield self
        except asyncio.CancelledError:
            self.note({"error.type": "cancelled"})
            raise
        except Exception as error:
            # Its class alone: a message may name whom the request is about.
            self.fail(getattr(error, "kind", "") or type(error).__name__)
            raise
        finally:
            CURRENT.reset(token)
            self.end()

    def note(self, attributes: Attributes) -> None:
        """Add attributes to all of them."""
        for span in self.spans:
            span.set_attributes(dict(attributes))

    def rename(self, name: str) -> None:
        """Give all of them a name that is only known now."""
        for span in self.spans:
            span.update_name(name)

    def fail(self, error_type: str) -> None:
        """Mark all of them as failed."""
        for span in self.spans:
            span.set_attribute("error.type", error_type)
            span.set_status(StatusCode.ERROR)

    def end(self) -> None:
        """End all that have not ended."""
        for span in self.spans:
            if span.is_recording():
                span.end()

    def headers(self) -> dict[str, str]:
        """The trace context of the first, for a message that leaves the process."""
        carrier: dict[str, str] = {}
        _W3C.inject(carrier, set_span_in_context(self.spans[0], _NONE))
        return carrier


# The spans of the request, message or batch that is worked on; None when not sampled.
CURRENT: ContextVar[Spans | None] = ContextVar("fraud_spans", default=None)
# What makes the spans of a service's work in the background; None when it makes none.
TRACER: ContextVar[Tracer | None] = ContextVar("fraud_tracer", default=None)


def together(several: Sequence[Spans | None]) -> Spans | None:
    """What one piece of work for several requests is below; None when none is sampled."""
    sampled = [each for each in several if each is not None]
    if len(sampled) < 2:
        return sampled[0] if sampled else None
    return Spans(sampled[0].tracer, [s for each in sampled for s in each.spans])


def remote(
    parents: Sequence[Trace],
    name: str,
    kind: SpanKind,
    attributes: Attributes,
) -> Spans | None:
    """Spans below those of other processes, one for each of `parents`; None when none of
    them is sampled, or this service makes no spans."""
    current = CURRENT.get()
    tracer = current.tracer if current is not None else TRACER.get()
    if tracer is None:
        return None
    spans = [NonRecordingSpan(_context(parent)) for parent in parents if parent.sampled]
    return _start(tracer, spans, name, kind, attributes) if spans else None


def _start(
    tracer: Tracer,
    parents: Sequence[Span],
    name: str,
    kind: SpanKind,
    attributes: Attributes,
) -> Spans:
    begun: list[Span] = []
    for parent in parents:
        links = [Link(begun[0].get_span_context())] if begun else None
        context = set_span_in_context(parent, _NONE)
        begun.append(
            tracer.start_span(name, context, kind, attributes=attributes, links=links)
        )
    return Spans(tracer, begun)


def _context(trace: Trace) -> SpanContext:
    return SpanContext(
        int(trace.trace_id, 16),
        int(trace.span_id, 16),
        is_remote=True,
        trace_flags=TraceFlags(TraceFlags.SAMPLED),
    )
