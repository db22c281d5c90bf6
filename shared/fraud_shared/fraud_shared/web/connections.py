"""The open connections of a process: how many, from where, and which one has to go.

A connection is *authenticated* from its first request with a good key or token. Until then
it costs its sender nothing, so there may be only so many: the oldest gives its place to a
new one. A caller with a key needs its place for milliseconds, one that sends nothing until
the limit is reached.
"""

import ipaddress
from collections.abc import Hashable
from dataclasses import dataclass
from functools import lru_cache
from typing import Protocol

from fraud_shared.web.telemetry import CONNECTIONS_CLOSED

Network = ipaddress.IPv4Network | ipaddress.IPv6Network


@dataclass(frozen=True, slots=True)
class ConnectionLimits:
    """What one connection, one address and all connections together may take. Times in
    seconds, sizes in bytes; `proxies` are the networks whose connections carry many
    callers, and which therefore have no limit by address."""

    head_timeout_s: float = 5.0
    body_timeout_s: float = 5.0
    max_head_bytes: int = 16 * 1024
    max_headers: int = 100
    max_line_bytes: int = 8 * 1024
    max_connections: int = 4096
    max_unauthenticated_per_address: int = 256
    proxies: tuple[Network, ...] = ()


class Evictable(Hashable, Protocol):
    """A connection that can be closed to make room."""

    def evict(self) -> None:
        """Close at once."""


class Connections:
    """Counts connections, and evicts the oldest unauthenticated one where there are too
    many. Dictionaries keep the order of arrival."""

    def __init__(self, limits: ConnectionLimits) -> None:
        self.limits = limits
        self._open: set[Evictable] = set()
        self._waiting: dict[Evictable, str] = {}
        self._by_address: dict[str, dict[Evictable, None]] = {}

    def __len__(self) -> int:
        return len(self._open)

    def opened(self, connection: Evictable, address: str) -> None:
        """Count a new connection; closes another one, or this one, where there is no room.

        `address` is the peer's. An IPv6 network of 64 bits counts as one address.
        """
        origin = source(address)
        self._open.add(connection)
        self._waiting[connection] = origin
        peers = self._by_address.setdefault(origin, {})
        peers[connection] = None
        limits = self.limits
        if len(peers) > limits.max_unauthenticated_per_address and not within(
            address, limits.proxies
        ):
            self._evict(next(iter(peers)), "address_limit")
        elif len(self._open) > limits.max_connections:
            self._evict(next(iter(self._waiting)), "connection_limit")

    def authenticated(self, connection: Evictable) -> None:
        """From now on the connection keeps its place."""
        origin = self._waiting.pop(connection, None)
        if origin is None:
            return
        peers = self._by_address[origin]
        del peers[connection]
        if not peers:
            del self._by_address[origin]

    def closed(self, connection: Evictable) -> None:
        """Forget a connection."""
        self.authenticated(connection)
        self._open.discard(connection)

    def _evict(self, connection: Evictable, reason: str) -> None:
        CONNECTIONS_CLOSED.labels(reason).inc()
        self.closed(connection)
        connection.evict()


@lru_cache(4096)
def source(address: str) -> str:
    """What counts as one sender: an IPv4 address, or an IPv6 network of 64 bits; any other
    text stands for itself."""
    try:
        parsed = ipaddress.ip_address(address.partition("%")[0])
    except ValueError:
        return address
    if isinstance(parsed, ipaddress.IPv6Address):
        if parsed.ipv4_mapped is not None:
            return str(parsed.ipv4_mapped)
        return str(ipaddress.ip_network((parsed, 64), strict=False))
    return str(parsed)


@lru_cache(4096)
def within(address: str, networks: tuple[Network, ...]) -> bool:
    """Whether an address lies in one of the networks."""
    try:
        parsed = ipaddress.ip_address(address.partition("%")[0])
    except ValueError:
        return False
    if isinstance(parsed, ipaddress.IPv6Address) and parsed.ipv4_mapped is not None:
        parsed = parsed.ipv4_mapped
    return any(parsed in network for network in networks)
