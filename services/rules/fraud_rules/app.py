"""The composition root."""

from fastapi import FastAPI

from fraud_rules import routes
from fraud_rules.service import RulesService
from fraud_rules.settings import Settings
from fraud_shared.mesh.clock import Clock, SystemClock
from fraud_shared.web.service import create_service


def create_app(
    settings: Settings | None = None,
    *,
    clock: Clock | None = None,
    schema: str = "rules",
) -> FastAPI:
    """The rules service: what is in force comes from its store, first seeded by a file."""
    settings = settings or Settings()
    clock = clock or SystemClock()
    service = RulesService(settings, clock, schema=schema)
    app = create_service(
        "rules",
        settings,
        hot=routes.hot(service),
        routers=routes.routers(service, clock),
        lifespan=service.running,
        checks=service.checks,
        summary="Evaluates a typed ruleset on one payment: ALLOW, FLAG or BLOCK.",
    )
    app.state.service = service
    return app
