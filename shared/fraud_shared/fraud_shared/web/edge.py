"""The outermost layer of every service: context in, hot routes, problems and a log line out.

Pure ASGI. Hot routes are answered here, before FastAPI's routing, dependencies and body
parsing, which cost more than the work they would lead to (0.2 ms a request).
"""

import re
import secrets
import time
from collections.abc import Awaitable, Callable, Mapping, MutableMapping
from typing import Any

import structlog
from prometheus_client import Counter, Histogram
from starlette.requests import ClientDisconnect

from fraud_shared.mesh import deadline as deadlines
from fraud_shared.mesh import trace as traces
from fraud_shared.web import logs, problems, strict_json, telemetry
from fraud_shared.web.context import RawResponse, RequestContext
from fraud_shared.web.settings import ServiceSettings

Scope = MutableMapping[str, Any]
Message = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[Message]]
Send = Callable[[Message], Awaitable[None]]
Asgi = Callable[[Scope, Receive, Send], Awaitable[None]]
HotHandler = Callable[[bytes, RequestContext], Awaitable[RawResponse]]

UNLIMITED = frozenset({"/livez", "/readyz", "/health", "/healthz", "/metrics"})
_REQUEST_ID = re.compile(r"[A-Za-z0-9._-]{1,64}")
_UUID = re.compile(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}")
log = structlog.get_logger()


class Edge:
    """ASGI middleware, one per service."""

    def __init__(
        self,
        *,
        service: str,
        settings: ServiceSettings,
        hot: Mapping[str, HotHandler],
        limits: Mapping[str, int],
        tracing: telemetry.Tracing,
        public: bool = False,
    ) -> None:
        self._app: Asgi = _nothing_behind
        self._service = service
        self._settings = settings
        self._hot = hot
        self._limits = limits
        self._tracing = tracing
        self._public = public
        self._in_flight = 0
        self._counted: dict[tuple[str, int], tuple[Histogram, Counter]] = {}
        telemetry.IN_FLIGHT.labels(service).set_function(lambda: self._in_flight)

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
        if path in UNLIMITED:
            await self._app(scope, receive, send)
            return
        started = time.perf_counter()
        context = self._call(dict(scope["headers"]))
        span = self._tracing.start(f"{scope['method']} {path}", context.trace)
        if span is not None:
            context.trace = telemetry.span_trace(span, context.trace)
        scope.setdefault("state", {})["context"] = context
        token = logs.CURRENT.set((context.request_id, context.trace.trace_id))
        self._in_flight += 1
        status = 500
        try:
            if self._in_flight > self._settings.max_in_flight:
                status = await _refuse(send, problems.Overloaded(), context)
            else:
                status = await self._answer(scope, receive, send, context)
        finally:
            self._in_flight -= 1
            self._record(scope, path, status, context, time.perf_counter() - started)
            if span is not None:
                span.set_attribute("http.response.status_code", status)
                span.end()
            logs.CURRENT.reset(token)

    def _call(self, headers: dict[bytes, bytes]) -> RequestContext:
        given = headers.get(b"x-request-id", b"").decode("latin-1")
        request_id = given if _usable(given) else secrets.token_hex(12)
        trace = traces.parse(headers.get(b"traceparent", b"").decode("latin-1"))
        if trace is None or self._public:
            # A caller from outside may join its trace, but not decide our sampling.
            fresh = traces.Trace.start(self._tracing.ratio)
            trace = fresh if trace is None else _resampled(trace, fresh)
        raw = headers.get(b"x-deadline-ms")
        limit = deadlines.from_header(
            None if raw is None else raw.decode("latin-1"),
            default_ms=self._settings.default_deadline_ms,
            cap_ms=self._settings.deadline_cap_ms,
        )
        return RequestContext(request_id, trace, limit, headers)

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
        started = _Started(send, context)
        try:
            _check_length(context.headers.get(b"content-length", b"0"), limit)
            media = context.headers.get(b"content-type", b"").lower()
            handler = self._hot.get(path) if scope["method"] == "POST" else None
            if handler is None:
                body = _Counted(receive, limit, json=_is_json(media))
                await self._app(scope, body, started)
                return started.status
            if b"content-type" in context.headers and not _is_json(media):
                raise problems.UnsupportedMedia
            answer = await handler(await _read(receive, limit), context)
        except problems.FraudError as error:
            if started.status:
                raise
            return await _refuse(send, error, context)
        except (_ClientLeft, ClientDisconnect):
            return 499
        except Exception as error:
            log.error("unhandled", exc_info=error)
            if started.status:
                raise
            return await _refuse(send, problems.FraudError(), context)
        await _reply(send, answer, context)
        return answer.status

    def _record(
        self,
        scope: Scope,
        path: str,
        status: int,
        context: RequestContext,
        elapsed_s: float,
    ) -> None:
        route = path
        if path not in self._hot:
            matched = scope.get("route")
            route = getattr(matched, "path", "unmatched")
        seconds, responses = self._instruments(route, status)
        seconds.observe(elapsed_s)
        responses.inc()
        logs.request(
            {
                "service": self._service,
                "route": route,
                "status": status,
                "elapsed_ms": round(elapsed_s * 1000, 3),
                "caller": logs.masked(context.caller),
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


async def _nothing_behind(scope: Scope, receive: Receive, send: Send) -> None:
    raise problems.NotFound


class _ClientLeft(Exception):
    """The client closed the connection before its request was complete."""


class _Started:
    """Wraps `send` for cold routes: adds the request id and remembers the status."""

    __slots__ = ("_call", "_send", "status")

    def __init__(self, send: Send, context: RequestContext) -> None:
        self._send = send
        self._call = context
        self.status = 0

    async def __call__(self, message: Message) -> None:
        if message["type"] == "http.response.start":
            self.status = message["status"]
            message["headers"] = [
                *message.get("headers", ()),
                (b"x-request-id", self._call.request_id.encode()),
            ]
        await self._send(message)


class _Counted:
    """Wraps `receive` for cold routes: a chunked body is counted as it comes, and JSON is
    held to the same strictness as on the hot ones."""

    __slots__ = ("_json", "_left", "_parts", "_receive")

    def __init__(self, receive: Receive, limit: int, *, json: bool) -> None:
        self._receive = receive
        self._left = limit
        self._json = json
        self._parts: list[bytes] = []

    async def __call__(self) -> Message:
        message = await self._receive()
        chunk = message.get("body", b"")
        self._left -= len(chunk)
        if self._left < 0:
            raise problems.BodyTooLarge
        if self._json and message["type"] == "http.request":
            self._parts.append(chunk)
            if not message.get("more_body") and any(self._parts):
                strict_json.read(b"".join(self._parts))
        return message


async def _read(receive: Receive, limit: int) -> bytes:
    message = await receive()
    if message["type"] == "http.disconnect":
        raise _ClientLeft
    body: bytes = message.get("body", b"")
    if not message.get("more_body"):
        if len(body) > limit:
            raise problems.BodyTooLarge
        return body
    parts = [body]
    size = len(body)
    while message.get("more_body"):
        message = await receive()
        if message["type"] == "http.disconnect":
            raise _ClientLeft
        parts.append(message.get("body", b""))
        size += len(parts[-1])
        if size > limit:
            raise problems.BodyTooLarge
    return b"".join(parts)


async def _reply(send: Send, answer: RawResponse, context: RequestContext) -> None:
    await send(
        {
            "type": "http.response.start",
            "status": answer.status,
            "headers": [
                (b"content-type", answer.media_type),
                (b"content-length", str(len(answer.body)).encode()),
                (b"x-request-id", context.request_id.encode()),
                *answer.headers,
            ],
        }
    )
    await send({"type": "http.response.body", "body": answer.body})


async def _refuse(
    send: Send, error: problems.FraudError, context: RequestContext
) -> int:
    headers = tuple((k.encode(), v.encode()) for k, v in error.headers.items())
    body = problems.body(error, context.request_id)
    media = problems.MEDIA_TYPE.encode()
    await _reply(send, RawResponse(body, error.status, headers, media), context)
    context.log(problem=error.type)
    return error.status


def _resampled(trace: traces.Trace, fresh: traces.Trace) -> traces.Trace:
    return traces.Trace(trace.trace_id, trace.span_id, fresh.sampled)


def _usable(request_id: str) -> bool:
    # A card number sent as a request id would travel the mesh and be logged everywhere.
    return bool(
        _UUID.fullmatch(request_id)
        or (_REQUEST_ID.fullmatch(request_id) and logs.masked(request_id) == request_id)
    )


def _is_json(media: bytes) -> bool:
    return media.startswith(b"application/json") or b"+json" in media


def _check_length(value: bytes, limit: int) -> None:
    if not value.isdigit():
        raise problems.MalformedBody
    if len(value) > 18 or int(value) > limit:
        raise problems.BodyTooLarge
