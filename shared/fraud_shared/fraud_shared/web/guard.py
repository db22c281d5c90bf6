"""Who may call a route: dependencies for cold routes, plain functions for hot ones."""

from collections.abc import Callable

from fastapi import Request

from fraud_shared.mesh.tokens import TokenVerifier
from fraud_shared.web.context import RequestContext
from fraud_shared.web.problems import NotAuthenticated

Guard = Callable[[RequestContext], object]


def service_guard(verifier: TokenVerifier) -> Guard:
    """Lets in callers with a valid service token for this audience."""

    def guard(context: RequestContext) -> None:
        caller = verifier.caller(context.header("authorization"))
        if caller is None:
            raise NotAuthenticated(headers={"www-authenticate": "Bearer"})
        context.caller = caller

    return guard


def open_guard(_: RequestContext) -> None:
    """Lets in everybody."""


async def current_call(request: Request) -> RequestContext:
    """The request's `Call`, for cold routes."""
    context: RequestContext = request.scope["state"]["context"]
    return context


async def require_service(request: Request) -> None:
    """Dependency of internal cold routes: a valid service token, else 401."""
    guard: Guard = request.app.state.service_guard
    guard(await current_call(request))
