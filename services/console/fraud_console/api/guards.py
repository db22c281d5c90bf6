"""One request of a signed-in user: who, what they may do, and how to answer."""

import hmac
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Annotated, Any

from fastapi import Depends, Request, Response
from fastapi.responses import RedirectResponse

from fraud_client import ApiError, AsyncFraudClient, FraudClientError
from fraud_console.api.errors import ForeignRequest, NotAllowed, NotSignedIn
from fraud_console.fetch import explain
from fraud_console.rendering import theme_of
from fraud_console.security import FLASH, SESSION, same_origin
from fraud_console.service import ConsoleService
from fraud_console.sessions import Session
from fraud_console.telemetry import CHANGES
from fraud_shared.contracts import card_numbers
from fraud_shared.web.context import RequestContext
from fraud_shared.web.problems import InvalidInput

# Random text, and texts of rules, whose lists of codes may look like a card number: the
# gateway reads those value by value.
_UNGUARDED = ("csrf", "source")
Guard = Callable[[Request], Awaitable["Visit"]]


@dataclass(frozen=True, slots=True)
class Visit:
    """A request with its session; `client` is the gateway as this user may use it."""

    service: ConsoleService
    request: Request
    session: Session

    @property
    def client(self) -> AsyncFraudClient:
        """The user's client of the gateway."""
        return self.service.gateways.of(self.session.user)

    @property
    def is_fragment(self) -> bool:
        """Whether a part of a page is wanted, and not a page."""
        headers = self.request.headers
        return "hx-request" in headers and "hx-history-restore-request" not in headers

    @property
    def request_id(self) -> str:
        """The id of this request, as in the log."""
        context: RequestContext = self.request.scope["state"]["context"]
        return context.request_id

    def may(self, what: str) -> bool:
        """Whether the user's roles allow something."""
        return self.session.may(what)

    def page(self, template: str, *, status: int = 200, **context: Any) -> Response:
        """A template as the answer; what the page before wanted said is said."""
        flash = self.service.cookies.flashed(self.request)
        reply = self.service.renderer.reply(
            template,
            self.request,
            self.session,
            status=status,
            flash=None if self.is_fragment else flash,
            theme=theme_of(self.request),
            **context,
        )
        if flash is not None and not self.is_fragment:
            self.service.cookies.drop(reply, FLASH)
        return reply

    def to(self, place: str, kind: str, text: str) -> Response:
        """Another page, and what it says first."""
        reply: Response
        if self.is_fragment:
            reply = Response(status_code=204, headers={"hx-redirect": place})
        else:
            reply = RedirectResponse(place, 303)
        self.service.cookies.flash(reply, kind, text)
        return reply

    async def change(
        self,
        what: str,
        target: str,
        asked: Awaitable[Any],
        *,
        to: str,
        done: str | Callable[[Any], str],
    ) -> Response:
        """Ask the gateway for a change, put it on record with who asked, and go `to`.
        `done`: what the next page says, of the answer."""
        outcome, kind, text = "done", "good", ""
        try:
            answer = await asked
            text = done if isinstance(done, str) else done(answer)
        except FraudClientError as error:
            outcome = error.type if isinstance(error, ApiError) else "no answer"
            found = explain(error, what)
            kind, text = "bad", f"{found.title}. {found.text}".strip()
            if isinstance(error, ApiError) and error.status == 409:
                text = f"{what}: {error.detail}"
        await self.note(what, target, outcome)
        return self.to(to, kind, text)

    async def note(self, what: str, target: str, outcome: str) -> None:
        """Put on record what the user did."""
        CHANGES.labels("done" if outcome == "done" else "refused").inc()
        await self.service.activity.note(
            self.session.name, what, target, outcome, self.request_id
        )


def seeing(service: ConsoleService, what: str) -> Any:
    """A dependency: the visit of a user who may see `what`. Raises NotSignedIn and
    NotAllowed."""

    async def visit(request: Request) -> Visit:
        token = service.cookies.get(request, SESSION)
        session = await service.sessions.find(token)
        if session is None:
            raise NotSignedIn
        context: RequestContext = request.scope["state"]["context"]
        context.caller = session.name
        request.state.session = session
        if what and not session.may(what):
            raise NotAllowed
        return Visit(service, request, session)

    return Depends(visit)


def changing(service: ConsoleService, what: str) -> Any:
    """The same for a change: it must come from a page of this very session. Raises
    ForeignRequest, and InvalidInput for a field with a card number in it."""
    seen = seeing(service, what)

    async def visit(request: Request, found: Annotated[Visit, seen]) -> Visit:
        form = await request.form()
        given = request.headers.get("x-csrf-token") or str(form.get("csrf", ""))
        good = hmac.compare_digest(given.encode(), found.session.csrf.encode())
        if not good or not same_origin(request):
            raise ForeignRequest
        for name, text in form.multi_items():
            if name not in _UNGUARDED and card_numbers.contains(str(text)):
                raise InvalidInput(errors=[(name, "looks like a card number")])
        return found

    return Depends(visit)
