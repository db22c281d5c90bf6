"""The composition root."""

from collections.abc import Awaitable, Callable
from functools import partial

from fastapi import FastAPI

from fraud_action import routes
from fraud_action.blocks import BlockStore
from fraud_action.notifications import Senders
from fraud_action.open_senders import open_senders, open_trial_sender
from fraud_action.service import ActionService, Ports
from fraud_action.settings import Settings
from fraud_features.store.open_store import open_online_store
from fraud_shared.mesh.addresses import default_urls
from fraud_shared.mesh.client import ServiceClient
from fraud_shared.mesh.clock import Clock, SystemClock
from fraud_shared.mesh.tokens import TokenIssuer
from fraud_shared.mesh.transport import HttpTransport
from fraud_shared.state.bus import Bus
from fraud_shared.state.open_bus import open_bus
from fraud_shared.web.lifespan import owning
from fraud_shared.web.service import create_service


def create_app(
    settings: Settings | None = None,
    *,
    clock: Clock | None = None,
    online: BlockStore | None = None,
    service_client: ServiceClient | None = None,
    bus: Bus | None = None,
    senders: Senders | None = None,
    schema: str = "action",
) -> FastAPI:
    """The action service. Ports that are not given are made from the settings, and closed
    with the service."""
    settings = settings or Settings()
    clock = clock or SystemClock()
    owned: list[Callable[[], Awaitable[None]]] = []
    if bus is None:
        if service_client is None:
            tokens = TokenIssuer("action", settings.token_secret())
            service_client = ServiceClient(HttpTransport(default_urls()), tokens)
            owned.append(service_client.close)
        bus = open_bus(settings.amqp_url, service_client)
    if online is None:
        store = open_online_store(settings.redis_url or "memory://")
        owned.append(store.close)
        online = store
    if senders is None:
        senders = open_senders(settings, clock.now, owned)
    trial = open_trial_sender(settings, clock.now, owned)
    ports = Ports(clock, online, bus, senders, trial)
    service = ActionService(settings, ports, schema=schema)

    app = create_service(
        "action",
        settings,
        hot=routes.hot(service),
        routers=routes.routers(service),
        lifespan=partial(owning, owned, service.running),
        checks=service.checks,
        summary="Challenges, holds, blocks, alerts and cases: once each, and on record.",
    )
    app.state.service = service
    return app
