"""Asking a service over HTTP from the command line."""

import json
from collections.abc import Mapping
from datetime import timedelta
from typing import Any

from fraud_shared.mesh.errors import DependencyError
from fraud_shared.mesh.transport import HttpTransport, Transport


class Client:
    """A payment system's client of one gateway; keeps its connections.

    `transport` reaches a service named `gateway` in another way than over `url`.
    """

    def __init__(
        self,
        url: str,
        key: str,
        *,
        connections: int = 64,
        transport: Transport | None = None,
    ) -> None:
        # A busy machine may take longer to accept a caller than services give each other.
        self._transport = transport or HttpTransport(
            {"gateway": url},
            connections=connections,
            connect_timeout=timedelta(seconds=2),
        )
        self._headers = {"content-type": "application/json", "x-api-key": key}

    async def post(
        self,
        path: str,
        body: bytes,
        *,
        timeout_s: float = 10.0,
        headers: Mapping[str, str] | None = None,
    ) -> tuple[int, bytes]:
        """Status and body; raises DependencyError when there is no answer."""
        return await self._transport.send(
            "gateway", path, body, {**self._headers, **(headers or {})}, timeout_s
        )

    async def get(self, path: str, *, timeout_s: float = 10.0) -> tuple[int, Any]:
        """Status and parsed JSON; raises DependencyError when there is no answer."""
        status_code, body = await self._transport.get(
            "gateway", path, self._headers, timeout_s
        )
        return status_code, json.loads(body) if body else None

    async def close(self) -> None:
        """Close the connections."""
        await self._transport.close()


async def status(url: str, timeout_s: float = 1.0) -> int:
    """The status of a GET, 0 when nobody answers."""
    transport = HttpTransport({"it": url})
    try:
        return (await transport.get("it", "", {}, timeout_s))[0]
    except DependencyError:
        return 0
    finally:
        await transport.close()
