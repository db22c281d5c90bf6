"""The composition root."""

from typing import Any

import argon2
import httpx
from fastapi import FastAPI
from starlette.routing import Route
from starlette.staticfiles import StaticFiles

from fraud_console.api import errors, routes, rule_routes
from fraud_console.rendering import STATIC
from fraud_console.security import SecurityHeaders
from fraud_console.service import ConsoleService
from fraud_console.settings import Settings
from fraud_shared.mesh.clock import Clock, SystemClock
from fraud_shared.web.guard import open_guard
from fraud_shared.web.service import create_service

_DESCRIPTIONS = ("/docs", "/docs/oauth2-redirect", "/openapi.json")


class StaticFilesKept(StaticFiles):
    """Files whose address changes with their content, so that browsers keep them."""

    def file_response(self, *given: Any, **named: Any) -> Any:
        """The file, to be kept for a year."""
        reply = super().file_response(*given, **named)
        reply.headers["cache-control"] = "public, max-age=31536000, immutable"
        return reply


def create_app(
    settings: Settings | None = None,
    *,
    clock: Clock | None = None,
    transport: httpx.AsyncBaseTransport | None = None,
    hasher: argon2.PasswordHasher | None = None,
    schema: str = "console",
) -> FastAPI:
    """The console. `transport` reaches the gateway in another way than over its URL;
    `hasher` makes passwords cheaper to check, for tests."""
    settings = settings or Settings()
    service = ConsoleService(
        settings,
        clock=clock or SystemClock(),
        transport=transport,
        hasher=hasher,
        schema=schema,
    )
    app = create_service(
        "console",
        settings,
        routers=routes.routers(service),
        lifespan=service.running,
        checks=service.checks,
        summary="Pages for analysts, rule authors, model owners and operators.",
        public=True,
        limits=rule_routes.LIMITS,
        # Whoever wants to sign in has no session yet; every other page asks for one.
        guard=open_guard,
    )
    app.state.service = service
    # Pages are not an API: nothing to describe, and what describes comes from elsewhere.
    app.router.routes[:] = [
        route
        for route in app.router.routes
        if not (isinstance(route, Route) and route.path in _DESCRIPTIONS)
    ]
    app.mount("/static", StaticFilesKept(directory=STATIC), name="static")
    errors.handle(app, service)
    app.add_middleware(SecurityHeaders, secure=settings.production)
    return app
