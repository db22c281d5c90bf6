"""The composition root."""

from fastapi import FastAPI

from fraud_decision import routes
from fraud_decision.desk import PolicyDesk
from fraud_decision.settings import Settings
from fraud_shared.web.service import create_service


def create_app(settings: Settings | None = None) -> FastAPI:
    """The decision service, loading its policy when it starts."""
    settings = settings or Settings()
    desk = PolicyDesk(settings)
    return create_service(
        "decision",
        settings,
        hot=routes.hot(desk),
        routers=[routes.router(desk)],
        lifespan=desk.running,
        checks=desk.checks,
        summary="Combines rules, scores and screening into one verdict with reasons.",
    )
