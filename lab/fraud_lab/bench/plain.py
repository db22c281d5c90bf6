"""The plain version of the mesh, for comparison: FastAPI routes and httpx clients.

Same services, same handlers, same pipeline with its calls in parallel, same stores, same
bodies; only the web layer is what a team builds that knows FastAPI and httpx well: routes
with response models, a dependency that checks the caller, one shared `httpx.AsyncClient` for
each service with connections that are kept alive, uvicorn with uvloop and httptools.
Bodies become Python objects and are then validated, which is what FastAPI does with a model
parameter (ours are strict, so it is done by hand). uvicorn keeps its access log, as our edge
writes its line. What is lean elsewhere and no part of the web layer (breakers, deadlines,
token checks) it has, too. Run as `python -m fraud_lab.bench.plain NAME`.
"""

import importlib
import sys
from collections.abc import Mapping, Sequence
from typing import Annotated, Any

import httpx
import uvicorn
from fastapi import Depends, FastAPI, Request, Response
from pydantic import TypeAdapter

from fraud_shared.mesh.addresses import default_urls
from fraud_shared.mesh.client import ServiceClient
from fraud_shared.mesh.deadline import Deadline
from fraud_shared.mesh.errors import DependencyTimeout, DependencyUnreachable
from fraud_shared.mesh.tokens import TokenIssuer
from fraud_shared.mesh.trace import Trace
from fraud_shared.web.context import RawResponse, RequestContext
from fraud_shared.web.service import HotRoute

# As many connections to one service as the mesh's own client keeps, and as patient.
LIMITS = httpx.Limits(
    max_connections=32, max_keepalive_connections=32, keepalive_expiry=30
)


class HttpxTransport:
    """One shared `httpx.AsyncClient` for each dependency: a pool for all of them takes
    longer to search the more connections it has."""

    def __init__(self, urls: Mapping[str, Sequence[str]]) -> None:
        self._urls = urls
        self._clients = {
            (service, address): httpx.AsyncClient(
                base_url=url, limits=LIMITS, trust_env=False
            )
            for service, several in urls.items()
            for address, url in enumerate(several)
        }

    def addresses(self, service: str) -> int:
        """How many URLs the service has."""
        return len(self._urls[service])

    def origin(self, service: str, address: int) -> str:
        """Its URL."""
        return self._urls[service][address]

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
        """Send with httpx."""
        try:
            reply = await self._clients[service, address].request(
                method, path, content=body, headers=dict(headers), timeout=timeout_s
            )
        except httpx.ConnectError:
            raise DependencyUnreachable(service) from None
        except httpx.HTTPError:
            raise DependencyTimeout(service) from None
        return reply.status_code, reply.content

    async def get(
        self,
        service: str,
        path: str,
        headers: Mapping[str, str],
        timeout_s: float,
        *,
        address: int = 0,
    ) -> tuple[int, bytes]:
        """GET with httpx."""
        reply = await self._clients[service, address].get(
            path, headers=dict(headers), timeout=timeout_s
        )
        return reply.status_code, reply.content

    async def close(self) -> None:
        """Close the clients."""
        for client in self._clients.values():
            await client.aclose()


def plain_app(service: str) -> FastAPI:
    """The service's handlers behind ordinary FastAPI routes."""
    module = importlib.import_module(f"fraud_{service}.app")
    settings = importlib.import_module(f"fraud_{service}.settings").Settings()
    ports: dict[str, Any] = {}
    if service == "orchestrator":
        issuer = TokenIssuer(service, settings.token_secret())
        ports["service_client"] = ServiceClient(HttpxTransport(default_urls()), issuer)
    lean: FastAPI = module.create_app(settings, **ports)
    app = FastAPI(lifespan=lean.router.lifespan_context)
    app.state = lean.state
    for route in lean.state.hot:
        _add(app, route, lean)
    for cold in lean.router.routes:
        if getattr(cold, "path", "") not in {r.path for r in lean.state.hot}:
            app.router.routes.append(cold)
    return app


def _add(app: FastAPI, route: HotRoute, lean: FastAPI) -> None:
    guard = route.guard or lean.state.service_guard
    adapter = TypeAdapter(route.request)

    async def caller(request: Request) -> RequestContext:
        headers = dict(request.scope["headers"])
        call = RequestContext(
            "plain", Trace.start(0.0), Deadline.after(10_000), headers
        )
        guard(call)
        return call

    async def endpoint(
        request: Request, call: Annotated[RequestContext, Depends(caller)]
    ) -> Any:
        body = adapter.validate_python(await request.json(), strict=False)
        reply = await route.handler(body, call)
        if isinstance(reply, RawResponse):
            return Response(reply.body, reply.status, media_type="application/json")
        if isinstance(reply, bytes):
            return Response(reply, media_type="application/json")
        return reply

    app.add_api_route(
        route.path,
        endpoint,
        methods=["POST"],
        response_model=None if route.response is None else route.response,
    )


def main() -> None:
    """Serve one plain service with uvicorn's defaults."""
    service = sys.argv[1]
    settings = importlib.import_module(f"fraud_{service}.settings").Settings()
    uvicorn.run(
        plain_app(service),
        host=settings.host,
        port=settings.port,
    )


if __name__ == "__main__":
    main()
