"""The composition root."""

from collections.abc import Awaitable, Callable
from functools import partial

from fastapi import FastAPI

from fraud_features.definitions.registry import PAYMENT_FEATURES
from fraud_features.store.open_store import open_online_store
from fraud_post_auth import routes
from fraud_post_auth.dataset import Features
from fraud_post_auth.projection import LabelStore
from fraud_post_auth.service import PostAuthService
from fraud_post_auth.settings import Settings
from fraud_shared.mesh.clock import Clock, SystemClock
from fraud_shared.web.lifespan import owning
from fraud_shared.web.service import create_service

# Nobody waits for a label on its way; a busy store must not cost it another round.
PATIENCE_MS = 1000.0


def create_app(
    settings: Settings | None = None,
    *,
    clock: Clock | None = None,
    online: LabelStore | None = None,
    features: Features | None = None,
    schema: str = "post_auth",
) -> FastAPI:
    """The post_auth service. Ports that are not given are made from the settings."""
    settings = settings or Settings()
    owned: list[Callable[[], Awaitable[None]]] = []
    if online is None:
        store = open_online_store(
            settings.redis_url or "memory://", timeout_ms=PATIENCE_MS
        )
        owned.append(store.close)
        online = store
    service = PostAuthService(
        settings,
        clock=clock or SystemClock(),
        online=online,
        features=features
        or Features(
            PAYMENT_FEATURES.name,
            PAYMENT_FEATURES.version,
            PAYMENT_FEATURES.hash,
            PAYMENT_FEATURES.names,
        ),
        schema=schema,
    )

    app = create_service(
        "post_auth",
        settings,
        hot=routes.hot(service),
        routers=[routes.router(service)],
        lifespan=partial(owning, owned, service.running),
        checks=service.checks,
        summary="Profiles, labels and training data, from what happened after decisions.",
    )
    app.state.service = service
    return app
