"""The composition root."""

from fastapi import FastAPI

from fraud_decision import routes
from fraud_decision.service import PolicyService
from fraud_decision.settings import Settings
from fraud_shared.web.service import create_service


def create_app(settings: Settings | None = None) -> FastAPI:
    """The decision service, loading its policy when it starts."""
    settings = settings or Settings()
    service = PolicyService(settings)
    return create_service(
        "decision",
        settings,
        hot=routes.hot(service),
        routers=[routes.router(service)],
        lifespan=service.running,
        checks=service.checks,
        summary="Combines rules, scores and screening into one verdict with reasons.",
    )
