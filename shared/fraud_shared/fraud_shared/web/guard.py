"""Who may call a route: dependencies for cold routes, plain functions for hot ones."""

from collections.abc import Callable

from fastapi import Request

from fraud_shared.web.call import Call
from fraud_shared.web.problems import NotAuthenticated
from fraud_shared.web.tokens import TokenVerifier

Guard = Callable[[Call], None]


def service_guard(verifier: TokenVerifier) -> Guard:
    """Lets in callers with a valid service token for this audience."""

    def guard(call: Call) -> None:
        caller = verifier.caller(call.header("authorization"))
        if caller is None:
            raise NotAuthenticated(headers={"www-authenticate": "Bearer"})
        call.caller = caller

    return guard


def open_guard(_: Call) -> None:
    """Lets in everybody."""


async def current_call(request: Request) -> Call:
    """The request's `Call`, for cold routes."""
    call: Call = request.scope["state"]["call"]
    return call


async def require_service(request: Request) -> None:
    """Dependency of internal cold routes: a valid service token, else 401."""
    guard: Guard = request.app.state.service_guard
    guard(await current_call(request))
