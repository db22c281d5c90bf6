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
        return _handed_over(service, error)
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
        return response(_handed_over(service, error))
    except DependencyError as error:
        raise Unavailable(f"The {service} service did not answer.") from error
    return Response(body, media_type=_JSON)


def response(answer: RawResponse) -> Response:
    """The answer as routes of the framework give it."""
    return Response(
        answer.body, answer.status, media_type=answer.media_type.decode("ascii")
    )


def _handed_over(service: str, answer: DependencyFailed) -> RawResponse:
    """What the other service answered instead of 200, unless the fault is its own."""
    if answer.status == 404:
        raise NotFound from answer
    if answer.status >= 500 or answer.status in _OURS:
        raise Unavailable(f"The {service} service failed.") from answer
    media_type = _JSON if answer.status < 400 else MEDIA_TYPE
    return RawResponse(answer.body, answer.status, media_type=media_type.encode())
