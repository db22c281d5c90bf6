"""The one way to call another service.

It carries the deadline, trace context, request id and service token; keeps a breaker and a
bulkhead per address of a dependency, and spreads calls over the addresses; tries a second
time only when no byte reached a handler; and sends a call that is idempotent to a second
address when the first is silent for longer than most answers take.
"""

import asyncio
import time
from collections.abc import Awaitable, Coroutine
from dataclasses import dataclass
from typing import Any, Protocol

from fraud_shared.mesh.breaker import Breaker
from fraud_shared.mesh.deadline import Deadline
from fraud_shared.mesh.errors import (
    DependencyError,
    DependencyFailed,
    DependencyRefused,
    DependencyTimeout,
    DependencyUnreachable,
)
from fraud_shared.mesh.hedging import HedgeBudget, HedgeDelay
from fraud_shared.mesh.metrics import (
    ADDRESS_CALLS,
    ADDRESS_EJECTED,
    BREAKER_OPEN,
    CALLS,
    HEDGES,
)
from fraud_shared.mesh.replicas import BULKHEAD, Replica, ReplicaSet
from fraud_shared.mesh.tokens import TokenIssuer
from fraud_shared.mesh.trace import Trace
from fraud_shared.mesh.transport import Transport

__all__ = ["BULKHEAD", "CallContext", "ServiceClient"]

RETRY_NEEDS_MS = 25.0
# Another address needs no time to come back to life.
OTHER_NEEDS_MS = 5.0
PROBE_MS = 250.0
Reply = tuple[int, bytes]


class CallContext(Protocol):
    """What a request brings along to the calls made on its behalf."""

    @property
    def request_id(self) -> str:
        """The request id."""

    @property
    def trace(self) -> Trace:
        """Where in which trace the call is made."""


@dataclass(frozen=True, slots=True)
class _Request:
    """What is sent, to whichever address."""

    service: str
    path: str
    body: bytes
    limit: Deadline
    context: CallContext | None
    idempotent: bool


class _Dependency:
    """One service's addresses, and its instruments looked up once."""

    def __init__(self, service: str, addresses: int) -> None:
        self.service = service
        self.replicas = ReplicaSet(addresses, time.monotonic)
        self.delay = HedgeDelay()
        self.budget = HedgeBudget()
        self.answered = CALLS.labels(service, "ok")
        self._gauge = BREAKER_OPEN.labels(service)
        self._open = False
        self._ejected = [False] * addresses

    @property
    def several(self) -> bool:
        """Whether there is a choice."""
        return len(self.replicas) > 1

    def pick(self, excluding: Replica | None = None) -> Replica:
        """The address for a call. Raises DependencyRefused."""
        picked = self.replicas.pick(
            silent_after_s=self.delay.ms() / 1000, excluding=excluding
        )
        if not isinstance(picked, Replica):
            raise DependencyRefused(self.service, kind=picked)
        return picked

    def judge(self, replica: Replica, *, failed: bool) -> None:
        """Tell an address's breaker how an attempt ended, and the gauges when that
        changed it."""
        if failed:
            replica.breaker.failed()
        else:
            replica.breaker.succeeded()
        if self.several:
            address = str(replica.index)
            ADDRESS_CALLS.labels(
                self.service, address, "failed" if failed else "ok"
            ).inc()
            ejected = replica.breaker.state != "closed"
            if ejected != self._ejected[replica.index]:
                self._ejected[replica.index] = ejected
                ADDRESS_EJECTED.labels(self.service, address).set(ejected)
        is_open = self.replicas.all_ejected
        if is_open != self._open:
            self._open = is_open
            self._gauge.set(is_open)


class ServiceClient:
    """Calls services by name. One per process; `close()` it at the end."""

    def __init__(self, transport: Transport, tokens: TokenIssuer) -> None:
        self._transport = transport
        self._tokens = tokens
        self._dependencies: dict[str, _Dependency] = {}
        # Attempts that nobody waits for any more: probes, and hedges that came second.
        self._unawaited: set[asyncio.Task[Reply]] = set()

    def isolated(self) -> "ServiceClient":
        """Another door onto the same services with breakers and bulkheads of its own: for
        questions that must not count against payments, nor be refused for their sake.
        The transport belongs to this one."""
        service_client = ServiceClient(self._transport, self._tokens)
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
        limit = deadline.capped(cap_ms)
        if limit.expired:
            raise _counted(DependencyRefused(service, kind="spent"))
        request = _Request(service, path, body, limit, context, idempotent)
        try:
            replica = dependency.pick()
            if dependency.several:
                status, reply = await self._balanced(dependency, replica, request)
            else:
                status, reply = await self._attempt(dependency, replica, request)
        except DependencyError as error:
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

    async def close(self) -> None:
        """Close the transport."""
        for task in self._unawaited:
            task.cancel()
        await asyncio.gather(*self._unawaited, return_exceptions=True)
        await self._transport.close()

    async def _balanced(
        self, dependency: _Dependency, first: Replica, request: _Request
    ) -> Reply:
        """An attempt at one of several addresses, and at most one more at another."""
        dependency.budget.called()
        probed = dependency.replicas.due_probe(excluding=first)
        if probed is not None:
            self._spawn(self._probe(dependency, probed, request))
        if request.idempotent:
            return await self._hedged(dependency, first, request)
        try:
            return await self._attempt(dependency, first, request)
        except DependencyUnreachable:
            other = _other(dependency, first, request)
            if other is None:
                raise
        return await self._attempt(dependency, other, request)

    async def _hedged(
        self, dependency: _Dependency, first: Replica, request: _Request
    ) -> Reply:
        """The first answer of `first` and, once that has been silent for the hedge delay
        or has failed without an answer, of another address."""
        tasks = [self._spawn(self._attempt(dependency, first, request))]
        try:
            delay_ms = dependency.delay.ms(request.limit.remaining_ms())
            await asyncio.wait(tasks, timeout=delay_ms / 1000)
            if tasks[0].done() and _error(tasks[0]) is None:
                return tasks[0].result()
            other = _hedge(dependency, first, request, tasks[0])
            if other is not None:
                tasks.append(self._spawn(self._attempt(dependency, other, request)))
            winner = await _first_answer(tasks)
        except asyncio.CancelledError:
            for task in tasks:
                task.cancel()
            raise
        if len(tasks) == 2:
            won = winner is tasks[1] and _error(winner) is None
            HEDGES.labels(dependency.service, "won" if won else "lost").inc()
        return winner.result()

    async def _probe(
        self, dependency: _Dependency, replica: Replica, request: _Request
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
        self, dependency: _Dependency, replica: Replica, request: _Request
    ) -> Reply:
        """One attempt at one address; two where there is no other and the first found
        nobody."""
        return await self._judged(dependency, replica, self._send(replica, request))

    async def _judged(
        self, dependency: _Dependency, replica: Replica, answer: Awaitable[Reply]
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
        dependency.judge(replica, failed=status >= 500)
        if dependency.several:
            dependency.delay.answered((time.monotonic() - began) * 1000)
        return status, reply

    async def _send(self, replica: Replica, request: _Request) -> Reply:
        try:
            return await self._once(replica, request)
        except DependencyUnreachable:
            several = self._dependency(request.service).several
            if several or request.limit.remaining_ms() < RETRY_NEEDS_MS:
                raise
        return await self._once(replica, request)

    async def _once(self, replica: Replica, request: _Request) -> Reply:
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
        _error(task)

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
            addresses = self._transport.addresses(service)
            dependency = self._dependencies[service] = _Dependency(service, addresses)
        return dependency


def _other(
    dependency: _Dependency, first: Replica, request: _Request
) -> Replica | None:
    """Another address for a call that `first` did not answer, if there is one and time."""
    if request.limit.remaining_ms() < OTHER_NEEDS_MS:
        return None
    try:
        return dependency.pick(excluding=first)
    except DependencyRefused:
        return None


def _hedge(
    dependency: _Dependency,
    first: Replica,
    request: _Request,
    attempt: "asyncio.Task[Reply]",
) -> Replica | None:
    # Where no byte reached a handler, the second attempt is no extra load.
    retry = attempt.done() and isinstance(_error(attempt), DependencyUnreachable)
    if not retry and not dependency.budget.take():
        HEDGES.labels(dependency.service, "refused").inc()
        return None
    return _other(dependency, first, request)


async def _first_answer(tasks: "list[asyncio.Task[Reply]]") -> "asyncio.Task[Reply]":
    """The first task to end without an error, else the last to end with one."""
    waiting = set(tasks)
    last = tasks[0]
    while waiting:
        done, waiting = await asyncio.wait(waiting, return_when=asyncio.FIRST_COMPLETED)
        for task in sorted(done, key=tasks.index):
            if _error(task) is None:
                return task
            last = task
    return last


def _error(task: "asyncio.Task[Reply]") -> BaseException | None:
    return None if task.cancelled() else task.exception()


def _counted(error: DependencyError) -> DependencyError:
    CALLS.labels(error.service, error.kind).inc()
    return error
