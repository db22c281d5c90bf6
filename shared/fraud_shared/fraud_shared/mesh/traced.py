"""A transport whose calls are client spans, when the request they are made for is sampled."""

from collections.abc import Awaitable, Callable
from urllib.parse import urlsplit

from fraud_shared.mesh.spans import CURRENT, SpanKind, Spans
from fraud_shared.mesh.transport import Headers, Transport

Exchange = Callable[[Headers], Awaitable[tuple[int, bytes]]]
_REDACTED = "REDACTED"


class TracedTransport:
    """Passes calls on; a sampled one is a span (HTTP client conventions), which the callee's
    is below."""

    def __init__(self, inner: Transport) -> None:
        self._inner = inner

    def addresses(self, service: str) -> int:
        """As many as the transport has."""
        return self._inner.addresses(service)

    def origin(self, service: str, address: int) -> str:
        """That of the transport."""
        return self._inner.origin(service, address)

    def send(
        self,
        service: str,
        path: str,
        body: bytes,
        headers: Headers,
        timeout_s: float,
        *,
        address: int = 0,
        method: str = "POST",
    ) -> Awaitable[tuple[int, bytes]]:
        """Send `body` to `path` of `service`."""
        send, spans = self._inner.send, CURRENT.get()
        if spans is None:
            return send(
                service, path, body, headers, timeout_s, address=address, method=method
            )
        return _traced(
            spans,
            method,
            self._attributes(service, method, path, address),
            lambda own: send(
                service,
                path,
                body,
                {**headers, **own},
                timeout_s,
                address=address,
                method=method,
            ),
        )

    def get(
        self,
        service: str,
        path: str,
        headers: Headers,
        timeout_s: float,
        *,
        address: int = 0,
    ) -> Awaitable[tuple[int, bytes]]:
        """GET `path` of `service`."""
        get, spans = self._inner.get, CURRENT.get()
        if spans is None:
            return get(service, path, headers, timeout_s, address=address)
        return _traced(
            spans,
            "GET",
            self._attributes(service, "GET", path, address),
            lambda own: get(
                service, path, {**headers, **own}, timeout_s, address=address
            ),
        )

    async def close(self) -> None:
        """Close connections."""
        await self._inner.close()

    def _attributes(
        self, service: str, method: str, path: str, address: int
    ) -> dict[str, str | int]:
        origin = self._inner.origin(service, address)
        parts = urlsplit(origin)
        found: dict[str, str | int] = {
            "http.request.method": method,
            "server.address": parts.hostname or service,
            "url.full": origin + without_ids(path),
            "peer.service": service,
        }
        if parts.port is not None:
            found["server.port"] = parts.port
        return found


async def _traced(
    spans: Spans,
    method: str,
    attributes: dict[str, str | int],
    exchange: Exchange,
) -> tuple[int, bytes]:
    with spans.inside(method, SpanKind.CLIENT, attributes) as hop:
        status, reply = await exchange(hop.headers())
        hop.note({"http.response.status_code": status})
        if status >= 400:
            hop.fail(str(status))
        return status, reply


def without_ids(path: str) -> str:
    """A path of the mesh as far as it names no account, payment or person: its first part,
    two where that is a version, and nothing of the query."""
    parts = path.partition("?")[0].split("/")
    kept = 3 if len(parts) > 1 and parts[1] == "v1" else 2
    return "/".join(parts[:kept] + ([_REDACTED] if len(parts) > kept else []))
