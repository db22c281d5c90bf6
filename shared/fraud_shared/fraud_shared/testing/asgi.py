"""A client over an ASGI app, lifespan included, that carries a valid service token."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import httpx
from fastapi import FastAPI

from fraud_shared.mesh.tokens import Actor, TokenIssuer

TEST_TOKEN_KEY = "test-token-key-of-at-least-32-characters"
# As long as any service allows: a test that is about a deadline sends its own.
UNHURRIED_MS = "10000"


@asynccontextmanager
async def client(
    app: FastAPI,
    *,
    token_key: str = TEST_TOKEN_KEY,
    authenticated: bool = True,
    actor: Actor | None = None,
) -> AsyncIterator[httpx.AsyncClient]:
    """Start `app`, and yield a client whose calls come from the service `test`, on behalf
    of `actor` where one is given.

    The app's settings must use `token_key=TEST_TOKEN_KEY`. Requests have ten seconds, so
    that a busy machine fails no test.
    """
    audience = app.state.readiness.service
    headers = {"x-deadline-ms": UNHURRIED_MS}
    if authenticated:
        headers["authorization"] = TokenIssuer("test", token_key).bearer(
            audience, actor
        )
    transport = httpx.ASGITransport(app)
    async with (
        app.router.lifespan_context(app),
        httpx.AsyncClient(
            transport=transport, base_url=f"http://{audience}", headers=headers
        ) as http,
    ):
        yield http


@asynccontextmanager
async def idle(app: FastAPI) -> AsyncIterator[Any]:
    """The parts of a service (`app.state.service`) with an open store and nothing in the
    background."""
    service = app.state.service
    await service.db.start()
    try:
        yield service
    finally:
        await service.db.stop()
