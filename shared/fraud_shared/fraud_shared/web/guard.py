"""Who may call a route: dependencies for cold routes, plain functions for hot ones."""

from collections.abc import Callable
from typing import Annotated

from fastapi import Depends, Request

from fraud_shared.mesh.tokens import Actor, TokenVerifier
from fraud_shared.web.context import RequestContext
from fraud_shared.web.problems import Forbidden, InvalidInput, NotAuthenticated

Guard = Callable[[RequestContext], object]


def service_guard(verifier: TokenVerifier) -> Guard:
    """Lets in callers with a valid service token for this audience."""

    def guard(context: RequestContext) -> None:
        verified = verifier.verified(context.header("authorization"))
        if verified is None:
            raise NotAuthenticated(headers={"www-authenticate": "Bearer"})
        context.caller, context.actor = verified.caller, verified.actor

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


async def require_actor(request: Request) -> Actor:
    """Dependency of internal cold routes that act for somebody: 401 without a service
    token, 403 with one that names no client of the gateway."""
    await require_service(request)
    actor = (await current_call(request)).actor
    if actor is None:
        raise Forbidden("The service token must name the client it acts for.")
    return actor


ForActor = Annotated[Actor, Depends(require_actor)]


def who_asks(context: RequestContext, said: str | None) -> str:
    """Who is answerable: the client that the gateway asks for, and only for another service
    what the body says. Raises InvalidInput when nobody is named."""
    who = said if context.actor is None else context.actor.client
    if who is None:
        raise InvalidInput(errors=[("who", "is required")])
    return who
