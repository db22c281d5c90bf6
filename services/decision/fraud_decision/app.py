"""The composition root."""

from fastapi import FastAPI

from fraud_decision import routes
from fraud_decision.service import PolicyService
from fraud_decision.settings import Settings
from fraud_shared.mesh.clock import Clock, SystemClock
from fraud_shared.web.service import create_service


def create_app(
    settings: Settings | None = None,
    *,
    clock: Clock | None = None,
    schema: str = "decision",
) -> FastAPI:
    """The decision service: its policy comes from its store, first seeded by a file."""
    settings = settings or Settings()
    service = PolicyService(settings, clock or SystemClock(), schema=schema)
    app = create_service(
        "decision",
        settings,
        hot=routes.hot(service),
        routers=[routes.router(service)],
        lifespan=service.running,
        checks=service.checks,
        summary="Combines rules, scores and screening into one verdict with reasons.",
    )
    app.state.service = service
    return app
