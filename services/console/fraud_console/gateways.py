"""The mesh as each user sees it: one client with the user's own key."""

import httpx

from fraud_client import AsyncFraudClient
from fraud_console.gateway_keys import gateway_key
from fraud_console.users import User

MOST_CLIENTS = 500


class Gateways:
    """Clients by user. They share one pool of connections."""

    def __init__(
        self,
        url: str,
        secret: bytes,
        *,
        deadline_s: float,
        transport: httpx.AsyncBaseTransport | None = None,
    ) -> None:
        self._url = url
        self._secret = secret
        self._deadline_s = deadline_s
        self._transport = transport or httpx.AsyncHTTPTransport(retries=0)
        self._clients: dict[tuple[str, int], AsyncFraudClient] = {}

    def of(self, user: User) -> AsyncFraudClient:
        """The client of a user."""
        at = (user.name, user.key_generation)
        found = self._clients.get(at)
        if found is None:
            if len(self._clients) >= MOST_CLIENTS:
                self._clients.clear()
            found = self._clients[at] = AsyncFraudClient(
                self._url,
                gateway_key(self._secret, *at),
                deadline_s=self._deadline_s,
                transport=_Shared(self._transport),
            )
        return found

    async def text(self, url: str) -> str | None:
        """A text that needs no key (the gateway's metrics), or None."""
        async with httpx.AsyncClient(transport=_Shared(self._transport)) as http:
            try:
                reply = await http.get(url, timeout=self._deadline_s)
            except httpx.HTTPError:
                return None
        return reply.text if reply.status_code == 200 else None

    async def close(self) -> None:
        """Close every connection."""
        await self._transport.aclose()


class _Shared(httpx.AsyncBaseTransport):
    """A transport that outlives the clients that use it."""

    def __init__(self, inner: httpx.AsyncBaseTransport) -> None:
        self._inner = inner

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        """Hand over."""
        return await self._inner.handle_async_request(request)
