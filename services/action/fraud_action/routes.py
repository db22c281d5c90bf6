"""The routes: thin, each one call into the desk."""

from typing import Annotated

from fastapi import APIRouter, Depends, Query

from fraud_action.service import ActionService
from fraud_shared.contracts.action import (
    ActionReply,
    ActionRequest,
    BlockQuestion,
    BlocksInForce,
    ChallengeAnswer,
)
from fraud_shared.contracts.cases import (
    Assignment,
    BulkResolution,
    BulkResolved,
    Case,
    CaseHistory,
    CaseQuery,
    CaseResolution,
    NewNote,
    RelatedCases,
)
from fraud_shared.contracts.casework import (
    Because,
    Block,
    BlockQuery,
    ChallengeState,
    DevelopmentCode,
    Extension,
    Hold,
    HoldQuery,
    NewBlock,
    Outcomes,
    Release,
)
from fraud_shared.contracts.deliveries import (
    AlertTrial,
    AlertTrialResult,
    Delivery,
    DeliveryQuery,
)
from fraud_shared.contracts.paging import Page
from fraud_shared.state.parked_routes import parked_router
from fraud_shared.state.parking import parking_events_route
from fraud_shared.state.subject_data import subject_router
from fraud_shared.web.context import RequestContext
from fraud_shared.web.guard import ForActor, require_service
from fraud_shared.web.service import HotRoute


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
        _outcomes(service),
        _deliveries(service),
        _trials(service),
    ):
        outer.include_router(part)
    subjects = service.subjects
    return [
        outer,
        parked_router(service.parking, service.handle),
        subject_router(subjects.erase, subjects.export),
    ]


def _challenges(service: ActionService) -> APIRouter:
    router = APIRouter(prefix="/challenges", tags=["challenges"])

    @router.get("/{challenge_id}", operation_id="getChallenge")
    async def state(challenge_id: str, actor: ForActor) -> ChallengeState:
        """How a challenge stands."""
        return await service.challenges.state(challenge_id, actor.tenants)

    @router.post("/{challenge_id}/verify", operation_id="verifyChallenge")
    async def verify(
        challenge_id: str, answer: ChallengeAnswer, actor: ForActor
    ) -> ChallengeState:
        """Spend one attempt. `status` says whether it was right; 409 once it is over."""
        return await service.challenges.verify(challenge_id, actor.tenants, answer.code)

    @router.post("/{challenge_id}/resend", operation_id="resendChallenge")
    async def resend(challenge_id: str, actor: ForActor) -> ChallengeState:
        """Send the code again, a few times at most."""
        return await service.resend(challenge_id, actor)

    @router.post("/{challenge_id}/cancel", operation_id="cancelChallenge")
    async def cancel(challenge_id: str, actor: ForActor) -> ChallengeState:
        """End a challenge that nobody will finish."""
        return await service.challenges.cancel(challenge_id, actor)

    if service.settings.otp_echo:

        @router.get("/{challenge_id}/development-code", operation_id="developmentCode")
        async def code(challenge_id: str) -> DevelopmentCode:
            """The code a customer would be sent; only in development."""
            return DevelopmentCode(code=await service.challenges.code(challenge_id))

    return router


def _holds(service: ActionService) -> APIRouter:
    router = APIRouter(prefix="/holds", tags=["holds"])

    @router.get("", operation_id="listHolds")
    async def holds(
        asked: Annotated[HoldQuery, Query()], actor: ForActor
    ) -> Page[Hold]:
        """Held payments, newest first."""
        return await service.holds.page(asked, actor.tenants)

    @router.post("/{hold_id}/release", operation_id="releaseHold")
    async def release(hold_id: str, because: Release, actor: ForActor) -> Hold:
        """Let a held payment go."""
        return await service.holds.release(hold_id, actor, because.reason)

    return router


def _blocks(service: ActionService) -> APIRouter:
    router = APIRouter(prefix="/blocks", tags=["blocks"])

    @router.get("", operation_id="listBlocks")
    async def blocks(
        asked: Annotated[BlockQuery, Query()], actor: ForActor
    ) -> Page[Block]:
        """Blocked cards, accounts and devices, newest first."""
        return await service.block_list.page(asked, actor.tenants)

    @router.post("", operation_id="addBlock", status_code=201)
    async def add(wanted: NewBlock, actor: ForActor) -> Block:
        """Block a card, account or device at once."""
        return await service.block_list.add(wanted, actor)

    @router.post("/{block_id}/extend", operation_id="extendBlock")
    async def extend(block_id: str, wanted: Extension, actor: ForActor) -> Block:
        """Give a block another end."""
        return await service.block_list.extend(block_id, wanted, actor)

    @router.delete("/{block_id}", operation_id="removeBlock")
    async def remove(
        block_id: str, because: Annotated[Because, Query()], actor: ForActor
    ) -> Block:
        """Lift a block."""
        return await service.block_list.remove(block_id, actor, because.reason)

    return router


def _cases(service: ActionService) -> APIRouter:
    router = APIRouter(prefix="/cases", tags=["cases"])

    @router.get("", operation_id="listCases")
    async def cases(
        asked: Annotated[CaseQuery, Query()], actor: ForActor
    ) -> Page[Case]:
        """The queue of cases."""
        return await service.queue.page(asked, actor.tenants)

    @router.post("/resolve", operation_id="resolveCases")
    async def resolve_all(found: BulkResolution, actor: ForActor) -> BulkResolved:
        """One finding about many cases."""
        return await service.resolve_cases(found, actor)

    @router.get("/{case_id}", operation_id="getCase")
    async def case(case_id: str, actor: ForActor) -> CaseHistory:
        """One case, with what was done about it."""
        return await service.cases.view(case_id, actor)

    @router.get("/{case_id}/related", operation_id="relatedCases")
    async def related(case_id: str, actor: ForActor) -> RelatedCases:
        """Cases that have something in common with this one."""
        return await service.queue.related(case_id, actor.tenants)

    @router.post("/{case_id}/assign", operation_id="assignCase")
    async def assign(case_id: str, to: Assignment, actor: ForActor) -> Case:
        """Give an open case to somebody, or back."""
        return await service.cases.assign(case_id, to.assignee, actor)

    @router.post("/{case_id}/notes", operation_id="noteCase", status_code=201)
    async def note(case_id: str, written: NewNote, actor: ForActor) -> CaseHistory:
        """Write something about a case."""
        return await service.cases.note(case_id, written.text, actor)

    @router.post("/{case_id}/resolve", operation_id="resolveCase")
    async def resolve(case_id: str, found: CaseResolution, actor: ForActor) -> Case:
        """Store an analyst's finding. It becomes a label of the payment."""
        return await service.resolve_case(case_id, found, actor)

    return router


def _outcomes(service: ActionService) -> APIRouter:
    router = APIRouter(prefix="/outcomes", tags=["actions"])

    @router.get("/{decision_id}", operation_id="getOutcomes")
    async def outcomes(decision_id: str, actor: ForActor) -> Outcomes:
        """What a decision caused, and how that stands."""
        return await service.outcomes(decision_id, actor.tenants)

    return router


def _deliveries(service: ActionService) -> APIRouter:
    router = APIRouter(prefix="/deliveries", tags=["deliveries"])

    @router.get("", operation_id="listDeliveries")
    async def deliveries(
        asked: Annotated[DeliveryQuery, Query()], actor: ForActor
    ) -> Page[Delivery]:
        """Messages to people and systems outside, oldest first."""
        return await service.deliveries.page(asked, actor)

    @router.post("/{delivery_id}/replay", operation_id="replayDelivery")
    async def replay(delivery_id: str, actor: ForActor) -> Delivery:
        """Send a message again that was given up."""
        return await service.replay_delivery(delivery_id, actor)

    return router


def _trials(service: ActionService) -> APIRouter:
    router = APIRouter(prefix="/alert-trials", tags=["deliveries"])

    @router.post("", operation_id="tryAlert")
    async def send(trial: AlertTrial) -> AlertTrialResult:
        """Send the alert of a decision of test mode, once; nothing is stored."""
        return await service.alert_trials.send(trial)

    return router
