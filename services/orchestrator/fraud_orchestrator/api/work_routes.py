"""For workers: take work that waits, say how far it is, report what came of it."""

from fastapi import APIRouter
from pydantic import TypeAdapter, ValidationError

from fraud_orchestrator.api.acts import change_on_record
from fraud_orchestrator.api.guards import Caller, needs
from fraud_orchestrator.api.proposal_routes import KINDS as MODELS
from fraud_orchestrator.api.rows.route import PROBLEMS
from fraud_orchestrator.gateway import Gateway
from fraud_shared.contracts.events import (
    MODEL_PROMOTED,
    CloudEvent,
    ModelPromoted,
    event_id,
)
from fraud_shared.contracts.work import (
    ClaimedWork,
    MovedAlias,
    WorkClaim,
    WorkEnded,
    WorkLease,
    WorkOrder,
    WorkOutcome,
    WorkProgress,
)
from fraud_shared.state.bus import Envelope, envelope
from fraud_shared.web.problems import InvalidInput

_MOVED = TypeAdapter(tuple[MovedAlias, ...])
_LOST = {PROBLEMS: {"409": ["claim-lost"]}}
LIMITS = {"/v1/jobs/outcome": 4 * 1024 * 1024}


def router(gateway: Gateway) -> APIRouter:
    """The routes of workers."""
    routes = APIRouter(
        prefix="/v1/jobs", tags=["work"], dependencies=[needs(gateway, "worker")]
    )

    @routes.post("/claim", operation_id="claimWork", summary="Take work that waits")
    async def claim(wanted: WorkClaim, context: Caller) -> ClaimedWork:
        """The oldest of these kinds, lent for two minutes. That a worker asked is noted:
        people see whether one is there."""
        row = await gateway.work.claim(wanted.kinds, context.caller)
        if row is None:
            context.is_poll = True
            return ClaimedWork(order=None)
        order = WorkOrder(
            work_id=row.work_id,
            claim=row.claim,
            kind=row.kind,
            parameters=row.parameters,
            until=row.claimed_until,
        )
        return ClaimedWork(order=order)

    @routes.post(
        "/progress",
        operation_id="reportWorkProgress",
        summary="Say how far it is; keep the work",
        openapi_extra=_LOST,
    )
    async def progress(given: WorkProgress) -> WorkLease:
        """At least once in two minutes, or another worker is given the work."""
        until = await gateway.work.progress(given.claim, given.share, given.stage)
        return WorkLease(until=until)

    @routes.post(
        "/outcome",
        operation_id="reportWorkOutcome",
        summary="Report what came of it",
        openapi_extra=_LOST,
    )
    async def outcome(given: WorkOutcome, context: Caller) -> WorkEnded:
        """Aliases that moved are published as `fraud.model.promoted.v1`."""
        work = await gateway.work.claimed(given.claim)
        moved = _moved(given) if work.kind in MODELS else ()
        events = [_event(gateway, one) for one in moved]
        about = {"work_id": work.work_id}
        async with change_on_record(gateway, context, "POST /v1/jobs/outcome", about):
            row = await gateway.work.finish(
                given.claim,
                problem=given.problem,
                result=given.result,
                events=events,
            )
        return WorkEnded(work_id=row.work_id, state=row.state)

    return routes


def _moved(given: WorkOutcome) -> tuple[MovedAlias, ...]:
    """The aliases that an order about models moved. Raises InvalidInput."""
    try:
        return _MOVED.validate_python(given.result.get("moved", ()), strict=False)
    except ValidationError:
        raise InvalidInput(errors=[("result.moved", "is no list of aliases")]) from None


def _event(gateway: Gateway, moved: MovedAlias) -> Envelope:
    """The same order twice has the same id."""
    data = ModelPromoted(
        name=moved.name, version=moved.after, alias=moved.alias, bundle=moved.bundle
    )
    discriminator = f"{moved.alias}\n{moved.revision}"
    return envelope(
        CloudEvent(
            id=event_id(moved.name, MODEL_PROMOTED, discriminator),
            source="urn:fraud:models",
            type=MODEL_PROMOTED,
            subject=moved.name,
            time=gateway.now(),
            data=data.model_dump(),
        )
    )
