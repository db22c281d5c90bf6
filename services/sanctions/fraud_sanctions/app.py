"""The composition root."""

from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from functools import partial
from pathlib import Path

from fastapi import FastAPI

from fraud_sanctions import clearing_routes, matching, party_routes, routes
from fraud_sanctions.announcer import Announcer
from fraud_sanctions.desk import ScreeningDesk
from fraud_sanctions.hearing import Hearing
from fraud_sanctions.party_book import PartyBook
from fraud_sanctions.register import Register
from fraud_sanctions.rescreener import Parts, Rescreener
from fraud_sanctions.settings import Settings
from fraud_sanctions.store import Store
from fraud_shared.mesh.addresses import default_urls
from fraud_shared.mesh.clock import Clock, SystemClock
from fraud_shared.mesh.door import Door
from fraud_shared.mesh.transport import HttpTransport
from fraud_shared.state.bus import Bus, open_bus
from fraud_shared.state.consumer import consuming
from fraud_shared.state.database import Database, database_url
from fraud_shared.state.parking import parking_events_route
from fraud_shared.web.lifespan import owning
from fraud_shared.web.service import create_service
from fraud_shared.web.tokens import TokenIssuer


def create_app(
    settings: Settings | None = None,
    *,
    clock: Clock | None = None,
    door: Door | None = None,
    bus: Bus | None = None,
    schema: str = "sanctions",
) -> FastAPI:
    """The sanctions service; its lists are loaded when it starts. Ports that are not given
    are made from the settings."""
    settings = settings or Settings()
    clock = clock or SystemClock()
    owned: list[Callable[[], Awaitable[None]]] = []
    if bus is None:
        if door is None:
            tokens = TokenIssuer("sanctions", settings.token_secret())
            door = Door(HttpTransport(default_urls()), tokens)
            owned.append(door.close)
        bus = open_bus(settings.amqp_url, door)
    store = Store(_database(settings, schema))
    owned.append(store.close)
    desk = ScreeningDesk(settings, clock, Announcer(store, clock))
    register = Register(store, clock, lambda: desk.edition)
    book = PartyBook(settings, store, clock)
    hearing = Hearing(store, clock)
    rescreener = Rescreener(settings, Parts(store, desk, register, hearing, clock))

    @asynccontextmanager
    async def running() -> AsyncIterator[None]:
        await store.start()
        async with (
            store.relay(bus).running(),
            desk.running(),
            register.running(),
            book.running(),
            rescreener.running(),
            consuming(settings.amqp_url, service="sanctions", handler=hearing.handle),
        ):
            yield

    app = create_service(
        "sanctions",
        settings,
        hot=[
            *routes.hot(desk, register, book),
            parking_events_route(hearing.parking, hearing.handle),
        ],
        routers=[
            routes.router(desk),
            matching.router(desk),
            clearing_routes.router(desk, register, clock),
            party_routes.router(store, book, hearing),
        ],
        lifespan=partial(owning, owned, running),
        checks=desk.checks,
        summary="Screens names against sanctions lists.",
    )
    app.state.desk, app.state.book = desk, book
    return app


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
        pool_size=4,
    )
