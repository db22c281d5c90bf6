"""Signing in and out, and the theme."""

import ipaddress
from typing import Annotated

from fastapi import APIRouter, Form, Request, Response
from fastapi.responses import RedirectResponse

from fraud_console.api.errors import ForeignRequest, NotSignedIn
from fraud_console.api.guards import Visit, changing, seeing
from fraud_console.oidc import WAIT_S, Pending, SignInFailed
from fraud_console.rendering import THEMES, theme_of
from fraud_console.security import SESSION, THEME, local_path, same_origin
from fraud_console.service import ConsoleService
from fraud_console.telemetry import SIGN_INS
from fraud_console.users import ADMIN
from fraud_console.views.style import samples
from fraud_shared.web.context import RequestContext

PENDING = "fraud_sign_in"
YEAR_S = 365 * 86400
Text = Annotated[str, Form(max_length=256)]
WRONG = "The name or the password is wrong, or the account is paused for some minutes."


def router(service: ConsoleService) -> APIRouter:
    """The way in and out."""
    routes = APIRouter(include_in_schema=False)
    _by_password(routes, service)
    _once(routes, service)
    _by_provider(routes, service)
    _signed_in(routes, service)
    return routes


def _by_password(routes: APIRouter, service: ConsoleService) -> None:
    def page(request: Request, *, status: int = 200, problem: str = "") -> Response:
        return service.renderer.reply(
            "pages/sign_in.html",
            request,
            None,
            status=status,
            theme=theme_of(request),
            problem=problem,
            wanted=local_path(request.query_params.get("next")),
            oidc=service.oidc is not None,
        )

    @routes.get("/sign-in")
    async def form(request: Request) -> Response:
        """The form, or the way to the identity provider."""
        return page(request)

    @routes.post("/sign-in")
    async def sign_in(
        request: Request, name: Text, password: Text, wanted: Text = "/"
    ) -> Response:
        """Open a session for a name and password."""
        if service.oidc is not None or not same_origin(request):
            raise ForeignRequest
        user = await service.users.by_password(name.strip().lower(), password)
        outcome = "refused" if user is None else "done"
        SIGN_INS.labels("password", outcome).inc()
        await _note(service, request, name, "sign in", outcome)
        if user is None:
            return page(request, status=403, problem=WRONG)
        return await opened(service, user.name, wanted)


def _once(routes: APIRouter, service: ConsoleService) -> None:
    @routes.get("/sign-in/once")
    async def once(request: Request, token: str = "") -> Response:
        """Sign in as administrator with what the command printed: once, from this machine."""
        if not _is_loopback(request) or not service.spend_one_time(token):
            SIGN_INS.labels("once", "refused").inc()
            raise NotSignedIn
        SIGN_INS.labels("once", "done").inc()
        await _note(service, request, ADMIN, "sign in once", "done")
        return await opened(service, ADMIN, "/")


def _by_provider(routes: APIRouter, service: ConsoleService) -> None:
    @routes.post("/sign-in/provider")
    async def start(request: Request) -> Response:
        """Go to the identity provider."""
        if service.oidc is None or not same_origin(request):
            raise ForeignRequest
        pending = Pending.fresh()
        reply = RedirectResponse(await service.oidc.start(pending), 303)
        service.cookies.set(reply, PENDING, pending.write(), WAIT_S)
        return reply

    @routes.get("/sign-in/callback")
    async def callback(request: Request, state: str = "", code: str = "") -> Response:
        """Back from the identity provider."""
        pending = Pending.read(service.cookies.get(request, PENDING))
        if service.oidc is None or pending is None:
            raise SignInFailed("Start the sign-in again.")
        name = await service.oidc.finish(pending, state, code)
        user = await service.users.find(name)
        if user is None or user.disabled:
            SIGN_INS.labels("provider", "refused").inc()
            await _note(service, request, name, "sign in", "unknown user")
            raise SignInFailed(
                "You are who you say, but not on the list of this console."
            )
        SIGN_INS.labels("provider", "done").inc()
        await _note(service, request, name, "sign in", "done")
        reply = await opened(service, name, "/")
        service.cookies.drop(reply, PENDING)
        return reply


def _signed_in(routes: APIRouter, service: ConsoleService) -> None:
    changes = changing(service, "")
    sees = seeing(service, "")

    @routes.post("/sign-out")
    async def sign_out(visit: Annotated[Visit, changes]) -> Response:
        """End the session."""
        found: Visit = visit
        await service.sessions.close(found.session.token)
        await found.note("sign out", found.session.name, "done")
        reply = RedirectResponse("/sign-in", 303)
        service.cookies.drop(reply, SESSION)
        return reply

    @routes.post("/theme")
    async def theme(
        visit: Annotated[Visit, changes],
        theme: Text,
        back: Text = "/",
    ) -> Response:
        """Light, dark, or as the system is."""
        reply = RedirectResponse(local_path(back), 303)
        if theme in THEMES:
            reply.set_cookie(
                THEME, theme, max_age=YEAR_S, samesite="lax", httponly=True
            )
        return reply

    @routes.get("/style")
    async def style(visit: Annotated[Visit, sees]) -> Response:
        """Every component once."""
        found: Visit = visit
        return found.page("pages/style.html", **samples())


async def opened(service: ConsoleService, name: str, wanted: str) -> Response:
    """A new session, and where its user wanted to go."""
    token = await service.sessions.open(name)
    reply = RedirectResponse(local_path(wanted), 303)
    lifetime = int(service.settings.session_lifetime.total_seconds())
    service.cookies.set(reply, SESSION, token, lifetime)
    return reply


async def _note(
    service: ConsoleService, request: Request, name: str, what: str, outcome: str
) -> None:
    context: RequestContext = request.scope["state"]["context"]
    shown = name if name.isprintable() else "(unprintable)"
    await service.activity.note(shown, what, shown, outcome, context.request_id)


def _is_loopback(request: Request) -> bool:
    host = request.client.host if request.client else ""
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False
