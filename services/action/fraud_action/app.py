"""The composition root."""

from fastapi import FastAPI

from fraud_action import routes
from fraud_action.blocks import BlockStore
from fraud_action.deliveries import Senders
from fraud_action.desk import ActionDesk, Ports
from fraud_action.settings import Settings
from fraud_action.webhook import Webhook, WebhookAlerts, WebhookOtp
from fraud_features.online import open_online_store
from fraud_shared.mesh.addresses import default_urls
from fraud_shared.mesh.clock import Clock, SystemClock
from fraud_shared.mesh.door import Door
from fraud_shared.mesh.transport import HttpTransport, Transport
from fraud_shared.state.bus import Bus, open_bus
from fraud_shared.web.service import create_service
from fraud_shared.web.tokens import TokenIssuer


def create_app(
    settings: Settings | None = None,
    *,
    clock: Clock | None = None,
    online: BlockStore | None = None,
    door: Door | None = None,
    bus: Bus | None = None,
    senders: Senders | None = None,
    schema: str = "action",
) -> FastAPI:
    """The action service. Ports that are not given are made from the settings."""
    settings = settings or Settings()
    clock = clock or SystemClock()
    if bus is None:
        door = door or Door(
            HttpTransport(default_urls()),
            TokenIssuer("action", settings.token_secret()),
        )
        bus = open_bus(settings.amqp_url, door)
    ports = Ports(
        clock=clock,
        online=online or open_online_store(settings.redis_url or "memory://"),
        bus=bus,
        senders=senders or _senders(settings, clock),
    )
    desk = ActionDesk(settings, ports, schema=schema)
    app = create_service(
        "action",
        settings,
        hot=routes.hot(desk),
        routers=routes.routers(desk),
        lifespan=lifespan,
        checks=desk.checks,
        summary="Challenges, holds, blocks, alerts and cases: once each, and on record.",
    )
    app.state.desk = desk
    return app


def _senders(settings: Settings, clock: Clock, transport: Transport) -> Senders:
    made = {
        name: Webhook(
            name,
            transport,
            settings.signing_secret(),
            clock.now,
            settings.webhook_timeout_s,
        )
        for name in settings.webhooks()
    }
    return Senders(
        alert=WebhookAlerts(made["alert"]) if "alert" in made else None,
        otp=WebhookOtp(made["otp"]) if "otp" in made else None,
    )
