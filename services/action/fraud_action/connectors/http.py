"""HTTP to destinations outside: no redirects, no proxies, no private addresses."""

import httpx

from fraud_action.connectors.addresses import Network, resolved
from fraud_action.notifications import DeliveryFailed

# Answers after which the same message may be wanted later; other 4xx refuse it.
_LATER = frozenset((408, 425, 429))
_LONGEST_ANSWER = 16 * 1024


class GuardedTransport(httpx.AsyncBaseTransport):
    """Connects to a permitted address of the URL's host, which certificate and `Host`
    still have to fit. One destination each: connections are kept by address."""

    def __init__(
        self, allowed: tuple[Network, ...], inner: httpx.AsyncBaseTransport
    ) -> None:
        self._allowed = allowed
        self._inner = inner

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        """Send `request`. Raises DeliveryFailed for a host that may not be reached."""
        url = request.url
        port = url.port or (443 if url.scheme == "https" else 80)
        address = await resolved(url.host, port, self._allowed)
        request.extensions["sni_hostname"] = url.host
        request.url = url.copy_with(host=address)
        return await self._inner.handle_async_request(request)

    async def aclose(self) -> None:
        """Close the connections."""
        await self._inner.aclose()


class Destination:
    """One URL outside."""

    def __init__(self, allowed: tuple[Network, ...], timeout_s: float) -> None:
        transport = httpx.AsyncHTTPTransport(
            limits=httpx.Limits(max_connections=8, keepalive_expiry=30.0),
            trust_env=False,
        )
        self._client = httpx.AsyncClient(
            transport=GuardedTransport(allowed, transport),
            timeout=timeout_s,
            follow_redirects=False,
            trust_env=False,
            headers={"user-agent": "fraud-action"},
        )

    async def ask(
        self, method: str, url: str, headers: dict[str, str], body: bytes = b""
    ) -> bytes:
        """The body of a 2xx answer, at most 16 KiB of it; raises DeliveryFailed for any
        other, and where there is none."""
        try:
            async with self._client.stream(
                method, url, headers=headers, content=body or None
            ) as response:
                if not response.is_success:
                    raise _failure(response)
                return await _beginning(response)
        except httpx.TimeoutException:
            raise DeliveryFailed("timeout") from None
        except (httpx.HTTPError, httpx.InvalidURL):
            raise DeliveryFailed("unreachable") from None

    async def close(self) -> None:
        """Close the connections."""
        await self._client.aclose()


async def _beginning(response: httpx.Response) -> bytes:
    found = b""
    async for part in response.aiter_bytes():
        found += part
        if len(found) > _LONGEST_ANSWER:
            break
    return found[:_LONGEST_ANSWER]


def _failure(response: httpx.Response) -> DeliveryFailed:
    status = response.status_code
    wait = response.headers.get("retry-after", "")
    return DeliveryFailed(
        f"status_{status}",
        refused=400 <= status < 500 and status not in _LATER,
        retry_after_s=float(wait) if wait.isascii() and wait.isdigit() else 0.0,
    )
