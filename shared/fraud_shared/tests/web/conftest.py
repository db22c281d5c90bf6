"""A service with one hot and several cold routes, and a client below HTTP's manners."""

import asyncio
import json
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from typing import Any

import pytest
from fastapi import APIRouter, Depends, FastAPI, Request

from fraud_shared.contracts.base import Contract, Identifier
from fraud_shared.mesh.tokens import TokenIssuer
from fraud_shared.testing.asgi import TEST_TOKEN_KEY
from fraud_shared.web.context import RawResponse, RequestContext
from fraud_shared.web.guard import open_guard, require_service
from fraud_shared.web.problems import Conflict
from fraud_shared.web.service import HotRoute

SECRET = "Zwyxorl Quabbin"


class Ask(Contract):
    """The request of the test routes."""

    name: Identifier


class Echo(Contract):
    """Their reply: what the call carried."""

    name: str
    remaining_ms: float
    traceparent: str
    caller: str


@dataclass(frozen=True)
class Raw:
    """A reply, as sent."""

    status: int
    headers: dict[str, str]
    body: bytes

    @property
    def json(self) -> Any:
        """The body, read."""
        return json.loads(self.body)


Knock = Callable[..., Awaitable[Raw]]


@pytest.fixture
def gate() -> asyncio.Event:
    """While clear, `/wait` does not answer."""
    return asyncio.Event()


@pytest.fixture
def kit(make_app: Any, gate: asyncio.Event) -> Callable[..., FastAPI]:
    """The service under test; settings and `create_service` parts can be overridden."""

    async def echo(ask: Ask, context: RequestContext) -> Echo:
        """Say what the call carried."""
        context.log(asked=ask.name)
        left = context.deadline.remaining_ms()
        return Echo(
            name=ask.name,
            remaining_ms=left,
            traceparent=context.trace.traceparent,
            caller=context.caller,
        )

    async def wait(_: Ask, context: RequestContext) -> RawResponse:
        await gate.wait()
        return RawResponse(b"{}")

    async def refuse(_: Ask, __: RequestContext) -> Echo:
        raise Conflict(errors=[("name", "taken")], headers={"x-why": "test"})

    async def fall(_: Ask, __: RequestContext) -> Echo:
        raise KeyError(SECRET)

    routes = APIRouter(prefix="/cold")

    @routes.post("/tell/{item}", dependencies=[Depends(require_service)])
    async def cold_echo(item: str, ask: Ask) -> dict[str, str]:
        return {"item": item, "name": ask.name}

    @routes.post("/raw")
    async def cold_raw(request: Request) -> dict[str, int]:
        return {"size": len(await request.body())}

    @routes.get("/polled")
    async def cold_polled(request: Request, limit: int = 1) -> None:
        request.scope["state"]["context"].is_poll = True
        if limit == 0:
            raise Conflict

    @routes.get("/fall")
    async def cold_fall(limit: int = 1) -> None:
        raise RuntimeError(SECRET)

    def hot(path: str, handler: Any, **more: Any) -> HotRoute:
        return HotRoute(path, Ask, Echo, handler, path.strip("/"), path, **more)

    def make(**settings: Any) -> FastAPI:
        public = settings.pop("public", False)
        guard = settings.pop("guard", open_guard)
        return make_app(
            settings,
            hot=[
                hot("/tell", echo),
                hot("/open", echo, guard=open_guard),
                hot("/small", echo, guard=open_guard, max_body_bytes=32),
                hot("/wait", wait, guard=open_guard),
                hot("/refuse", refuse, guard=open_guard),
                hot("/fall", fall, guard=open_guard),
            ],
            routers=[routes],
            public=public,
            guard=guard,
        )

    return make


@pytest.fixture
def knock() -> Knock:
    """Call an app with exactly these header bytes and body chunks."""

    async def call(
        app: FastAPI,
        path: str = "/open",
        *,
        method: str = "POST",
        headers: dict[str, str] | None = None,
        chunks: Sequence[bytes] = (b'{"name":"a"}',),
        leaves: bool = False,
        extra: dict[str, Any] | None = None,
    ) -> Raw:
        given = {"content-type": "application/json", **(headers or {})}
        waiting = [
            {"type": "http.request", "body": chunk, "more_body": n < len(chunks) - 1}
            for n, chunk in enumerate(chunks)
        ]
        if leaves:
            waiting[-1] = {"type": "http.disconnect"}
        sent: list[Any] = []

        async def receive() -> Any:
            return waiting.pop(0) if waiting else {"type": "http.disconnect"}

        async def send(message: Any) -> None:
            sent.append(message)

        scope = {
            "type": "http",
            "method": method,
            "path": path.partition("?")[0],
            "query_string": path.partition("?")[2].encode(),
            "headers": [(k.encode(), v.encode("latin-1")) for k, v in given.items()],
            **(extra or {}),
        }
        await app(scope, receive, send)
        if not sent:
            return Raw(0, {}, b"")
        return Raw(
            sent[0]["status"],
            {k.decode(): v.decode() for k, v in sent[0]["headers"]},
            b"".join(part.get("body", b"") for part in sent[1:]),
        )

    return call


@pytest.fixture
def bearer() -> dict[str, str]:
    """The header of a caller called `test`."""
    return {"authorization": TokenIssuer("test", TEST_TOKEN_KEY).bearer("kit")}
