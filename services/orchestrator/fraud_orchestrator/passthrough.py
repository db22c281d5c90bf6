"""Questions that another service answers: passed on, and its answer passed back."""

from fastapi import Response
from pydantic import BaseModel

from fraud_orchestrator.gateway import Gateway
from fraud_shared.mesh.deadline import Deadline
from fraud_shared.mesh.errors import DependencyError, DependencyFailed
from fraud_shared.web.call import Call
from fraud_shared.web.problems import MEDIA_TYPE, NotFound, Unavailable

_JSON = "application/json"


async def post(gateway: Gateway, service: str, path: str, call: Call) -> bytes:
    """POST the request's own bytes, already validated here. Raises Unavailable."""
    cap_ms = gateway.settings.query_cap_ms
    try:
        return await gateway.door.call(
            service,
            path,
            call.raw,
            deadline=Deadline.after(cap_ms),
            cap_ms=cap_ms,
            call=call,
        )
    except DependencyError as error:
        raise Unavailable(f"The {service} service did not answer.") from error


async def ask(
    gateway: Gateway, service: str, path: str, body: BaseModel, call: Call
) -> Response:
    """POST `body` and hand over the answer, a refusal too. Raises NotFound, Unavailable."""
    cap_ms = gateway.settings.query_cap_ms
    try:
        reply = await gateway.door.call(
            service,
            path,
            body.model_dump_json().encode(),
            deadline=Deadline.after(cap_ms),
            cap_ms=cap_ms,
            call=call,
        )
    except DependencyFailed as error:
        return _handed_over(service, error)
    except DependencyError as error:
        raise Unavailable(f"The {service} service did not answer.") from error
    return Response(reply, media_type=_JSON)


async def get(gateway: Gateway, service: str, path: str, call: Call) -> Response:
    """GET and hand over the JSON. Raises NotFound and Unavailable."""
    try:
        body = await gateway.door.get(
            service,
            path,
            deadline=Deadline.after(gateway.settings.query_cap_ms),
            call=call,
        )
    except DependencyFailed as error:
        return _handed_over(service, error)
    except DependencyError as error:
        raise Unavailable(f"The {service} service did not answer.") from error
    return Response(body, media_type=_JSON)


def _handed_over(service: str, answer: DependencyFailed) -> Response:
    """What the other service answered instead of 200, unless the fault is its own."""
    if answer.status == 404:
        raise NotFound from answer
    if answer.status >= 500:
        raise Unavailable(f"The {service} service failed.") from answer
    media_type = _JSON if answer.status < 400 else MEDIA_TYPE
    return Response(answer.body, answer.status, media_type=media_type)
