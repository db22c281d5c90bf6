"""The console's parts, put together, and what runs beside its requests."""

import hmac
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import asynccontextmanager
from pathlib import Path

import argon2
import httpx

from fraud_console.activity import Activity
from fraud_console.gateways import Gateways
from fraud_console.live import LiveFeeds
from fraud_console.oidc import OpenIdConnect
from fraud_console.rendering import Renderer
from fraud_console.security import Cookies
from fraud_console.sessions import Sessions
from fraud_console.settings import Settings
from fraud_console.users import ADMIN, Users
from fraud_shared.mesh.clock import Clock
from fraud_shared.state.database import Database, database_url


def open_database(settings: Settings, schema: str = "console") -> Database:
    """The console's own database."""
    return Database(
        database_url(
            settings.database_url,
            service="console",
            var_dir=settings.var_dir,
            production=settings.production,
        ),
        schema=schema,
        migrations=Path(__file__).parent / "migrations",
        pool_size=4,
    )


class ConsoleService:
    """Users, sessions, the record of changes, and the mesh as each user sees it."""

    def __init__(
        self,
        settings: Settings,
        *,
        clock: Clock,
        transport: httpx.AsyncBaseTransport | None = None,
        hasher: argon2.PasswordHasher | None = None,
        schema: str = "console",
    ) -> None:
        self.settings = settings
        self.clock = clock
        self.db = open_database(settings, schema)
        secret = settings.console_key()
        self.users = Users(
            self.db,
            clock,
            failures=settings.sign_in_failures,
            pause=settings.sign_in_pause,
            hasher=hasher,
        )
        self.sessions = Sessions(
            self.db,
            clock,
            idle=settings.session_idle,
            lifetime=settings.session_lifetime,
        )
        self.activity = Activity(self.db, clock)
        self.gateways = Gateways(
            settings.gateway,
            secret,
            deadline_s=settings.gateway_deadline.total_seconds(),
            transport=transport,
        )
        self.live = LiveFeeds(settings.live_every, settings.live_keep, clock)
        self.cookies = Cookies(secret, secure=settings.production)
        self.renderer = Renderer(clock)
        self.oidc = OpenIdConnect(settings) if settings.oidc else None
        self._one_time = settings.one_time_token.get_secret_value()
        self._open = False

    @property
    def checks(self) -> Mapping[str, Callable[[], bool]]:
        """What readiness asks."""
        return {"store": lambda: self._open}

    def spend_one_time(self, token: str) -> bool:
        """Whether this is the one-time sign-in, which is then spent."""
        good = bool(self._one_time) and hmac.compare_digest(
            token.encode(), self._one_time.encode()
        )
        if good:
            self._one_time = ""
        return good

    @asynccontextmanager
    async def running(self) -> AsyncIterator[None]:
        """Open the store; on the embedded defaults there is an administrator."""
        await self.db.start()
        self._open = True
        try:
            if self._one_time and await self.users.find(ADMIN) is None:
                await self.users.add(ADMIN, ["admin"])
            yield
        finally:
            self._open = False
            await self.live.close()
            await self.gateways.close()
            await self.db.stop()
