"""The composition root."""

from fastapi import FastAPI

from fraud_rules import routes
from fraud_rules.service import RulesService
from fraud_rules.settings import Settings
from fraud_shared.mesh.clock import Clock, SystemClock
from fraud_shared.web.service import create_service


def create_app(
    settings: Settings | None = None, *, clock: Clock | None = None
) -> FastAPI:
    """The rules service, loading its ruleset when it starts."""
    settings = settings or Settings()
    service = RulesService(settings, clock or SystemClock())
    return create_service(
        "rules",
        settings,
        hot=routes.hot(service),
        routers=[routes.router(service)],
        lifespan=service.running,
        checks=service.checks,
        summary="Evaluates a typed ruleset on one payment: ALLOW, FLAG or BLOCK.",
    )
