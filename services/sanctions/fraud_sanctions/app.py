"""The composition root."""

from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from functools import partial
from pathlib import Path

from fastapi import FastAPI

from fraud_sanctions import tables
from fraud_sanctions.api import (
    clearing_routes,
    match_routes,
    party_routes,
    routes,
    yente_routes,
)
from fraud_sanctions.clearing.store import ClearedMatchStore
from fraud_sanctions.lists.announcer import Announcer
from fraud_sanctions.lists.consumer import ListUpdateConsumer
from fraud_sanctions.parties.recorder import PartyRecorder
from fraud_sanctions.rescreening.rescreener import Parts, Rescreener
from fraud_sanctions.service import ScreeningService
from fraud_sanctions.settings import Settings
from fraud_sanctions.store import Store
from fraud_sanctions.subject_data import SanctionsSubjects
from fraud_shared.mesh.addresses import default_urls
from fraud_shared.mesh.client import ServiceClient
from fraud_shared.mesh.clock import Clock, SystemClock
from fraud_shared.mesh.tokens import TokenIssuer
from fraud_shared.mesh.transport import HttpTransport
from fraud_shared.state.bus import Bus
from fraud_shared.state.consumer import consuming
from fraud_shared.state.database import Database, database_url
from fraud_shared.state.open_bus import open_bus
from fraud_shared.state.parking import parking_events_route
from fraud_shared.state.retaining import Retainer, retaining, rules_in
from fraud_shared.state.subject_data import subject_router
from fraud_shared.web.lifespan import owning
from fraud_shared.web.service import create_service


def create_app(
    settings: Settings | None = None,
    *,
    clock: Clock | None = None,
    service_client: ServiceClient | None = None,
    bus: Bus | None = None,
    schema: str = "sanctions",
) -> FastAPI:
    """The sanctions service; its lists are loaded when it starts. Ports that are not given
    are made from the settings."""
    settings = settings or Settings()
    clock = clock or SystemClock()
    owned: list[Callable[[], Awaitable[None]]] = []
    if bus is None:
        if service_client is None:
            tokens = TokenIssuer("sanctions", settings.token_secret())
            service_client = ServiceClient(HttpTransport(default_urls()), tokens)
            owned.append(service_client.close)
        bus = open_bus(settings.amqp_url, service_client)
    store = Store(_database(settings, schema))
    owned.append(store.close)
    service = ScreeningService(settings, clock, Announcer(store, clock))
    register = ClearedMatchStore(store, clock, lambda: service.edition)
    book = PartyRecorder(settings, store, clock)
    subjects = SanctionsSubjects(
        store, book, register, clock, lambda: service.edition.forget_parties()
    )
    list_updates = ListUpdateConsumer(store, clock)
    rules = rules_in("sanctions", settings)
    retainer = Retainer(store.db, tables.metadata, rules, clock)
    rescreener = Rescreener(
        settings, Parts(store, service, register, list_updates, clock)
    )

    @asynccontextmanager
    async def running() -> AsyncIterator[None]:
        await store.start()
        async with (
            store.relay(bus).running(),
            service.running(),
            register.running(),
            book.running(),
            rescreener.running(),
            retaining(retainer, ready=store.open),
            consuming(
                settings.amqp_url,
                service="sanctions",
                handler=list_updates.handle,
                park=list_updates.park,
            ),
        ):
            yield

    app = create_service(
        "sanctions",
        settings,
        hot=[
            *routes.hot(service, register, book),
            parking_events_route(list_updates.parking, list_updates.handle),
        ],
        routers=[
            routes.router(service),
            match_routes.router(service),
            yente_routes.router(service),
            clearing_routes.router(service, register, clock),
            party_routes.router(store, book, list_updates),
            subject_router(subjects.erase, subjects.export),
        ],
        lifespan=partial(owning, owned, running),
        checks=service.checks,
        summary="Screens names against sanctions lists.",
    )
    app.state.service, app.state.book = service, book
    app.state.retainer = retainer
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
