"""The composition root."""

from collections.abc import Awaitable, Callable
from functools import partial
from pathlib import Path

from fastapi import FastAPI

from fraud_sanctions import matching, routes
from fraud_sanctions.announcer import Announcer
from fraud_sanctions.desk import ScreeningDesk
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
    announcer = Announcer(_database(settings, schema), bus, clock)
    owned.append(announcer.close)
    desk = ScreeningDesk(settings, clock, announcer)
    return create_service(
        "sanctions",
        settings,
        hot=routes.hot(desk),
        routers=[routes.router(desk), matching.router(desk)],
        lifespan=partial(owning, owned, desk.running),
        checks=desk.checks,
        summary="Screens names against sanctions lists.",
    )


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
