"""The routes: thin, each one call into the desk."""

from typing import Annotated, Literal

from fastapi import APIRouter, Depends, Query

from fraud_action.messages import (
    Block,
    Case,
    ChallengeState,
    Closed,
    DevelopmentCode,
    Hold,
)
from fraud_action.service import ActionService
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
from fraud_shared.web.context import RequestContext
from fraud_shared.web.guard import current_call, require_service
from fraud_shared.web.service import HotRoute

Limit = Annotated[int, Query(ge=1, le=500)]
# Whose cases: repeated for several, `*` for all.
Tenants = Annotated[list[str], Query(min_length=1, max_length=100)]
Context = Annotated[RequestContext, Depends(current_call)]


def hot(service: ActionService) -> list[HotRoute]:
    """`/execute`, and the door for queued actions."""

    async def execute(request: ActionRequest, _: RequestContext) -> ActionReply:
        """Make the effects of a verdict. Repeating the request changes nothing."""
        return await service.execute(request)

    async def blocked(asked: BlockQuestion, _: RequestContext) -> BlocksInForce:
        """Which of these are blocked: the truth behind the online store's copy."""
        return BlocksInForce(blocked=await service.blocks.in_force(asked))

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
        parking_events_route(service.parking, service.handle),
    ]


def routers(service: ActionService) -> list[APIRouter]:
    """Everything that is not on a payment's path."""
    guarded = [Depends(require_service)]
    outer = APIRouter(prefix="/v1", dependencies=guarded)
    for part in (
        _challenges(service),
        _holds(service),
        _blocks(service),
        _cases(service),
        _parked(service),
    ):
        outer.include_router(part)
    return [outer]


def _challenges(service: ActionService) -> APIRouter:
    router = APIRouter(prefix="/challenges", tags=["challenges"])

    @router.get("/{challenge_id}", operation_id="getChallenge")
    async def state(challenge_id: str) -> ChallengeState:
        """How a challenge stands."""
        return await service.challenges.state(challenge_id)

    @router.post("/{challenge_id}/verify", operation_id="verifyChallenge")
    async def verify(challenge_id: str, answer: ChallengeAnswer) -> ChallengeState:
        """Spend one attempt. `status` says whether it was right; 409 once it is over."""
        return await service.challenges.verify(challenge_id, answer.code)

    if service.settings.otp_echo:

        @router.get("/{challenge_id}/development-code", operation_id="developmentCode")
        async def code(challenge_id: str) -> DevelopmentCode:
            """The code a customer would be sent; only in development."""
            return DevelopmentCode(code=await service.challenges.code(challenge_id))

    return router


def _holds(service: ActionService) -> APIRouter:
    router = APIRouter(prefix="/holds", tags=["holds"])

    @router.get("", operation_id="listHolds")
    async def holds(state: Closed = "active", limit: Limit = 100) -> list[Hold]:
        """Held payments, newest first."""
        return await service.holds.list(state, limit)

    @router.post("/{hold_id}/release", operation_id="releaseHold")
    async def release(hold_id: str, context: Context) -> Hold:
        """Let a held payment go."""
        return await service.holds.release(hold_id, context.caller)

    return router


def _blocks(service: ActionService) -> APIRouter:
    router = APIRouter(prefix="/blocks", tags=["blocks"])

    @router.get("", operation_id="listBlocks")
    async def blocks(state: Closed = "active", limit: Limit = 100) -> list[Block]:
        """Blocked cards, accounts and devices, newest first."""
        return await service.blocks.list(state, limit)

    @router.delete("/{block_id}", operation_id="releaseBlock")
    async def release(block_id: str, context: Context) -> Block:
        """Lift a block."""
        return await service.blocks.release(block_id, context.caller)

    return router


def _cases(service: ActionService) -> APIRouter:
    router = APIRouter(prefix="/cases", tags=["cases"])

    @router.get("", operation_id="listCases")
    async def cases(
        tenant: Tenants,
        state: Literal["open", "resolved"] = "open",
        limit: Limit = 100,
    ) -> list[Case]:
        """Cases, oldest first."""
        return await service.cases.list(state, limit, tenant)

    @router.get("/{case_id}", operation_id="getCase")
    async def case(case_id: str, tenant: Tenants) -> Case:
        """One case."""
        return await service.cases.get(case_id, tenant)

    @router.post("/{case_id}/resolve", operation_id="resolveCase")
    async def resolve(case_id: str, found: CaseResolution, tenant: Tenants) -> Case:
        """Store an analyst's finding. It becomes a label of the payment."""
        return await service.resolve_case(case_id, found, tenant)

    return router


def _parked(service: ActionService) -> APIRouter:
    router = APIRouter(prefix="/parked", tags=["events"])

    @router.get("", operation_id="listParked")
    async def parked(limit: Limit = 100) -> list[ParkedEvent]:
        """Events that could not be used, oldest first."""
        return await service.parking.waiting(limit)

    @router.post("/{parked_id}/replay", operation_id="replayParked")
    async def replay(
        parked_id: str, corrected: CloudEvent | None = None
    ) -> ParkedEvent:
        """Handle a parked event again, or the corrected one in the body."""
        return await service.parking.replay(parked_id, corrected, service.handle)

    return router
