"""The routes: thin, each one call into the desk."""

from typing import Annotated, Literal

from fastapi import APIRouter, Depends, Query

from fraud_action.desk import ActionDesk
from fraud_action.messages import (
    Block,
    Case,
    ChallengeState,
    Closed,
    DevelopmentCode,
    Hold,
)
from fraud_shared.contracts.action import (
    ActionReply,
    ActionRequest,
    BlockQuestion,
    BlocksInForce,
    CaseResolution,
    ChallengeAnswer,
)
from fraud_shared.contracts.events import CloudEvent
from fraud_shared.state.parking import ParkedEvent, parking_events_route
from fraud_shared.web.call import Call
from fraud_shared.web.guard import current_call, require_service
from fraud_shared.web.service import HotRoute

Limit = Annotated[int, Query(ge=1, le=500)]
Context = Annotated[Call, Depends(current_call)]


def hot(desk: ActionDesk) -> list[HotRoute]:
    """`/execute`, and the door for queued actions."""

    async def execute(request: ActionRequest, _: Call) -> ActionReply:
        """Make the effects of a verdict. Repeating the request changes nothing."""
        return await desk.execute(request)

    async def blocked(asked: BlockQuestion, _: Call) -> BlocksInForce:
        """Which of these are blocked: the truth behind the online store's copy."""
        return BlocksInForce(blocked=await desk.blocks.in_force(asked))

    return [
        HotRoute(
            "/execute",
            request=ActionRequest,
            response=ActionReply,
            handler=execute,
            operation_id="executeActions",
            summary="Make the effects of a verdict",
            tags=("actions",),
        ),
        HotRoute(
            "/blocked",
            request=BlockQuestion,
            response=BlocksInForce,
            handler=blocked,
            operation_id="blocksInForce",
            summary="Which of a payment's card, account and device are blocked",
            tags=("blocks",),
        ),
        parking_events_route(desk.parking, desk.handle),
    ]


def routers(desk: ActionDesk) -> list[APIRouter]:
    """Everything that is not on a payment's path."""
    guarded = [Depends(require_service)]
    outer = APIRouter(prefix="/v1", dependencies=guarded)
    for part in (
        _challenges(desk),
        _holds(desk),
        _blocks(desk),
        _cases(desk),
        _parked(desk),
    ):
        outer.include_router(part)
    return [outer]


def _challenges(desk: ActionDesk) -> APIRouter:
    router = APIRouter(prefix="/challenges", tags=["challenges"])

    @router.get("/{challenge_id}", operation_id="getChallenge")
    async def state(challenge_id: str) -> ChallengeState:
        """How a challenge stands."""
        return await desk.challenges.state(challenge_id)

    @router.post("/{challenge_id}/verify", operation_id="verifyChallenge")
    async def verify(challenge_id: str, answer: ChallengeAnswer) -> ChallengeState:
        """Spend one attempt. `status` says whether it was right; 409 once it is over."""
        return await desk.challenges.verify(challenge_id, answer.code)

    if desk.settings.otp_echo:

        @router.get("/{challenge_id}/development-code", operation_id="developmentCode")
        async def code(challenge_id: str) -> DevelopmentCode:
            """The code a customer would be sent; only in development."""
            return DevelopmentCode(code=await desk.challenges.code(challenge_id))

    return router


def _holds(desk: ActionDesk) -> APIRouter:
    router = APIRouter(prefix="/holds", tags=["holds"])

    @router.get("", operation_id="listHolds")
    async def holds(state: Closed = "active", limit: Limit = 100) -> list[Hold]:
        """Held payments, newest first."""
        return await desk.holds.list(state, limit)

    @router.post("/{hold_id}/release", operation_id="releaseHold")
    async def release(hold_id: str, call: Context) -> Hold:
        """Let a held payment go."""
        return await desk.holds.release(hold_id, call.caller)

    return router


def _blocks(desk: ActionDesk) -> APIRouter:
    router = APIRouter(prefix="/blocks", tags=["blocks"])

    @router.get("", operation_id="listBlocks")
    async def blocks(state: Closed = "active", limit: Limit = 100) -> list[Block]:
        """Blocked cards, accounts and devices, newest first."""
        return await desk.blocks.list(state, limit)

    @router.delete("/{block_id}", operation_id="releaseBlock")
    async def release(block_id: str, call: Context) -> Block:
        """Lift a block."""
        return await desk.blocks.release(block_id, call.caller)

    return router


def _cases(desk: ActionDesk) -> APIRouter:
    router = APIRouter(prefix="/cases", tags=["cases"])

    @router.get("", operation_id="listCases")
    async def cases(
        state: Literal["open", "resolved"] = "open", limit: Limit = 100
    ) -> list[Case]:
        """Cases, oldest first."""
        return await desk.cases.list(state, limit)

    @router.get("/{case_id}", operation_id="getCase")
    async def case(case_id: str) -> Case:
        """One case."""
        return await desk.cases.get(case_id)

    @router.post("/{case_id}/resolve", operation_id="resolveCase")
    async def resolve(case_id: str, found: CaseResolution) -> Case:
        """Store an analyst's finding. It becomes a label of the payment."""
        return await desk.resolve_case(case_id, found)

    return router


def _parked(desk: ActionDesk) -> APIRouter:
    router = APIRouter(prefix="/parked", tags=["events"])

    @router.get("", operation_id="listParked")
    async def parked(limit: Limit = 100) -> list[ParkedEvent]:
        """Events that could not be used, oldest first."""
        return await desk.parking.waiting(limit)

    @router.post("/{parked_id}/replay", operation_id="replayParked")
    async def replay(
        parked_id: str, corrected: CloudEvent | None = None
    ) -> ParkedEvent:
        """Handle a parked event again, or the corrected one in the body."""
        return await desk.parking.replay(parked_id, corrected, desk.handle)

    return router
