"""Refusals as pages: where to sign in, what is not there, what went wrong."""

from typing import Any
from urllib.parse import urlencode

from fastapi import FastAPI, Request, Response
from fastapi.exceptions import RequestValidationError
from fastapi.responses import RedirectResponse
from starlette.exceptions import HTTPException

from fraud_console.rendering import theme_of
from fraud_console.service import ConsoleService
from fraud_shared.errors import FraudError

TITLES = {
    403: "You may not do this",
    404: "There is no such page",
    405: "This page cannot be asked that way",
    422: "Something in the form is not right",
    503: "The console's store is not available",
}


class NotSignedIn(FraudError):
    """Nobody is signed in."""

    status = 401
    type = "not-signed-in"
    detail = "Sign in first."


class NotAllowed(FraudError):
    """The user's roles do not allow this."""

    status = 403
    type = "not-allowed"
    detail = "Your roles do not allow this. Ask an administrator."


class ForeignRequest(FraudError):
    """A change was asked for that no page of this session asked for."""

    status = 403
    type = "foreign-request"
    detail = "The form is no longer good. Go back, load the page again, and repeat it."


def handle(app: FastAPI, service: ConsoleService) -> None:
    """Put the pages in place of problem documents."""

    async def page(request: Request, error: Exception) -> Response:
        status, detail = _said(error)
        if status == 401:
            return to_sign_in(request)
        session = getattr(request.state, "session", None)
        return service.renderer.reply(
            "pages/error.html",
            request,
            session,
            status=status,
            theme=theme_of(request),
            title=TITLES.get(status, "This did not work"),
            detail=detail,
        )

    kinds: tuple[type[Exception], ...] = (
        FraudError,
        HTTPException,
        RequestValidationError,
    )
    for kind in kinds:
        app.add_exception_handler(kind, page)


def to_sign_in(request: Request) -> Response:
    """The way to the sign-in page, and back afterwards."""
    wanted = request.url.path if request.method == "GET" else "/"
    if request.method == "GET" and request.url.query:
        wanted += f"?{request.url.query}"
    place = "/sign-in?" + urlencode({"next": wanted})
    if request.headers.get("hx-request"):
        return Response(status_code=204, headers={"hx-redirect": place})
    return RedirectResponse(place, 303)


def _said(error: Exception) -> tuple[int, str]:
    if isinstance(error, FraudError):
        fields = "; ".join(f"{field}: {problem}" for field, problem in error.errors)
        return error.status, fields or error.detail
    if isinstance(error, RequestValidationError):
        places: list[Any] = [fault["loc"][-1] for fault in error.errors()]
        return 422, "Look again at: " + ", ".join(sorted({str(p) for p in places}))
    if isinstance(error, HTTPException):
        cause = error.__cause__
        if isinstance(cause, FraudError):
            return _said(cause)
        return error.status_code, ""
    return 500, ""
