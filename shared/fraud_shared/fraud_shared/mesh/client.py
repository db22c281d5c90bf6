"""The one way to call another service.

It carries the deadline, trace context, request id and service token; keeps a breaker and a
bulkhead per address of a dependency, and spreads calls over the addresses; tries a second
time only when no byte reached a handler; and sends a call that is idempotent to a second
address when the first is silent for longer than most answers take.
"""

import asyncio
import time
from collections.abc import Awaitable, Coroutine, Mapping
from typing import Any

from fraud_shared.mesh.breaker import Breaker
from fraud_shared.mesh.deadline import Deadline
from fraud_shared.mesh.dependency import (
    CallContext,
    Dependency,
    Reply,
    Request,
    error_of,
    first_answer,
    hedge_replica,
    is_overload,
    other_replica,
)
from fraud_shared.mesh.errors import (
    DependencyError,
    DependencyFailed,
    DependencyOverloaded,
    DependencyRefused,
    DependencyTimeout,
    DependencyUnreachable,
)
from fraud_shared.mesh.metrics import (
    CALLS,
    HEDGES,
)
from fraud_shared.mesh.replicas import BULKHEAD, Replica
from fraud_shared.mesh.tokens import Actor, TokenIssuer
from fraud_shared.mesh.traced import TracedTransport
from fraud_shared.mesh.transport import Transport
from fraud_shared.mesh.typed import TypedCalls

__all__ = ["BULKHEAD", "CallContext", "ServiceClient"]

RETRY_NEEDS_MS = 25.0
PROBE_MS = 250.0


class ServiceClient(TypedCalls):
    """Calls services by name. One per process; `close()` it at the end."""

    def __init__(self, transport: Transport, tokens: TokenIssuer) -> None:
        self._bare = transport
        self._transport = TracedTransport(transport)
        self._tokens = tokens
        self._dependencies: dict[str, Dependency] = {}
        # Attempts that nobody waits for any more: probes, and hedges that came second.
        self._unawaited: set[asyncio.Task[Reply]] = set()

    def isolated(self) -> "ServiceClient":
        """Another door onto the same services with breakers and bulkheads of its own: for
        questions that must not count against payments, nor be refused for their sake.
        The transport belongs to this one."""
        service_client = ServiceClient(self._bare, self._tokens)
        service_client._unawaited = self._unawaited
        return service_client

    def breaker(self, service: str, address: int = 0) -> Breaker:
        """The breaker of one address of `service`."""
        return self._dependency(service).replicas[address].breaker

    async def call(
        self,
        service: str,
        path: str,
        body: bytes,
        *,
        deadline: Deadline,
        cap_ms: float,
        context: CallContext | None = None,
        idempotent: bool = False,
    ) -> bytes:
        """POST `body` and return the body of a 200.

        `idempotent`: handling it twice changes nothing, so it may be sent to a second
        address while the first is silent, and after the first broke. Raises
        DependencyError (see `mesh.errors`). The callee gets `min(cap_ms, remaining)` and
        is told so.
        """
        dependency = self._dependency(service)
        dependency.budget.called()
        limit = deadline.capped(cap_ms)
        if limit.expired:
            raise _counted(DependencyRefused(service, kind="spent"))
        request = Request(service, path, body, limit, context, idempotent)
        try:
            replica = dependency.pick()
            if dependency.several:
                status, reply = await self._balanced(dependency, replica, request)
            else:
                status, reply = await self._attempt(dependency, replica, request)
        except DependencyError as error:
            if context is not None and isinstance(error, DependencyOverloaded):
                context.overloaded = True
            raise _counted(error) from None
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
        address = self._dependency(service).replicas.any_alive().index
        headers = self._headers(service, deadline, context)
        status, reply = await self._transport.get(
            service, path, headers, deadline.remaining_ms() / 1000, address=address
        )
        if status != 200:
            raise DependencyFailed(service, status, reply)
        return reply

    async def forward(
        self,
        service: str,
        method: str,
        path: str,
        body: bytes,
        *,
        deadline: Deadline,
        headers: Mapping[str, str],
        context: CallContext | None = None,
        actor: Actor | None = None,
    ) -> Reply:
        """Send any request on behalf of `actor`; returns status and body, whatever the
        status is.

        For questions of people, off the payment's path. `headers` (`accept`,
        `content-type`) go besides the client's own. Another address is tried only when the
        first cannot have read the request. Raises DependencyError.
        """
        if deadline.expired:
            raise _counted(DependencyRefused(service, kind="spent"))
        dependency = self._dependency(service)
        own = {**headers, **self._headers(service, deadline, context, actor)}
        own["content-type"] = headers.get("content-type", own["content-type"])

        async def attempt(replica: Replica) -> Reply:
            answer = self._transport.send(
                service,
                path,
                body,
                own,
                deadline.remaining_ms() / 1000,
                address=replica.index,
                method=method,
            )
            return await self._judged(dependency, replica, answer)

        first = dependency.pick()
        try:
            return await attempt(first)
        except DependencyUnreachable:
            if not dependency.several or deadline.expired:
                raise
        return await attempt(dependency.pick(excluding=first))

    async def close(self) -> None:
        """Close the transport."""
        for task in self._unawaited:
            task.cancel()
        await asyncio.gather(*self._unawaited, return_exceptions=True)
        await self._transport.close()

    async def _balanced(
        self, dependency: Dependency, first: Replica, request: Request
    ) -> Reply:
        """An attempt at one of several addresses, and at most one more at another."""
        probed = dependency.replicas.due_probe(excluding=first)
        if probed is not None:
            self._spawn(self._probe(dependency, probed, request))
        if request.idempotent:
            return await self._hedged(dependency, first, request)
        try:
            return await self._attempt(dependency, first, request)
        except (DependencyUnreachable, DependencyOverloaded) as error:
            busy = isinstance(error, DependencyOverloaded)
            if busy and not dependency.budget.take():
                raise
            other = other_replica(dependency, first, request)
            if other is None:
                raise
        return await self._attempt(dependency, other, request)

    async def _hedged(
        self, dependency: Dependency, first: Replica, request: Request
    ) -> Reply:
        """The first answer of `first` and, once that has been silent for the hedge delay
        or has failed without an answer, of another address."""
        tasks = [self._spawn(self._attempt(dependency, first, request))]
        try:
            delay_ms = dependency.delay.ms(request.limit.remaining_ms())
            await asyncio.wait(tasks, timeout=delay_ms / 1000)
            if tasks[0].done() and error_of(tasks[0]) is None:
                return tasks[0].result()
            other = hedge_replica(dependency, first, request, tasks[0])
            if other is not None:
                tasks.append(self._spawn(self._attempt(dependency, other, request)))
            winner = await first_answer(tasks)
        except asyncio.CancelledError:
            for task in tasks:
                task.cancel()
            raise
        if len(tasks) == 2:
            won = winner is tasks[1] and error_of(winner) is None
            HEDGES.labels(dependency.service, "won" if won else "lost").inc()
        return winner.result()

    async def _probe(
        self, dependency: Dependency, replica: Replica, request: Request
    ) -> Reply:
        """Ask an ejected address beside the call, so that no payment waits for it: the
        same request where that changes nothing, else whether it lives."""
        if request.idempotent:
            return await self._attempt(dependency, replica, request)
        limit = Deadline.after(PROBE_MS)
        headers = self._headers(request.service, limit, request.context)
        answer = self._transport.get(
            request.service, "/livez", headers, PROBE_MS / 1000, address=replica.index
        )
        return await self._judged(dependency, replica, answer)

    async def _attempt(
        self, dependency: Dependency, replica: Replica, request: Request
    ) -> Reply:
        """One attempt at one address; two where there is no other and the first found
        nobody."""
        return await self._judged(dependency, replica, self._send(replica, request))

    async def _judged(
        self, dependency: Dependency, replica: Replica, answer: Awaitable[Reply]
    ) -> Reply:
        probe = replica.breaker.state == "half_open"
        began = time.monotonic()
        number = replica.begin()
        try:
            status, reply = await answer
        except DependencyError:
            dependency.judge(replica, failed=True)
            raise
        except asyncio.CancelledError:
            # Our own caller left: this says nothing about the dependency.
            if probe:
                replica.breaker.abandoned()
            raise
        finally:
            replica.end(number)
        if is_overload(status, reply):
            # It lives and did no work: no failure, and no proof that it works either.
            if probe:
                replica.breaker.abandoned()
            raise DependencyOverloaded(dependency.service)
        dependency.judge(replica, failed=status >= 500)
        if dependency.several:
            dependency.delay.answered((time.monotonic() - began) * 1000)
        return status, reply

    async def _send(self, replica: Replica, request: Request) -> Reply:
        try:
            return await self._once(replica, request)
        except DependencyUnreachable:
            dependency = self._dependency(request.service)
            late = request.limit.remaining_ms() < RETRY_NEEDS_MS
            if dependency.several or late or not dependency.budget.take():
                raise
        return await self._once(replica, request)

    async def _once(self, replica: Replica, request: Request) -> Reply:
        remaining_s = request.limit.remaining_ms() / 1000
        if remaining_s <= 0:
            raise DependencyTimeout(request.service)
        return await self._transport.send(
            request.service,
            request.path,
            request.body,
            self._headers(request.service, request.limit, request.context),
            remaining_s,
            address=replica.index,
        )

    def _spawn(self, attempt: Coroutine[Any, Any, Reply]) -> "asyncio.Task[Reply]":
        task = asyncio.create_task(attempt)
        self._unawaited.add(task)
        task.add_done_callback(self._ended)
        return task

    def _ended(self, task: "asyncio.Task[Reply]") -> None:
        self._unawaited.discard(task)
        # Looked at, or an attempt that came second and failed would be reported as lost.
        error_of(task)

    def _headers(
        self,
        service: str,
        limit: Deadline,
        context: CallContext | None,
        actor: Actor | None = None,
    ) -> dict[str, str]:
        headers = {
            "content-type": "application/json",
            "authorization": self._tokens.bearer(service, actor),
            "x-deadline-ms": f"{limit.remaining_ms():.1f}",
        }
        if context is not None:
            headers["x-request-id"] = context.request_id
            headers["traceparent"] = context.trace.traceparent
        return headers

    def _dependency(self, service: str) -> Dependency:
        dependency = self._dependencies.get(service)
        if dependency is None:
            addresses = self._transport.addresses(service)
            dependency = self._dependencies[service] = Dependency(service, addresses)
        return dependency


def _counted(error: DependencyError) -> DependencyError:
    CALLS.labels(error.service, error.kind).inc()
    return error
