"""The console on a gateway in memory, with time in our hands."""

import re
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack
from dataclasses import dataclass
from pathlib import Path

import argon2
import httpx
import pytest
from fastapi import FastAPI
from pydantic import SecretStr

from fraud_client.testing import FakeGateway
from fraud_console.app import create_app
from fraud_console.gateway_keys import CLIENT, gateway_key
from fraud_console.roles import scopes_of
from fraud_console.security import SESSION
from fraud_console.service import ConsoleService
from fraud_console.settings import Settings
from fraud_shared.testing.asgi import TEST_TOKEN_KEY
from fraud_shared.testing.clocks import FakeClock

PASSWORD = "a long enough password"
KEY = "console-key-of-at-least-32-characters"
# Sign-ins are many here; what a real one costs is the library's to test.
CHEAP = argon2.PasswordHasher(time_cost=1, memory_cost=8, parallelism=1)
ONE_TIME = "one-time-token-of-this-test"


def settings(var: Path, **fields: object) -> Settings:
    return Settings(
        **{
            "env": "development",
            "token_key": SecretStr(TEST_TOKEN_KEY),
            "key": SecretStr(KEY),
            "one_time_token": SecretStr(ONE_TIME),
            "database_url": "",
            "var_dir": var,
            "gateway_url": "http://gateway",
            **fields,
        }
    )


@dataclass
class Browser:
    """A signed-in user's client: it finds the form's token by itself."""

    http: httpx.AsyncClient

    async def get(self, path: str, **given: object) -> httpx.Response:
        return await self.http.get(path, **given)  # type: ignore[arg-type]

    async def post(
        self, path: str, fields: dict[str, object] | None = None, **given: object
    ) -> httpx.Response:
        page = await self.http.get("/style")
        token = re.search(r'name="csrf" value="([0-9a-f]{64})"', page.text)
        assert token is not None
        return await self.http.post(
            path,
            data={"csrf": token[1], **(fields or {})},
            **given,  # type: ignore[arg-type]
        )


@dataclass
class Console:
    """The app, its service and the gateway behind it."""

    app: FastAPI
    service: ConsoleService
    gateway: FakeGateway
    clock: FakeClock
    stack: AsyncExitStack

    async def anonymous(self, **given: object) -> httpx.AsyncClient:
        transport = httpx.ASGITransport(self.app, client=("127.0.0.1", 50_000))
        return await self.stack.enter_async_context(
            httpx.AsyncClient(
                transport=transport,
                base_url="http://console",
                **given,  # type: ignore[arg-type]
            )
        )

    async def user(self, name: str, *roles: str) -> Browser:
        """Add a user, make the key known at the gateway, and open a session."""
        await self.service.users.add(name, roles)
        self.know(name, *roles)
        token = await self.service.sessions.open(name)
        return Browser(await self.anonymous(cookies={SESSION: token}))

    def know(self, name: str, *roles: str) -> None:
        """What `fraud users` prints for the gateway."""
        key = gateway_key(KEY.encode(), name, 1)
        made = self.gateway.key(CLIENT + name, scopes_of(roles))
        self.gateway.keys[key] = self.gateway.keys.pop(made)


@pytest.fixture
async def console(tmp_path: Path) -> AsyncIterator[Console]:
    clock = FakeClock()
    gateway = FakeGateway(now=clock.now)
    app = create_app(
        settings(tmp_path), clock=clock, transport=gateway.transport(), hasher=CHEAP
    )
    async with AsyncExitStack() as stack:
        await stack.enter_async_context(app.router.lifespan_context(app))
        yield Console(app, app.state.service, gateway, clock, stack)
