"""Questions that another service answers: passed on, and its answer passed back."""

from fastapi import Response
from pydantic import BaseModel

from fraud_orchestrator.gateway import Gateway
from fraud_shared.mesh.deadline import Deadline
from fraud_shared.mesh.errors import (
    DependencyError,
    DependencyFailed,
    DependencyOverloaded,
)
from fraud_shared.web.context import RawResponse, RequestContext
from fraud_shared.web.problems import MEDIA_TYPE, NotFound, Overloaded, Unavailable

_JSON = "application/json"
# What it answers when this gateway may not ask: no fault of whoever asked the gateway.
_OURS = (401, 403)


async def post(
    gateway: Gateway, service: str, path: str, context: RequestContext
) -> RawResponse:
    """POST the request's own bytes and hand over the answer, a refusal too: contracts say
    less than a service knows (a name may be legal and unreadable).

    Raises NotFound, Unavailable and Overloaded.
    """
    return await _post(gateway, service, path, context.raw, context)


async def ask(
    gateway: Gateway, service: str, path: str, body: BaseModel, context: RequestContext
) -> Response:
    """POST `body` and hand over the answer, a refusal too. Raises NotFound, Unavailable."""
    raw = body.model_dump_json().encode()
    return response(await _post(gateway, service, path, raw, context))


async def _post(
    gateway: Gateway, service: str, path: str, raw: bytes, context: RequestContext
) -> RawResponse:
    cap_ms = gateway.settings.query_cap_ms
    try:
        reply = await gateway.questions.call(
            service,
            path,
            raw,
            deadline=Deadline.after(cap_ms),
            cap_ms=cap_ms,
            context=context,
        )
    except DependencyFailed as error:
        return handed_over(service, error.status, error.body)
    except DependencyOverloaded:
        raise Overloaded from None
    except DependencyError as error:
        raise Unavailable(f"The {service} service did not answer.") from error
    return RawResponse(reply)


async def get(
    gateway: Gateway, service: str, path: str, context: RequestContext
) -> Response:
    """GET and hand over the JSON. Raises NotFound and Unavailable."""
    try:
        body = await gateway.questions.get(
            service,
            path,
            deadline=Deadline.after(gateway.settings.query_cap_ms),
            context=context,
        )
    except DependencyFailed as error:
        return response(handed_over(service, error.status, error.body))
    except DependencyError as error:
        raise Unavailable(f"The {service} service did not answer.") from error
    return Response(body, media_type=_JSON)


def response(answer: RawResponse) -> Response:
    """The answer as routes of the framework give it."""
    return Response(
        answer.body, answer.status, media_type=answer.media_type.decode("ascii")
    )


def handed_over(
    service: str, status: int, body: bytes, media: str = _JSON
) -> RawResponse:
    """What another service answered, unless the fault is its own; `media` is the type of
    an answer that is no problem. Raises NotFound and Unavailable."""
    if status == 404:
        raise NotFound
    if status >= 500 or status in _OURS:
        raise Unavailable(f"The {service} service failed.")
    return RawResponse(
        body, status, media_type=(media if status < 400 else MEDIA_TYPE).encode()
    )


def accepted(offered: tuple[str, ...], accept: str | None) -> str:
    """The first type offered that an `Accept` header names; the first of all without."""
    named = [part.partition(";")[0].strip() for part in (accept or "").split(",")]
    return next((media for media in named if media in offered), offered[0])
