"""Questions that another service answers: passed on, and its answer passed back."""

from fastapi import Response

from fraud_orchestrator.gateway import Gateway
from fraud_shared.mesh.deadline import Deadline
from fraud_shared.mesh.errors import DependencyError, DependencyFailed
from fraud_shared.web.call import Call
from fraud_shared.web.problems import MEDIA_TYPE, NotFound, Unavailable


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
        if error.status == 404:
            raise NotFound from error
        if error.status < 500:
            return Response(error.body, error.status, media_type=MEDIA_TYPE)
        raise Unavailable(f"The {service} service failed.") from error
    except DependencyError as error:
        raise Unavailable(f"The {service} service did not answer.") from error
    return Response(body, media_type="application/json")
