"""Which requests are sampled, and their server spans.

A sampled request passes the stock FastAPI instrumentation, which makes its server span. Any
other only copies trace context; at the gateway one that failed, was slow, declined or
degraded is made a span of afterwards, so that none of those is without a trace.
"""

import os
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, contextmanager, nullcontext
from contextvars import ContextVar
from typing import Any

import structlog
from fastapi import FastAPI
from opentelemetry import trace as otel
from opentelemetry.context import Context, attach, detach
from opentelemetry.sdk.trace.export import SpanExporter
from opentelemetry.sdk.trace.id_generator import RandomIdGenerator
from opentelemetry.trace import Span, Tracer

from fraud_shared.card_number_fields import in_part
from fraud_shared.mesh import trace as traces
from fraud_shared.mesh.spans import CURRENT, SpanKind, Spans
from fraud_shared.mesh.trace import Trace
from fraud_shared.web import span_export

log = structlog.get_logger()
# Where the edge finds the trace that was decided on for a request.
DECIDED = "fraud.trace"
UNRECORDED = frozenset({"/livez", "/readyz", "/health", "/healthz", "/metrics"})
# Polls of other processes have a context, and are never sampled.
POLLED = frozenset({"/v1/jobs/claim", "/v1/rulesets/in-force", "/v1/policies/in-force"})
# Spans made afterwards, a second: what is wrong with all requests shows in a few.
KEPT_PER_S = 10
SLOW_MS = 100.0
DEFAULT_RATIO = 0.01
_REDACTED = "REDACTED"
_SECRET = ["authorization", "cookie", "set-cookie", ".*key.*", ".*token.*"]
_SAMPLERS = {
    # Name: does it follow the caller's decision, and the ratio where that is fixed.
    "always_on": (False, 1.0),
    "always_off": (False, 0.0),
    "traceidratio": (False, None),
    "parentbased_always_on": (True, 1.0),
    "parentbased_always_off": (True, 0.0),
    "parentbased_traceidratio": (True, None),
}
_GIVEN: ContextVar[Trace | None] = ContextVar("fraud_given_ids", default=None)


class _DecidedIds(RandomIdGenerator):
    """Root spans get the ids on which it was decided that they are sampled."""

    def generate_trace_id(self) -> int:
        given = _GIVEN.get()
        return super().generate_trace_id() if given is None else int(given.trace_id, 16)

    def generate_span_id(self) -> int:
        given = _GIVEN.get()
        if given is None:
            return super().generate_span_id()
        _GIVEN.set(None)
        return int(given.span_id, 16)


class Tracing:
    """Decides, and makes server spans. `ratio` is the head-sampling share; 0 when off."""

    def __init__(
        self, service: str, *, to: Sequence[SpanExporter] | None = None
    ) -> None:
        """`to` is given by tests, else by the environment."""
        found = span_export.exporters(service) if to is None else to
        self._provider = (
            span_export.provider(service, found, _DecidedIds(), at_once=to is not None)
            if found
            else None
        )
        self.tracer: Tracer | None = None
        self.ratio = 0.0
        self._follows = True
        self._kept_in = (0, 0)
        if self._provider is not None:
            self.tracer = self._provider.get_tracer("fraud")
            self._follows, self.ratio = _sampler()

    def instrument(self, app: FastAPI) -> None:
        """Put the stock instrumentation around an app, where spans are built at all."""
        if self._provider is None:
            return
        os.environ.setdefault("OTEL_SEMCONV_STABILITY_OPT_IN", "http")
        # Imported by those who trace: it takes 60 ms.
        from opentelemetry.instrumentation.fastapi import FastAPIInstrumentor

        FastAPIInstrumentor.instrument_app(
            app,
            server_request_hook=_redact,
            tracer_provider=self._provider,
            excluded_urls="",
            http_capture_headers_sanitize_fields=_SECRET,
            exclude_spans=["receive", "send"],
        )

    def samples(self, scope: dict[str, Any], *, public: bool) -> bool:
        """Whether this request is sampled; the scope then carries the decision, and the
        trace context that the instrumentation is to read.

        `public`: a caller from outside may join its trace, but not decide our sampling.
        """
        if self.tracer is None or scope["type"] != "http":
            return False
        if scope["path"] in UNRECORDED:
            return False
        if scope["path"] in POLLED:
            scope[DECIDED] = Trace.start(0.0)
            return False
        given = None
        for name, value in scope["headers"]:
            if name == b"traceparent":
                given = usable(value)
        scope[DECIDED] = trace = self._decided(given, public)
        if trace.sampled:
            _set_context(scope, None if given is None else trace, public=public)
            _GIVEN.set(trace if given is None else None)
        return trace.sampled

    def _decided(self, given: Trace | None, public: bool) -> Trace:
        if given is not None and not public:
            if self._follows:
                return given
            sampled = given.chosen(self.ratio)
            return Trace(given.trace_id, given.span_id, sampled)
        fresh = Trace.start(self.ratio)
        if given is None:
            return fresh
        # The trace id of somebody outside is no chance: it could be made to be sampled.
        span_id = given.span_id if fresh.sampled else fresh.span_id
        return Trace(given.trace_id, span_id, fresh.sampled)

    @contextmanager
    def recorded(self) -> Iterator[None]:
        """Around a request that is sampled. In one process its caller's span is current
        here, and the instrumentation would take it for its own service's."""
        token = attach(Context())
        try:
            yield
        finally:
            detach(token)

    def unrecorded(self) -> AbstractContextManager[None]:
        """Around a request that is not sampled and passes the instrumented app."""
        if self._provider is None:
            return nullcontext()
        from opentelemetry.instrumentation.utils import suppress_http_instrumentation

        return suppress_http_instrumentation()

    def entered(self, scope: Mapping[str, Any]) -> Spans | None:
        """The server span that the instrumentation made of this request, if it did."""
        trace = scope.get(DECIDED)
        if self.tracer is None or trace is None or not trace.sampled:
            return None
        return Spans(self.tracer, [otel.get_current_span()])

    def keep(
        self,
        trace: Trace,
        name: str,
        status: int,
        elapsed_s: float,
        fields: Mapping[str, Any] | None,
    ) -> None:
        """Make a span of a request that was not sampled, if it ought to be seen: it
        failed, its payment was declined or degraded, or it took long. `fields` are those
        of its log line."""
        reason = reason_to_keep(status, elapsed_s * 1000, fields)
        if self.tracer is None or reason is None or not self._room():
            return
        ended = time.time_ns()
        method, _, route = name.partition(" ")
        _GIVEN.set(trace)
        span = self.tracer.start_span(
            name,
            Context(),
            SpanKind.SERVER,
            {
                "http.request.method": method,
                "http.route": route,
                "url.path": route,
                "http.response.status_code": status,
                "fraud.kept": reason,
            },
            start_time=ended - int(elapsed_s * 1e9),
        )
        spans = Spans(self.tracer, [span])
        spans.note(described(fields))
        if status >= 500:
            spans.fail(str(status))
        span.end(ended)

    def _room(self) -> bool:
        second, count = int(time.monotonic()), 0
        if self._kept_in[0] == second:
            count = self._kept_in[1]
        self._kept_in = (second, count + 1)
        return count < KEPT_PER_S

    def shutdown(self) -> None:
        """Send what is buffered."""
        if self._provider is not None:
            self._provider.shutdown()


def usable(header: bytes) -> Trace | None:
    """The trace of a `traceparent` header, unless an id in it may be a card number."""
    trace = traces.parse(header.decode("latin-1"))
    return None if trace is not None and in_part(trace.trace_id) else trace


def reason_to_keep(
    status: int, elapsed_ms: float, fields: Mapping[str, Any] | None
) -> str | None:
    """Why a request ought to have a trace whatever was sampled, or None."""
    if status >= 500:
        return "error"
    if fields is None or "decision" not in fields:
        return None
    if fields["degraded"]:
        return "degraded"
    if fields["decision"] == "DECLINE":
        return "declined"
    return "slow" if elapsed_ms > SLOW_MS else None


def described(fields: Mapping[str, Any] | None) -> dict[str, Any]:
    """What a span says of its payment: the verdict, whether evidence was missing, and the
    milliseconds of each stage."""
    if not fields:
        return {}
    found: dict[str, Any] = {}
    if "decision" in fields:
        found["fraud.decision"] = fields["decision"]
        found["fraud.degraded"] = bool(fields["degraded"])
    if "problem" in fields:
        found["fraud.problem"] = fields["problem"]
    for stage, ms in fields.get("stages_ms", {}).items():
        found[f"fraud.stage.{stage}.ms"] = ms
    return found


def describe(fields: Mapping[str, Any] | None) -> None:
    """Say it on the server span of the request that is answered now, before its reply:
    the span ends with that."""
    spans = CURRENT.get()
    if spans is not None:
        spans.note(described(fields))


def _sampler() -> tuple[bool, float]:
    """As OTEL_TRACES_SAMPLER and _ARG say; what they do not say well is the default."""
    name = os.environ.get("OTEL_TRACES_SAMPLER") or "parentbased_traceidratio"
    argument = os.environ.get("OTEL_TRACES_SAMPLER_ARG") or str(DEFAULT_RATIO)
    if name not in _SAMPLERS:
        log.warning("unknown_sampler", sampler=name)
        name = "parentbased_traceidratio"
    follows, ratio = _SAMPLERS[name]
    if ratio is None:
        try:
            ratio = min(max(float(argument), 0.0), 1.0)
        except ValueError:
            log.warning("unknown_sampling_ratio", ratio=argument)
            ratio = DEFAULT_RATIO
    return follows, ratio


def _set_context(scope: dict[str, Any], trace: Trace | None, *, public: bool) -> None:
    """What the instrumentation reads: our decision, and of an outsider's context no more
    than the ids."""
    dropped = {b"traceparent", b"tracestate"} if public else {b"traceparent"}
    kept = [pair for pair in scope["headers"] if pair[0] not in dropped]
    if trace is not None:
        kept.append((b"traceparent", trace.traceparent.encode()))
    scope["headers"] = kept


def _redact(span: Span, scope: dict[str, Any]) -> None:
    """The instrumentation's span without what may name an account or a person."""
    attributes: Mapping[str, Any] = getattr(span, "attributes", None) or {}
    span.set_attribute("url.path", attributes.get("http.route", "unmatched"))
    for name in ("url.query", "client.address", "network.peer.address"):
        if name in attributes:
            span.set_attribute(name, _REDACTED)
