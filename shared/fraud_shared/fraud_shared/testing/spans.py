"""Spans of a test's own, collected in memory."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field

from opentelemetry.sdk.trace import ReadableSpan
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter

from fraud_shared.mesh.spans import SpanKind, Spans
from fraud_shared.web.tracing import Tracing


@dataclass
class Collected:
    """A service's tracing, and what it exported."""

    exporter: InMemorySpanExporter = field(default_factory=InMemorySpanExporter)
    tracing: Tracing = field(init=False)

    def __post_init__(self) -> None:
        self.tracing = Tracing("kit", to=[self.exporter])

    def named(self, name: str) -> list[ReadableSpan]:
        """The ended spans of a name."""
        return [s for s in self.exporter.get_finished_spans() if s.name == name]

    def request(self) -> Spans:
        """The span of a sampled request, not yet ended."""
        assert self.tracing.tracer is not None
        span = self.tracing.tracer.start_span("request", kind=SpanKind.SERVER)
        return Spans(self.tracing.tracer, [span])

    @contextmanager
    def sampled(self) -> Iterator[Spans]:
        """As inside a sampled request."""
        with self.request().current() as spans:
            yield spans
