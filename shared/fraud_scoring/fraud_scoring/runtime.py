"""The one scorer runtime: a service supplies an engine, everything else is here."""

from fastapi import FastAPI

from fraud_scoring import routes
from fraud_scoring.desk import ScorerDesk
from fraud_scoring.registry import ModelRegistry
from fraud_scoring.scorer import ScorerEngine
from fraud_scoring.settings import ScorerSettings
from fraud_shared.mesh.clock import Clock
from fraud_shared.web.service import create_service


def create_scorer_service(
    name: str,
    settings: ScorerSettings,
    engine: ScorerEngine,
    *,
    registry: ModelRegistry | None = None,
    clock: Clock | None = None,
    summary: str = "",
) -> FastAPI:
    """A scorer app: live at once, ready when its default model is loaded and warm.

    `registry` and `clock` replace the configured ones. Raises `SecretMissing` in
    production when the registry, the public key or the token key is not set.
    """
    desk = ScorerDesk(name, settings, engine, registry=registry, clock=clock)
    return create_service(
        name,
        settings,
        hot=routes.hot(desk, settings),
        routers=[routes.router(desk)],
        lifespan=desk.running,
        checks=desk.checks,
        summary=summary,
    )
