"""The outermost layer of every service: context in, hot routes, problems and a log line out.

Pure ASGI. Hot routes are answered here, before FastAPI's routing, dependencies and body
parsing, which cost more than the work they would lead to (0.2 ms a request).
"""

import time
from collections.abc import Awaitable, Callable, Mapping
from contextlib import ExitStack
from dataclasses import dataclass
from functools import partial

import structlog
from prometheus_client import Counter, Histogram
from starlette.requests import ClientDisconnect

from fraud_shared.card_number_fields import in_part
from fraud_shared.contracts.card_numbers import masked
from fraud_shared.mesh import deadline as deadlines
from fraud_shared.mesh.spans import Spans
from fraud_shared.mesh.trace import Trace
from fraud_shared.web import (
    body,
    logs,
    number_guard,
    problems,
    replies,
    telemetry,
    tracing,
)
from fraud_shared.web.admission import Admission
from fraud_shared.web.body import ClientLeft, GuardedBody, Message, Receive
from fraud_shared.web.bounded import ARRIVED, EXTENSION
from fraud_shared.web.context import RawResponse, RequestContext, request_id_of
from fraud_shared.web.guard import Guard
from fraud_shared.web.head_refusals import HeadRefusals
from fraud_shared.web.lanes import LaneName, OpenRequests
from fraud_shared.web.replies import Send
from fraud_shared.web.settings import ServiceSettings

Scope = Message
Asgi = Callable[[Scope, Receive, Send], Awaitable[None]]

log = structlog.get_logger()


@dataclass(frozen=True, slots=True)
class HotHandler:
    """What answers a hot route: `guard` on the head, before any byte of the body."""

    guard: Guard
    answer: Callable[[bytes, RequestContext], Awaitable[RawResponse]]
    lane: LaneName = "payments"


class Edge:
    """ASGI middleware, one per service."""

    def __init__(
        self,
        *,
        service: str,
        settings: ServiceSettings,
        hot: Mapping[str, HotHandler],
        limits: Mapping[str, int],
        tracing: tracing.Tracing,
        guard: Guard,
        public: bool = False,
    ) -> None:
        """`guard` is asked before the body of a route behind this edge is read."""
        self._app: Asgi = _nothing_behind
        self._service = service
        self._settings = settings
        self._hot = hot
        self._limits = limits
        self._tracing = tracing
        self._public = public
        self._guard = guard
        self.admission = Admission(service, settings)
        lanes = {path: handler.lane for path, handler in hot.items()}
        self.refusals = HeadRefusals(service, self.admission, lanes)
        self._open = OpenRequests(settings.max_open_per_client)
        self._counted: dict[tuple[str, int], tuple[Histogram, Counter]] = {}

    def behind(self, app: Asgi) -> "Edge":
        """Put the framework behind this edge; it gets what is not hot."""
        self._app = app
        return self

    def is_hot(self, scope: Scope) -> bool:
        """Whether the edge answers this request itself."""
        return (
            scope["type"] == "http"
            and scope["method"] == "POST"
            and scope["path"] in self._hot
        )

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        path: str = scope["path"]
        if path in tracing.UNRECORDED:
            await self._app(scope, receive, send)
            return
        started = time.perf_counter()
        spans = self._tracing.entered(scope)
        context = self._call(dict(scope["headers"]), scope, spans)
        context.address = (scope.get("client") or ("",))[0]
        scope.setdefault("state", {})["context"] = context
        token = logs.CURRENT.set((context.request_id, context.trace.trace_id))
        status = 500
        try:
            if spans is None:
                status = await self._answer(scope, receive, send, context)
            else:
                with spans.current():
                    status = await self._answer(scope, receive, send, context)
        finally:
            elapsed_s = time.perf_counter() - started
            route = self._route(scope, path)
            self._record(route, status, context, elapsed_s)
            if self._public and spans is None:
                name = f"{scope['method']} {route}"
                fields = context.log_fields
                self._tracing.keep(context.trace, name, status, elapsed_s, fields)
            logs.CURRENT.reset(token)

    def _call(
        self, headers: dict[bytes, bytes], scope: Scope, spans: Spans | None
    ) -> RequestContext:
        request_id = request_id_of(headers.get(b"x-request-id", b""))
        trace = self._trace(headers, scope) if spans is None else spans.trace
        arrived = scope.get(ARRIVED)
        raw = headers.get(b"x-deadline-ms")
        limit = deadlines.from_header(
            None if raw is None else raw.decode("latin-1"),
            default_ms=self._settings.default_deadline_ms,
            cap_ms=self._settings.deadline_cap_ms,
        )
        context = RequestContext(request_id, trace, limit, headers)
        if arrived is not None:
            context.arrived = arrived
            waited_ms = (time.monotonic() - arrived) * 1000
            context.deadline = limit.minus(waited_ms)
        return context

    def _trace(self, headers: dict[bytes, bytes], scope: Scope) -> Trace:
        """The trace of a request that has no span here."""
        decided: Trace | None = scope.get(tracing.DECIDED)
        if decided is not None:
            return decided
        given = tracing.usable(headers.get(b"traceparent", b""))
        if given is None:
            return Trace.start(0.0)
        return Trace(given.trace_id, given.span_id, False) if self._public else given

    def _limit(self, path: str) -> int:
        """The largest body of a path: its own, or that of all paths beneath `/match/`."""
        own = self._limits.get(path)
        if own is not None:
            return own
        above = path[: path.rfind("/") + 1]
        return self._limits.get(above, self._settings.max_body_bytes)

    async def _answer(
        self, scope: Scope, receive: Receive, send: Send, context: RequestContext
    ) -> int:
        path = scope["path"]
        limit = self._limit(path)
        started = replies.Started(send, context)
        try:
            number_guard.refuse_in_url(path, scope.get("query_string", b""))
            _check_keys(context)
            body.check_length(context.headers.get(b"content-length", b"0"), limit)
            handler = self._hot.get(path) if scope["method"] == "POST" else None
            if handler is None:
                await self._cold(scope, receive, started, limit, context)
                return started.status
            media = context.headers.get(b"content-type")
            if media is not None and not body.is_json(media.lower()):
                raise problems.UnsupportedMedia
            handler.guard(context)
            _authenticated(scope)
            self.refusals.learn(context)
            answer = await self._hot_answer(handler, scope, receive, limit, context)
        except problems.FraudError as error:
            if started.status:
                raise
            return await self._refuse(send, error, context)
        except (ClientLeft, ClientDisconnect):
            return 499
        except Exception as error:
            log.error("unhandled", exc_info=error)
            if started.status:
                raise
            return await self._refuse(send, problems.FraudError(), context)
        tracing.describe(context.log_fields)
        await replies.reply(send, answer, context)
        return answer.status

    async def _refuse(
        self, send: Send, error: problems.FraudError, context: RequestContext
    ) -> int:
        tracing.describe({"problem": error.type})
        return await replies.refuse(send, error, context)

    async def _hot_answer(
        self,
        handler: HotHandler,
        scope: Scope,
        receive: Receive,
        limit: int,
        context: RequestContext,
    ) -> RawResponse:
        client, admission = context.caller, self.admission
        self._open.enter(client)
        try:
            admission.check(handler.lane, client)
            whole = ARRIVED in scope
            raw = await body.read(receive, limit)
            if not whole:
                self._arrived(context, scope.get(ARRIVED, time.monotonic()))
            with admission.enter(handler.lane, context):
                return await handler.answer(raw, context)
        finally:
            self._open.leave(client)

    def _arrived(self, context: RequestContext, at: float) -> None:
        """A body that took its time is here: the answer's time begins, unless the caller
        has said how long it waits in all."""
        context.arrived = at
        if b"x-deadline-ms" not in context.headers:
            default_s = self._settings.default_deadline_ms / 1000
            context.deadline = deadlines.Deadline(at + default_s)

    async def _cold(
        self,
        scope: Scope,
        receive: Receive,
        send: Send,
        limit: int,
        context: RequestContext,
    ) -> None:
        """Hand over to the framework."""

        def guard() -> None:
            self._guard(context)
            _authenticated(scope)
            self._open.enter(context.caller)
            stack.callback(self._open.leave, context.caller)

        with ExitStack() as stack:
            # Without a body there is nothing to wait for.
            place = self.admission.enter("questions", context)
            announced = body.is_announced(context.headers)
            if not announced:
                stack.enter_context(place)
            media = context.headers.get(b"content-type", b"").lower()
            guarded = GuardedBody(
                receive,
                limit,
                json=body.is_json(media),
                before=guard,
                after=partial(stack.enter_context, place) if announced else _nothing,
            )
            await self._app(scope, guarded, send)
        if context.caller:
            _authenticated(scope)

    def _route(self, scope: Scope, path: str) -> str:
        if path in self._hot:
            return path
        return getattr(scope.get("route"), "path", "unmatched")

    def _record(
        self,
        route: str,
        status: int,
        context: RequestContext,
        elapsed_s: float,
    ) -> None:
        seconds, responses = self._instruments(route, status)
        seconds.observe(elapsed_s)
        responses.inc()
        if context.is_poll and status < 400:
            return
        logs.request(
            {
                "service": self._service,
                "route": route,
                "status": status,
                "elapsed_ms": round(elapsed_s * 1000, 3),
                "caller": masked(context.caller),
                "request_id": context.request_id,
                "trace_id": context.trace.trace_id,
            },
            context.log_fields,
        )

    def _instruments(self, route: str, status: int) -> tuple[Histogram, Counter]:
        """The instruments of a route and status, looked up once."""
        found = self._counted.get((route, status))
        if found is None:
            found = self._counted[route, status] = (
                telemetry.REQUESTS.labels(self._service, route),
                telemetry.RESPONSES.labels(self._service, route, str(status)),
            )
        return found


def _nothing() -> None:
    """The place was taken already."""


async def _nothing_behind(scope: Scope, receive: Receive, send: Send) -> None:
    raise problems.NotFound


def _authenticated(scope: Scope) -> None:
    """Let the connection know that its caller has a good key: it keeps its place."""
    extensions = scope.get("extensions")
    if extensions and (connection := extensions.get(EXTENSION)) is not None:
        connection.authenticated()


def _check_keys(context: RequestContext) -> None:
    key = context.header("idempotency-key")
    if key is not None and in_part(key):
        raise problems.InvalidInput(errors=[("Idempotency-Key", number_guard.PROBLEM)])
