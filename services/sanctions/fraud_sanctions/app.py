"""The composition root."""

from fastapi import FastAPI

from fraud_sanctions import matching, routes
from fraud_sanctions.desk import ScreeningDesk
from fraud_sanctions.settings import Settings
from fraud_shared.mesh.clock import Clock
from fraud_shared.web.service import create_service


def create_app(
    settings: Settings | None = None, *, clock: Clock | None = None
) -> FastAPI:
    """The sanctions service; its lists are loaded when it starts."""
    settings = settings or Settings()
    desk = ScreeningDesk(settings, clock)
    return create_service(
        "sanctions",
        settings,
        hot=routes.hot(desk),
        routers=[routes.router(desk), matching.router(desk)],
        lifespan=desk.running,
        checks=desk.checks,
        summary="Screens names against sanctions lists.",
    )
