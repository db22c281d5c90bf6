"""uvicorn's HTTP/1.1 protocol with limits on what a sender may hold open or send.

uvicorn has no timeout before the first whole head, none for a body, and no limit on the
size or number of headers with httptools; it appends trailers to the headers of a request
whose body is still being read (decision 0010).
"""

import json
import time
from asyncio import TimerHandle
from typing import Any

from uvicorn.protocols.http.httptools_impl import STATUS_LINE

from fraud_shared.web.coalescing_protocol import CoalescingProtocol
from fraud_shared.web.connections import Connections
from fraud_shared.web.head_refusals import HeadRefusals
from fraud_shared.web.telemetry import CONNECTIONS_CLOSED

# Name under which a request finds its connection in the ASGI scope's extensions.
EXTENSION = "fraud.connection"
# Under which the scope says when the last byte of the request was read (monotonic clock).
ARRIVED = "fraud.arrived"
_IDLE, _HEAD, _BODY = range(3)
# Framing that one body byte may bring: a chunk of one byte is six, and trailers are few.
_FRAMING = 8

# Status, problem type and detail of what the protocol refuses before any handler.
_REFUSALS: dict[str, tuple[int, str]] = {
    "malformed-request": (400, "Send HTTP/1.1 as RFC 9112 defines it."),
    "request-timeout": (408, "Send the whole request in time."),
    "uri-too-long": (414, "The request target exceeds the limit."),
    "head-too-large": (431, "The headers exceed the limit of size, line or number."),
}


class BoundedProtocol(CoalescingProtocol):
    """One connection under `ConnectionLimits`.

    A request that arrives whole, as nearly all do, costs a few comparisons; a timer exists
    only while a head or a body is incomplete.
    """

    def __init__(
        self,
        *,
        connections: Connections,
        refusals: HeadRefusals | None = None,
        **given: Any,
    ) -> None:
        super().__init__(**given)
        self._refusals = refusals
        # The head of the request being read was refused: its body goes nowhere.
        self._refused = False
        self._connections = connections
        self._limits = connections.limits
        self._phase = _IDLE
        self._messages = 0
        self._authenticated = False
        self._refusal = "malformed-request"
        # Of the head being read; of the body as sent, and as it is without framing.
        self._head_bytes = self._raw_bytes = self._body_bytes = self._arrived = 0
        self._timer: TimerHandle | None = None
        self._timed: tuple[int, int] | None = None
        self._write_timer: TimerHandle | None = None

    # The connection

    def connection_made(self, transport: Any) -> None:
        """Count the connection; its first head is due from now on."""
        super().connection_made(transport)
        self._time_phase()
        self._connections.opened(self, self.client[0] if self.client else "")

    def connection_lost(self, exc: Exception | None) -> None:
        """Forget the connection."""
        self._connections.closed(self)
        self._stop_timer()
        self.resume_writing()
        super().connection_lost(exc)

    def authenticated(self) -> None:
        """The request being read has a good key: the connection keeps its place."""
        if not self._authenticated:
            self._authenticated = True
            self._connections.authenticated(self)

    def evict(self) -> None:
        """Close at once, for another connection."""
        self.transport.abort()

    # What arrives

    def data_received(self, data: bytes) -> None:
        """Read what came, no more of it at once than a head may have."""
        if len(data) <= self._limits.max_head_bytes - self._head_bytes:
            self._read(data)
        else:
            self._read_in_parts(data)

    def _read_in_parts(self, data: bytes) -> None:
        start = 0
        while start < len(data) and not self.transport.is_closing():
            size = self._limits.max_head_bytes - self._head_bytes
            self._read(data[start : start + size])
            start += size

    def _read(self, data: bytes) -> None:
        before, messages = self._phase, self._messages
        self._arrived = len(data)
        super().data_received(data)
        if self._phase == _IDLE:
            if self._timer is not None:
                self._head_bytes = 0
                self._stop_timer()
        elif self.transport.is_closing():
            return
        elif self._phase == _HEAD:
            # Of a head that began behind something else, this part is not counted.
            whole = self._messages == messages + (before == _IDLE)
            self._head_bytes = self._head_bytes + len(data) if whole else 0
            if self._head_bytes >= self._limits.max_head_bytes:
                self._refuse("head-too-large")
                return
            self._time_phase()
        else:
            self._head_bytes = 0
            self._raw_bytes += len(data) if before == _BODY else 0
            spare = self._limits.max_head_bytes + _FRAMING * self._body_bytes
            if self._raw_bytes - self._body_bytes > spare:
                self._refuse("malformed-request")
                return
            self._time_phase()

    def on_message_begin(self) -> None:
        """A head begins."""
        super().on_message_begin()
        self._phase = _HEAD
        self._messages += 1

    def on_headers_complete(self) -> None:
        """The head is complete: start the request, or refuse it."""
        limits = self._limits
        if len(self.url) > limits.max_line_bytes:
            self._refusal = "uri-too-long"
            raise _Refused
        if len(self.headers) > limits.max_headers or (
            self._head_bytes + self._arrived > limits.max_line_bytes
            and any(len(n) + len(v) > limits.max_line_bytes for n, v in self.headers)
        ):
            self._refusal = "head-too-large"
            raise _Refused
        if not self._authenticated:
            self.scope["extensions"] = {EXTENSION: self}  # type: ignore[dict-item]
        elif self._refused_by_head():
            return
        super().on_headers_complete()
        # Trailers of a chunked body come by the same call as headers, and would be read as
        # such: they go into a list that nobody reads.
        self.headers = []
        self._phase = _BODY
        self._raw_bytes = self._body_bytes = 0

    def on_body(self, body: bytes) -> None:
        """A part of the body."""
        self._body_bytes += len(body)
        if self._refused:
            return
        super().on_body(body)

    def on_message_complete(self) -> None:
        """The request is complete."""
        self._phase = _IDLE
        if self._refused:
            self._refused = False
            self.on_response_complete()
            return
        scope: dict[str, Any] = self.scope  # type: ignore[assignment]
        scope[ARRIVED] = time.monotonic()
        super().on_message_complete()

    # What is late

    def _time_phase(self) -> None:
        """Let the timer run for the head or body being read, from its beginning."""
        if self._timed == (self._messages, self._phase):
            return
        self._stop_timer()
        self._timed = (self._messages, self._phase)
        limits = self._limits
        is_body = self._phase == _BODY
        seconds = limits.body_timeout_s if is_body else limits.head_timeout_s
        self._timer = self.loop.call_later(seconds, self._late)

    def _stop_timer(self) -> None:
        if self._timer is not None:
            self._timer.cancel()
        self._timer = self._timed = None

    def _late(self) -> None:
        self._timer = self._timed = None
        if self.transport.is_closing():
            return
        if self.flow.read_paused:  # the body waits for us, not we for it
            self._time_phase()
        elif self._phase == _IDLE:
            CONNECTIONS_CLOSED.labels("head_timeout").inc()
            self.transport.close()
        else:
            reason = "body_timeout" if self._phase == _BODY else "head_timeout"
            self._refuse("request-timeout", reason)

    def pause_writing(self) -> None:
        """The reader is slow: it has as long as a sender has for a body."""
        super().pause_writing()
        if self._write_timer is None:
            self._write_timer = self.loop.call_later(
                self._limits.body_timeout_s, self._unread
            )

    def resume_writing(self) -> None:
        """The reader is there again."""
        if self._write_timer is not None:
            self._write_timer.cancel()
            self._write_timer = None
        super().resume_writing()

    def _unread(self) -> None:
        self._write_timer = None
        CONNECTIONS_CLOSED.labels("reply_timeout").inc()
        self.transport.abort()

    # What is refused

    def _refused_by_head(self) -> bool:
        """Answer at once what would not be let in. Not behind an unanswered request, whose
        answer comes first, nor to a caller that leaves after this one."""
        waiting = self.cycle is not None and not self.cycle.response_complete
        if self._refusals is None or waiting or not self.parser.should_keep_alive():
            return False
        method = self.parser.get_method()
        reply = self._refusals.answer(method, self.url, self.headers)
        if reply is None:
            return False
        self._refused = True
        self.headers = []
        self._phase = _BODY
        self._raw_bytes = self._body_bytes = 0
        self.transport.write_whole(reply)  # type: ignore[attr-defined]
        return True

    def send_400_response(self, msg: str) -> None:
        """Refuse what the parser, or a limit, stopped at."""
        self._refuse(self._refusal)

    def _refuse(self, kind: str, reason: str | None = None) -> None:
        CONNECTIONS_CLOSED.labels(reason or kind.replace("-", "_")).inc()
        cycle = self.cycle
        status, detail = _REFUSALS[kind]
        # After a reply has begun, or in place of an earlier one, bytes would be misread.
        # A body that nobody waits for any more was answered already.
        unanswered = cycle is None or cycle.response_complete
        if self._phase == _BODY:
            unanswered = cycle is not None and not cycle.response_started
        if unanswered and not self.pipeline:
            self.transport.write(_problem(status, kind, detail))
        self.transport.close()


class _Refused(Exception):
    """A head is beyond a limit; the parser stops at it."""


def _problem(status: int, kind: str, detail: str) -> bytes:
    title = kind.replace("-", " ").capitalize()
    body = json.dumps(
        {
            "type": f"urn:fraud:problem:{kind}",
            "title": title,
            "status": status,
            "detail": detail,
            "instance": "",
        }
    ).encode()
    return b"".join(
        (
            STATUS_LINE[status],
            b"content-type: application/problem+json\r\n",
            b"content-length: %d\r\n" % len(body),
            b"connection: close\r\n\r\n",
            body,
        )
    )
