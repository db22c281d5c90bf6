"""Promotion and rollback of models by two people. The gateway cannot sign: it keeps who
proposed and who approved, and a signer with the key carries it out."""

from typing import Annotated, Any

from fastapi import APIRouter, Query

from fraud_orchestrator.api.acts import change_on_record
from fraud_orchestrator.api.guards import Caller, Id, needs
from fraud_orchestrator.api.rows.route import COMMAND, PROBLEMS
from fraud_orchestrator.gateway import Gateway
from fraud_shared.contracts.paging import Page, PageQuery
from fraud_shared.contracts.versions import WhyRequest
from fraud_shared.contracts.work import ModelProposal, ProposalRequest

KINDS = ("promote", "roll_back")
_PATH = "/v1/models/proposals"


def router(gateway: Gateway) -> APIRouter:
    """The routes of proposals."""
    routes = APIRouter(prefix=_PATH, tags=["models"])
    reads, writes = needs(gateway, "models", "audit"), needs(gateway, "models")
    _reading(routes, gateway, reads)
    _writing(routes, gateway, writes)
    return routes


def _reading(routes: APIRouter, gateway: Gateway, reads: Any) -> None:
    @routes.get(
        "",
        operation_id="listModelProposals",
        summary="Proposed promotions and rollbacks, newest first",
        dependencies=[reads],
        openapi_extra={COMMAND: "models proposals"},
    )
    async def proposals(asked: Annotated[PageQuery, Query()]) -> Page[ModelProposal]:
        """With who proposed, who approved, whom each waits for, and what came of it."""
        rows, following = await gateway.work.page(KINDS, asked.limit, asked.cursor)
        present = await _signer(gateway)
        return Page(
            items=[_view(row, present=present) for row in rows], next_cursor=following
        )

    @routes.get(
        "/{proposal_id}",
        operation_id="getModelProposal",
        summary="One proposal, and what became of it",
        dependencies=[reads],
        openapi_extra={COMMAND: "models proposal"},
    )
    async def proposal(proposal_id: Id) -> ModelProposal:
        """`waits_for` says whether a signer is running."""
        row = await gateway.work.get(proposal_id, KINDS)
        return _view(row._mapping, present=await _signer(gateway))


def _writing(routes: APIRouter, gateway: Gateway, writes: Any) -> None:
    @routes.post(
        "",
        operation_id="proposeModels",
        summary="Propose to promote a bundle, or to roll it back",
        status_code=201,
        dependencies=[writes],
        openapi_extra={
            COMMAND: "models propose",
            PROBLEMS: {"409": ["already-asked"]},
        },
    )
    async def propose(wanted: ProposalRequest, context: Caller) -> ModelProposal:
        """Nothing changes before another person approves it."""
        about = {"action": wanted.action, "bundle": wanted.bundle}
        async with change_on_record(
            gateway, context, f"POST {_PATH}", about
        ) as answered:
            row = await gateway.work.ask(
                wanted.action,
                {"bundle": wanted.bundle},
                context.caller,
                wanted.why,
                state="proposed",
            )
            answered(201)
        return _view(row._mapping, present=await _signer(gateway))

    @routes.post(
        "/{proposal_id}/approve",
        operation_id="approveModelProposal",
        summary="Approve what another person proposed; the signer carries it out",
        dependencies=[writes],
        openapi_extra={
            COMMAND: "models approve",
            PROBLEMS: {"409": ["second-person-required", "work-state"]},
        },
    )
    async def approve(
        proposal_id: Id, given: WhyRequest, context: Caller
    ) -> ModelProposal:
        """409 for whoever proposed it. Without a running signer it stays `approved`."""
        return await _decide(gateway, context, proposal_id, given.why, approved=True)

    @routes.post(
        "/{proposal_id}/reject",
        operation_id="rejectModelProposal",
        summary="Reject a proposal, or take back one's own",
        dependencies=[writes],
        openapi_extra={
            COMMAND: "models reject",
            PROBLEMS: {"409": ["work-state"]},
        },
    )
    async def reject(
        proposal_id: Id, given: WhyRequest, context: Caller
    ) -> ModelProposal:
        """409 once the signer has begun."""
        return await _decide(gateway, context, proposal_id, given.why, approved=False)


async def _decide(
    gateway: Gateway, context: Caller, proposal_id: str, why: str, *, approved: bool
) -> ModelProposal:
    verb = "approve" if approved else "reject"
    act, about = f"POST {_PATH}/{{proposal_id}}/{verb}", {"proposal_id": proposal_id}
    async with change_on_record(gateway, context, act, about):
        row = await gateway.work.decide(
            proposal_id, KINDS, context.caller, why, approved=approved
        )
    return _view(row._mapping, present=await _signer(gateway))


async def _signer(gateway: Gateway) -> bool:
    """Whether a signer is running: it takes both kinds."""
    return KINDS[0] in await gateway.work.present()


def _view(row: Any, *, present: bool) -> ModelProposal:
    waits = {
        "proposed": "a second person",
        "approved": "the signer" if present else "the signer: none is running",
        "running": "the signer",
    }
    result = row["result"] or {}
    return ModelProposal(
        proposal_id=row["work_id"],
        action=row["kind"],
        bundle=row["parameters"]["bundle"],
        state=row["state"],
        waits_for=waits.get(row["state"]),
        why=row["why"],
        proposed_by=row["asked_by"],
        proposed_at=row["asked_at"],
        decided_by=row["decided_by"],
        decided_at=row["decided_at"],
        decided_why=row["decided_why"],
        finished_at=row["finished_at"],
        moved=tuple(result.get("moved", ())),
        problem=row["problem"],
    )
