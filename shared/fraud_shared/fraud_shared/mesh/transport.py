"""How bytes reach a service: over TCP, or inside this process. Only the transport differs.

This module is the only importer of the HTTP client (pyreqwest: Rust reqwest, measured at
0.08-0.14 ms of CPU a call where httpx takes 2-4 ms and collapses under concurrency).
"""

import asyncio
from collections.abc import Mapping, Sequence
from datetime import timedelta
from typing import Any, Protocol

from pyreqwest.client import Client, ClientBuilder
from pyreqwest.exceptions import (
    PoolTimeoutError,
    PyreqwestError,
    RequestTimeoutError,
)

from fraud_shared.mesh.errors import (
    DependencyError,
    DependencyTimeout,
    DependencyUnreachable,
)

Headers = Mapping[str, str]
_CONNECTING = "client error (Connect)"


class Transport(Protocol):
    """Sends one request and returns status and body.

    Raises DependencyUnreachable when no byte can have reached a handler, and
    DependencyTimeout when the time ran out after that was possible. `address` is which of
    the addresses of the service, from 0.
    """

    def addresses(self, service: str) -> int:
        """How many addresses a service has."""

    def origin(self, service: str, address: int) -> str:
        """The URL of an address, without a path."""

    async def send(
        self,
        service: str,
        path: str,
        body: bytes,
        headers: Headers,
        timeout_s: float,
        *,
        address: int = 0,
        method: str = "POST",
    ) -> tuple[int, bytes]:
        """Send `body` to `path` of `service`."""

    async def get(
        self,
        service: str,
        path: str,
        headers: Headers,
        timeout_s: float,
        *,
        address: int = 0,
    ) -> tuple[int, bytes]:
        """GET `path` of `service`."""

    async def close(self) -> None:
        """Close connections."""


class HttpTransport:
    """Keep-alive HTTP/1.1 with one connection pool per address of a dependency."""

    def __init__(
        self,
        urls: Mapping[str, str | Sequence[str]],
        *,
        connections: int = 32,
        connect_timeout: timedelta = timedelta(milliseconds=50),
    ) -> None:
        self._urls = {
            name: tuple(u.rstrip("/") for u in ([url] if isinstance(url, str) else url))
            for name, url in urls.items()
        }
        self._connections = connections
        self._connect_timeout = connect_timeout
        # A pool for each address: one that is frozen must not hold the others' places.
        self._clients: dict[tuple[str, int], Client] = {}

    def addresses(self, service: str) -> int:
        """How many URLs the service has; 1 for one that is not known."""
        return len(self._urls.get(service, ("",)))

    def origin(self, service: str, address: int) -> str:
        """The URL of an address; empty for one that is not known."""
        return self._urls[service][address] if service in self._urls else ""

    def _client(self, service: str, address: int) -> Client:
        client = self._clients.get((service, address))
        if client is None:
            client = self._clients[service, address] = (
                ClientBuilder()
                .http1_only()
                .no_proxy()
                .max_connections(self._connections)
                .pool_max_idle_per_host(self._connections)
                # Shorter than the servers' keep-alive (75 s), or reuse races with close.
                .pool_idle_timeout(timedelta(seconds=30))
                .connect_timeout(self._connect_timeout)
                .follow_redirects(False)
                .tcp_nodelay(True)
                .build()
            )
        return client

    async def send(
        self,
        service: str,
        path: str,
        body: bytes,
        headers: Headers,
        timeout_s: float,
        *,
        address: int = 0,
        method: str = "POST",
    ) -> tuple[int, bytes]:
        """Send `body` to `path` of `service`."""
        request = self._client(service, address).request(
            method, self._urls[service][address] + path
        )
        return await _exchange(request.body_bytes(body), service, headers, timeout_s)

    async def get(
        self,
        service: str,
        path: str,
        headers: Headers,
        timeout_s: float,
        *,
        address: int = 0,
    ) -> tuple[int, bytes]:
        """GET `path` of `service`."""
        request = self._client(service, address).get(
            self._urls[service][address] + path
        )
        return await _exchange(request, service, headers, timeout_s)

    async def close(self) -> None:
        """Close every pool."""
        clients, self._clients = self._clients, {}
        for client in clients.values():
            await client.close()


async def _exchange(
    request: Any, service: str, headers: Headers, timeout_s: float
) -> tuple[int, bytes]:
    try:
        response = await (
            request.headers(headers)
            .timeout(timedelta(seconds=max(timeout_s, 0.001)))
            .build()
            .send()
        )
        return response.status, bytes(await response.bytes())
    except PyreqwestError as error:
        raise _translated(service, error) from None


def _translated(service: str, error: PyreqwestError) -> DependencyError:
    # The client calls whatever goes wrong before the reply's head a connection error. Only
    # its causes tell a connection that was never made, which may be tried again, from one
    # that broke or was too slow after the request may have been read.
    details = getattr(error, "details", None) or {}
    causes = [cause["message"] for cause in details.get("causes") or ()]
    if isinstance(error, PoolTimeoutError) or _CONNECTING in causes:
        return DependencyUnreachable(service)
    if isinstance(error, RequestTimeoutError):
        return DependencyTimeout(service)
    return DependencyTimeout(service, kind="broken")


class AsgiTransport:
    """Calls service apps in this process: the same requests without sockets.

    `apps` is looked up at each call, so an app that is taken out becomes unreachable.
    """

    def __init__(self, apps: Mapping[str, Any]) -> None:
        self._apps = apps

    def addresses(self, service: str) -> int:
        """One: an app in this process is alive or gone with it."""
        return 1

    def origin(self, service: str, address: int) -> str:
        """The service's name as a host."""
        return f"http://{service}"

    async def send(
        self,
        service: str,
        path: str,
        body: bytes,
        headers: Headers,
        timeout_s: float,
        *,
        address: int = 0,
        method: str = "POST",
    ) -> tuple[int, bytes]:
        """Send `body` to `path` of `service`."""
        return await self._call(method, service, path, body, headers, timeout_s)

    async def get(
        self,
        service: str,
        path: str,
        headers: Headers,
        timeout_s: float,
        *,
        address: int = 0,
    ) -> tuple[int, bytes]:
        """GET `path` of `service`."""
        return await self._call("GET", service, path, b"", headers, timeout_s)

    async def close(self) -> None:
        """Nothing to close."""

    async def _call(
        self,
        method: str,
        service: str,
        path: str,
        body: bytes,
        headers: Headers,
        timeout_s: float,
    ) -> tuple[int, bytes]:
        app = self._apps.get(service)
        if app is None:
            raise DependencyUnreachable(service)
        status = 0
        parts: list[bytes] = []
        sent = False

        async def receive() -> dict[str, Any]:
            nonlocal sent
            if sent:
                await asyncio.Event().wait()
            sent = True
            return {"type": "http.request", "body": body, "more_body": False}

        async def send(message: dict[str, Any]) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
            elif message["type"] == "http.response.body":
                parts.append(message.get("body", b""))

        try:
            async with asyncio.timeout(timeout_s) as limit:
                await app(_scope(method, path, body, headers), receive, send)
        except Exception:
            if limit.expired():
                raise DependencyTimeout(service) from None
            # What a server makes of an app that raises: 500, or a connection cut short.
            if status:
                raise DependencyTimeout(service, kind="broken") from None
        return status or 500, b"".join(parts)


def _scope(method: str, path: str, body: bytes, headers: Headers) -> dict[str, Any]:
    path, _, query = path.partition("?")
    raw = [(k.lower().encode(), v.encode()) for k, v in headers.items()]
    raw.append((b"content-length", str(len(body)).encode()))
    return {
        "type": "http",
        "asgi": {"version": "3.0", "spec_version": "2.4"},
        "http_version": "1.1",
        "method": method,
        "scheme": "http",
        "path": path,
        "raw_path": path.encode(),
        "query_string": query.encode(),
        "root_path": "",
        "headers": raw,
        "client": ("127.0.0.1", 0),
        "server": ("mesh", 80),
    }
