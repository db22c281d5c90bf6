"""Instruments of the web server, and tracing of every service.

Spans are built only for sampled requests, and only
when a standard `OTEL_*` endpoint or exporter is set; otherwise trace context still travels.
"""

import os
import time
from collections.abc import Mapping
from typing import Any

from opentelemetry import trace as otel
from opentelemetry.sdk.resources import Resource
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import BatchSpanProcessor, ConsoleSpanExporter
from opentelemetry.sdk.trace.sampling import ALWAYS_ON
from opentelemetry.trace import NonRecordingSpan, SpanContext, SpanKind, TraceFlags
from prometheus_client import Counter, Gauge, Histogram

from fraud_shared.mesh.metrics import LATENCY_BUCKETS, REGISTRY
from fraud_shared.mesh.trace import Trace

REQUESTS = Histogram(
    "fraud_http_request_duration_seconds",
    "Time to answer a request, by route.",
    ["service", "route"],
    buckets=LATENCY_BUCKETS,
    registry=REGISTRY,
)
RESPONSES = Counter(
    "fraud_http_responses",
    "Responses by route and status.",
    ["service", "route", "status"],
    registry=REGISTRY,
)
IN_FLIGHT = Gauge(
    "fraud_http_requests_in_flight",
    "Requests being answered now.",
    ["service"],
    registry=REGISTRY,
)
ADMISSION_LIMIT = Gauge(
    "fraud_admission_limit",
    "Payments that may be under way at once, as learned from how long they take.",
    ["service"],
    registry=REGISTRY,
)
REFUSED = Counter(
    "fraud_admission_refused",
    "Requests refused because they could not be answered well in their time.",
    ["service", "lane"],
    registry=REGISTRY,
)
LOOP_LAG = Histogram(
    "fraud_loop_lag_seconds",
    "How late the event loop comes to a timer.",
    ["service"],
    buckets=LATENCY_BUCKETS,
    registry=REGISTRY,
)

CONNECTIONS_CLOSED = Counter(
    "fraud_http_connections_closed",
    "Connections that the protocol closed, by reason.",
    ["reason"],
    registry=REGISTRY,
)


class Tracing:
    """Starts spans for sampled requests. `ratio` is the head-sampling share."""

    def __init__(self, service: str, *, provider: TracerProvider | None = None) -> None:
        self._provider = provider or _provider_from_environment(service)
        self._tracer = self._provider.get_tracer("fraud") if self._provider else None
        configured = os.environ.get("OTEL_TRACES_SAMPLER_ARG", "0.01")
        self.ratio = float(configured) if self._tracer else 0.0

    def start(self, name: str, parent: Trace) -> Any:
        """A server span below `parent`, or None when the request is not sampled."""
        if self._tracer is None or not parent.sampled:
            return None
        context = otel.set_span_in_context(
            NonRecordingSpan(
                SpanContext(
                    int(parent.trace_id, 16),
                    int(parent.span_id, 16),
                    is_remote=True,
                    trace_flags=TraceFlags(TraceFlags.SAMPLED),
                )
            )
        )
        return self._tracer.start_span(
            name, context, kind=SpanKind.SERVER, start_time=time.time_ns()
        )

    def shutdown(self) -> None:
        """Send what is buffered."""
        if self._provider is not None:
            self._provider.shutdown()


def finish(span: Any, status: int, fields: Mapping[str, Any] | None) -> None:
    """End a server span with what the collector keeps traces by: the status, and of a
    payment its verdict and whether evidence was missing."""
    span.set_attribute("http.response.status_code", status)
    if fields and "decision" in fields:
        span.set_attribute("fraud.decision", fields["decision"])
        span.set_attribute("fraud.degraded", bool(fields["degraded"]))
    span.end()


def span_trace(span: Any, trace: Trace) -> Trace:
    """`trace` as seen from inside `span`."""
    return trace.at(f"{span.get_span_context().span_id:016x}")


def _provider_from_environment(service: str) -> TracerProvider | None:
    exporter: Any
    if os.environ.get("OTEL_TRACES_EXPORTER") == "console":
        exporter = ConsoleSpanExporter()
    elif os.environ.get("OTEL_EXPORTER_OTLP_ENDPOINT") or os.environ.get(
        "OTEL_EXPORTER_OTLP_TRACES_ENDPOINT"
    ):
        # Optional extra `otlp`: only where traces are collected.
        from opentelemetry.exporter.otlp.proto.http.trace_exporter import (
            OTLPSpanExporter,
        )

        exporter = OTLPSpanExporter()
    else:
        return None
    resource = Resource.create({"service.name": service, "service.namespace": "fraud"})
    # The head already decided; a sampled flag that arrives is obeyed.
    provider = TracerProvider(resource=resource, sampler=ALWAYS_ON)
    provider.add_span_processor(BatchSpanProcessor(exporter))
    return provider
