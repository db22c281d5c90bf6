"""The composition root."""

from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from functools import partial
from pathlib import Path

from fastapi import FastAPI

from fraud_sanctions import clearing_routes, matching, routes
from fraud_sanctions.announcer import Announcer
from fraud_sanctions.desk import ScreeningDesk
from fraud_sanctions.register import Register
from fraud_sanctions.settings import Settings
from fraud_shared.mesh.addresses import default_urls
from fraud_shared.mesh.clock import Clock, SystemClock
from fraud_shared.mesh.door import Door
from fraud_shared.mesh.transport import HttpTransport
from fraud_shared.state.bus import Bus, open_bus
from fraud_shared.state.database import Database, database_url
from fraud_shared.web.lifespan import owning
from fraud_shared.web.service import create_service
from fraud_shared.web.tokens import TokenIssuer


def create_app(
    settings: Settings | None = None,
    *,
    clock: Clock | None = None,
    bus: Bus | None = None,
    schema: str = "sanctions",
) -> FastAPI:
    """The sanctions service; its lists are loaded when it starts. Ports that are not given
    are made from the settings."""
    settings = settings or Settings()
    clock = clock or SystemClock()
    owned: list[Callable[[], Awaitable[None]]] = []
    if bus is None:
        tokens = TokenIssuer("sanctions", settings.token_secret())
        door = Door(HttpTransport(default_urls()), tokens)
        owned.append(door.close)
        bus = open_bus(settings.amqp_url, door)
    db = _database(settings, schema)
    announcer = Announcer(db, bus, clock)
    owned.append(announcer.close)
    desk = ScreeningDesk(settings, clock, announcer)
    register = Register(db, clock, announcer.open, lambda: desk.edition)
    return create_service(
        "sanctions",
        settings,
        hot=routes.hot(desk, register),
        routers=[
            routes.router(desk),
            matching.router(desk),
            clearing_routes.router(desk, register, clock),
        ],
        lifespan=partial(owning, owned, partial(_running, desk, register)),
        checks=desk.checks,
        summary="Screens names against sanctions lists.",
    )


@asynccontextmanager
async def _running(desk: ScreeningDesk, register: Register) -> AsyncIterator[None]:
    async with desk.running(), register.running():
        yield


def _database(settings: Settings, schema: str) -> Database:
    return Database(
        database_url(
            settings.database_url,
            service="sanctions",
            var_dir=settings.var_dir,
            production=settings.production,
        ),
        schema=schema,
        migrations=Path(__file__).parent / "migrations",
        pool_size=2,
    )
