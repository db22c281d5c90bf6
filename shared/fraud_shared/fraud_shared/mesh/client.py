"""The one way to call another service.

It carries the deadline, trace context, request id and service token; keeps a breaker and a
bulkhead per dependency; and tries a second time only when no byte reached a handler.
"""

import asyncio
import time
from typing import Protocol

from fraud_shared.mesh.breaker import Breaker
from fraud_shared.mesh.deadline import Deadline
from fraud_shared.mesh.errors import (
    DependencyError,
    DependencyFailed,
    DependencyRefused,
    DependencyTimeout,
    DependencyUnreachable,
)
from fraud_shared.mesh.telemetry import BREAKER_OPEN, CALLS
from fraud_shared.mesh.tokens import TokenIssuer
from fraud_shared.mesh.trace import Trace
from fraud_shared.mesh.transport import Transport

RETRY_NEEDS_MS = 25.0
BULKHEAD = 64


class CallContext(Protocol):
    """What a request brings along to the calls made on its behalf."""

    @property
    def request_id(self) -> str:
        """The request id."""

    @property
    def trace(self) -> Trace:
        """Where in which trace the call is made."""


class _Dependency:
    """One service's breaker and bulkhead, and its instruments looked up once."""

    def __init__(self, service: str) -> None:
        self.breaker = Breaker(time.monotonic)
        self.under_way = 0
        self.answered = CALLS.labels(service, "ok")
        self._gauge = BREAKER_OPEN.labels(service)
        self._open = False

    def judge(self, *, failed: bool) -> None:
        """Tell the breaker how a call ended, and the gauge when that changed it."""
        if failed:
            self.breaker.failed()
        else:
            self.breaker.succeeded()
        is_open = self.breaker.state != "closed"
        if is_open != self._open:
            self._open = is_open
            self._gauge.set(is_open)


class ServiceClient:
    """Calls services by name. One per process; `close()` it at the end."""

    def __init__(self, transport: Transport, tokens: TokenIssuer) -> None:
        self._transport = transport
        self._tokens = tokens
        self._dependencies: dict[str, _Dependency] = {}

    def isolated(self) -> "ServiceClient":
        """Another door onto the same services with breakers and bulkheads of its own: for
        questions that must not count against payments, nor be refused for their sake.
        The transport belongs to this one."""
        return ServiceClient(self._transport, self._tokens)

    def breaker(self, service: str) -> Breaker:
        """The breaker of `service`."""
        return self._dependency(service).breaker

    async def call(
        self,
        service: str,
        path: str,
        body: bytes,
        *,
        deadline: Deadline,
        cap_ms: float,
        context: CallContext | None = None,
    ) -> bytes:
        """POST `body` and return the body of a 200.

        Raises DependencyError (see `mesh.errors`). The callee gets
        `min(cap_ms, remaining)` and is told so.
        """
        dependency = self._dependency(service)
        limit = deadline.capped(cap_ms)
        if limit.expired:
            raise _counted(DependencyRefused(service, kind="spent"))
        # Before the breaker: a refused call must not use up the one probe.
        if dependency.under_way >= BULKHEAD:
            raise _counted(DependencyRefused(service, kind="full"))
        if not dependency.breaker.allow():
            raise _counted(DependencyRefused(service, kind="open"))
        probe = dependency.breaker.state == "half_open"
        dependency.under_way += 1
        try:
            status, reply = await self._attempts(service, path, body, limit, context)
        except DependencyError as error:
            dependency.judge(failed=True)
            raise _counted(error) from None
        except asyncio.CancelledError:
            # Our own caller left: this says nothing about the dependency.
            if probe:
                dependency.breaker.abandoned()
            raise
        finally:
            dependency.under_way -= 1
        dependency.judge(failed=status >= 500)
        if status not in (200, 204):
            raise _counted(DependencyFailed(service, status, reply))
        dependency.answered.inc()
        return reply

    async def get(
        self,
        service: str,
        path: str,
        *,
        deadline: Deadline,
        context: CallContext | None = None,
    ) -> bytes:
        """GET `path` and return the body of a 200. Raises DependencyError."""
        if deadline.expired:
            raise _counted(DependencyRefused(service, kind="spent"))
        headers = self._headers(service, deadline, context)
        status, reply = await self._transport.get(
            service, path, headers, deadline.remaining_ms() / 1000
        )
        if status != 200:
            raise DependencyFailed(service, status, reply)
        return reply

    async def close(self) -> None:
        """Close the transport."""
        await self._transport.close()

    async def _attempts(
        self,
        service: str,
        path: str,
        body: bytes,
        limit: Deadline,
        context: CallContext | None,
    ) -> tuple[int, bytes]:
        headers = self._headers(service, limit, context)
        try:
            return await self._once(service, path, body, headers, limit)
        except DependencyUnreachable:
            if limit.remaining_ms() < RETRY_NEEDS_MS:
                raise
        headers = self._headers(service, limit, context)
        return await self._once(service, path, body, headers, limit)

    async def _once(
        self,
        service: str,
        path: str,
        body: bytes,
        headers: dict[str, str],
        limit: Deadline,
    ) -> tuple[int, bytes]:
        remaining_s = limit.remaining_ms() / 1000
        if remaining_s <= 0:
            raise DependencyTimeout(service)
        return await self._transport.send(service, path, body, headers, remaining_s)

    def _headers(
        self, service: str, limit: Deadline, context: CallContext | None
    ) -> dict[str, str]:
        headers = {
            "content-type": "application/json",
            "authorization": self._tokens.bearer(service),
            "x-deadline-ms": f"{limit.remaining_ms():.1f}",
        }
        if context is not None:
            headers["x-request-id"] = context.request_id
            headers["traceparent"] = context.trace.traceparent
        return headers

    def _dependency(self, service: str) -> _Dependency:
        dependency = self._dependencies.get(service)
        if dependency is None:
            dependency = self._dependencies[service] = _Dependency(service)
        return dependency


def _counted(error: DependencyError) -> DependencyError:
    CALLS.labels(error.service, error.kind).inc()
    return error
