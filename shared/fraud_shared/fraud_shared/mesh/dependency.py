"""What a service client knows of one dependency: addresses, breakers, hedges, instruments."""

import asyncio
import time
from dataclasses import dataclass
from typing import Protocol

from fraud_shared.mesh.deadline import Deadline
from fraud_shared.mesh.errors import (
    DependencyRefused,
    DependencyUnreachable,
)
from fraud_shared.mesh.hedging import HedgeDelay, RetryBudget
from fraud_shared.mesh.metrics import (
    ADDRESS_CALLS,
    ADDRESS_EJECTED,
    BREAKER_OPEN,
    CALLS,
    HEDGES,
)
from fraud_shared.mesh.replicas import Replica, ReplicaSet
from fraud_shared.mesh.trace import Trace

# Another address needs no time to come back to life.
OTHER_NEEDS_MS = 5.0
Reply = tuple[int, bytes]


class CallContext(Protocol):
    """What a request brings along to the calls made on its behalf, and learns from them:
    whether a service was at its limit."""

    overloaded: bool

    @property
    def request_id(self) -> str:
        """The request id."""

    @property
    def trace(self) -> Trace:
        """Where in which trace the call is made."""


@dataclass(frozen=True, slots=True)
class Request:
    """What is sent, to whichever address."""

    service: str
    path: str
    body: bytes
    limit: Deadline
    context: CallContext | None
    idempotent: bool


class Dependency:
    """One service's addresses, and its instruments looked up once."""

    def __init__(self, service: str, addresses: int) -> None:
        self.service = service
        self.replicas = ReplicaSet(addresses, time.monotonic)
        self.delay = HedgeDelay()
        self.budget = RetryBudget()
        self.answered = CALLS.labels(service, "ok")
        self._gauge = BREAKER_OPEN.labels(service)
        self._open = False
        self._ejected = [False] * addresses
        # Gauges outlive a client: a new one begins with every breaker closed, and says so.
        self._gauge.set(False)
        if addresses > 1:
            for address in range(addresses):
                ADDRESS_EJECTED.labels(service, str(address)).set(False)

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
        if not failed and not self._open:
            return  # an answer ejects nobody
        is_open = self.replicas.all_ejected
        if is_open != self._open:
            self._open = is_open
            self._gauge.set(is_open)


def is_overload(status: int, reply: bytes) -> bool:
    """Whether a reply says that the service is at its limit (and no more than that)."""
    return status == 503 and b":problem:overloaded" in reply


def other_replica(
    dependency: Dependency, first: Replica, request: Request
) -> Replica | None:
    """Another address for a call that `first` did not answer, if there is one and time."""
    if request.limit.remaining_ms() < OTHER_NEEDS_MS:
        return None
    try:
        return dependency.pick(excluding=first)
    except DependencyRefused:
        return None


def hedge_replica(
    dependency: Dependency,
    first: Replica,
    request: Request,
    attempt: "asyncio.Task[Reply]",
) -> Replica | None:
    # Where no byte reached a handler, the second attempt is no extra load.
    retry = attempt.done() and isinstance(error_of(attempt), DependencyUnreachable)
    if not retry and not dependency.budget.take():
        HEDGES.labels(dependency.service, "refused").inc()
        return None
    return other_replica(dependency, first, request)


async def first_answer(tasks: "list[asyncio.Task[Reply]]") -> "asyncio.Task[Reply]":
    """The first task to end without an error, else the last to end with one."""
    waiting = set(tasks)
    last = tasks[0]
    while waiting:
        done, waiting = await asyncio.wait(waiting, return_when=asyncio.FIRST_COMPLETED)
        for task in sorted(done, key=tasks.index):
            if error_of(task) is None:
                return task
            last = task
    return last


def error_of(task: "asyncio.Task[Reply]") -> BaseException | None:
    return None if task.cancelled() else task.exception()
