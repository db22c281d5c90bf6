"""What rows of the table of public routes answer in test mode: nothing is handed over to
the service that answers them in earnest."""

from collections.abc import Mapping
from typing import Any

from fastapi import Response
from pydantic import BaseModel

from fraud_orchestrator.gateway import Gateway
from fraud_shared.contracts.action import ChallengeAnswer
from fraud_shared.contracts.casework import ChallengeState
from fraud_shared.web.context import RequestContext

ANSWERED = frozenset(
    ("getChallenge", "verifyChallenge", "resendChallenge", "cancelChallenge")
)


async def answer(
    gateway: Gateway,
    operation_id: str,
    path: Mapping[str, Any],
    body: BaseModel | None,
    context: RequestContext,
) -> Response:
    """The answer to one of `ANSWERED`. Raises as the methods of `TestMode`."""
    which = context.caller, str(path["challenge_id"])
    state = await _state(gateway, operation_id, which, body)
    return Response(state.model_dump_json(), media_type="application/json")


async def _state(
    gateway: Gateway, operation_id: str, which: tuple[str, str], body: BaseModel | None
) -> ChallengeState:
    mode = gateway.test_mode
    match operation_id:
        case "verifyChallenge":
            assert isinstance(body, ChallengeAnswer)
            return await mode.verify(*which, body.code)
        case "resendChallenge":
            return await mode.resend(*which)
        case "cancelChallenge":
            return await mode.cancel(*which)
        case _:
            return await mode.challenge(*which)
