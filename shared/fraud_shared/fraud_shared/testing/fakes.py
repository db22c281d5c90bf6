"""Fakes that obey the contracts of the ports they stand in for."""

import asyncio
from collections.abc import Awaitable, Callable, Mapping, Sequence

from fraud_shared.mesh.errors import (
    DependencyError,
    DependencyTimeout,
    DependencyUnreachable,
)
from fraud_shared.state.bus import Envelope, Unroutable
from fraud_shared.state.subscriptions import subscribers

Responder = Callable[[str, bytes], Awaitable[tuple[int, bytes]]]


class FakeTransport:
    """Answers calls from a table of responders; an absent service is unreachable.

    `responders[service](path, body)` returns status and body, or raises DependencyError.
    A service with several addresses is in `replicas`: a responder for each address, or
    None for one that is unreachable.
    """

    def __init__(
        self,
        responders: Mapping[str, Responder],
        replicas: Mapping[str, list[Responder | None]] | None = None,
    ) -> None:
        self.responders = dict(responders)
        self.replicas = dict(replicas or {})
        self.calls: list[tuple[str, str]] = []
        self.methods: list[str] = []
        # Which address each of the calls went to.
        self.asked: list[int] = []
        self.headers: list[Mapping[str, str]] = []

    def addresses(self, service: str) -> int:
        """As many as the table has."""
        return len(self.replicas.get(service, ("",)))

    def origin(self, service: str, address: int) -> str:
        """The service's name as a host."""
        return f"http://{service}"

    async def send(
        self,
        service: str,
        path: str,
        body: bytes,
        headers: Mapping[str, str],
        timeout_s: float,
        *,
        address: int = 0,
        method: str = "POST",
    ) -> tuple[int, bytes]:
        """Answer from the table."""
        self.calls.append((service, path))
        self.methods.append(method)
        self.asked.append(address)
        self.headers.append(headers)
        many = self.replicas.get(service)
        responder = many[address] if many else self.responders.get(service)
        if responder is None:
            raise DependencyUnreachable(service)
        try:
            async with asyncio.timeout(timeout_s):
                return await responder(path, body)
        except TimeoutError:
            raise DependencyTimeout(service) from None

    async def get(
        self,
        service: str,
        path: str,
        headers: Mapping[str, str],
        timeout_s: float,
        *,
        address: int = 0,
    ) -> tuple[int, bytes]:
        """Answer from the table, without a body; who is there at all, is alive."""
        if path == "/livez" and service in self.responders:
            return 200, b"{}"
        return await self.send(
            service, path, b"", headers, timeout_s, address=address, method="GET"
        )

    async def close(self) -> None:
        """Nothing to close."""


class FakeBus:
    """Keeps what was published; raises `failure` instead while one is set."""

    def __init__(self) -> None:
        self.published: list[Envelope] = []
        self.failure: DependencyError | None = None

    async def publish(self, events: Sequence[Envelope]) -> None:
        """Remember the events."""
        if self.failure is not None:
            raise self.failure
        for event in events:
            if not subscribers(event.type):
                raise Unroutable(event.type)
        self.published.extend(events)

    async def close(self) -> None:
        """Nothing to close."""
