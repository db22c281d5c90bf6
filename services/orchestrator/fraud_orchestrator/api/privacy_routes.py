"""What is stored of a person: exported, and erased once two people have said so."""

from typing import Annotated, Any

from fastapi import APIRouter, Query

from fraud_orchestrator.api.acts import change_on_record, view_on_record
from fraud_orchestrator.api.guards import Caller, Id, needs
from fraud_orchestrator.api.rows.route import COMMAND, PROBLEMS
from fraud_orchestrator.gateway import Gateway
from fraud_orchestrator.subject_export import export
from fraud_shared.contracts.paging import Page
from fraud_shared.contracts.privacy import (
    Approval,
    ErasureQuery,
    ErasureView,
    ExportRequest,
    NewErasure,
    SubjectExport,
)
from fraud_shared.web.context import RequestContext

_PATH = "/v1/privacy"


def router(gateway: Gateway) -> APIRouter:
    """The routes of a person's data."""
    routes = APIRouter(tags=["privacy"], dependencies=[needs(gateway, "admin")])
    _asking(routes, gateway)
    _looking(routes, gateway)
    return routes


def _asking(routes: APIRouter, gateway: Gateway) -> None:
    @routes.post(
        f"{_PATH}/erasures",
        operation_id="requestErasure",
        summary="Ask for a person's data to be erased",
        status_code=202,
        openapi_extra={COMMAND: "privacy erase"},
    )
    async def ask(wanted: NewErasure, context: Caller) -> ErasureView:
        """The account is the person, in the tenant of the request. A second person has to
        approve it. The same again, until it is done, is the same erasure."""
        about = {"account_id": wanted.account_id}
        act = f"POST {_PATH}/erasures"
        async with change_on_record(
            gateway, context, act, about, context.raw
        ) as answered:
            answered(202)
            subject = gateway.token_of("account", wanted.account_id)
            return await gateway.erasures.ask(
                wanted, _tenant(context), subject, context.caller
            )

    @routes.post(
        f"{_PATH}/erasures/{{erasure_id}}/approve",
        operation_id="approveErasure",
        summary="Let an erasure be carried out, as a second person",
        openapi_extra={
            COMMAND: "privacy approve",
            PROBLEMS: {"409": ["second-person-required"]},
        },
    )
    async def approve(erasure_id: Id, wanted: Approval, context: Caller) -> ErasureView:
        """It cannot be undone. The account is named again, so that two people have read
        it. 409 for whoever asked."""
        about = {"erasure_id": erasure_id, "account_id": wanted.account_id}
        act = f"POST {_PATH}/erasures/{{erasure_id}}/approve"
        async with change_on_record(gateway, context, act, about, context.raw):
            approved = await gateway.erasures.approve(
                erasure_id,
                wanted.account_id,
                _tenant(context),
                context.caller,
                wanted.why,
            )
        gateway.eraser.wake.set()
        return approved


def _looking(routes: APIRouter, gateway: Gateway) -> None:
    @routes.get(
        f"{_PATH}/erasures",
        operation_id="listErasures",
        summary="Erasures, newest first",
        openapi_extra={COMMAND: "privacy list"},
    )
    async def erasures(
        asked: Annotated[ErasureQuery, Query()], context: Caller
    ) -> Page[ErasureView]:
        """Whose data were erased is not kept; the token of an account finds it."""
        items, cursor = await gateway.erasures.page(
            _tenant(context), asked.limit, asked.cursor
        )
        return Page[ErasureView](items=items, next_cursor=cursor)

    @routes.get(
        f"{_PATH}/erasures/{{erasure_id}}",
        operation_id="getErasure",
        summary="How far an erasure is",
        openapi_extra={COMMAND: "privacy show"},
    )
    async def erasure(erasure_id: Id, context: Caller) -> ErasureView:
        """Until it is `done` some of the data may still be there."""
        return await gateway.erasures.get(erasure_id, _tenant(context))

    @routes.post(
        f"{_PATH}/exports",
        operation_id="exportSubject",
        summary="Everything that is stored of a person",
        openapi_extra={COMMAND: "privacy export"},
    )
    async def exported(asked: ExportRequest, context: Caller) -> SubjectExport:
        """Decisions page by page; with the first page what every other service has."""
        about = {"account_id": asked.account_id}
        act = f"POST {_PATH}/exports"
        async with view_on_record(gateway, context, act, about):
            return await export(gateway, asked, _tenant(context), context)


def _tenant(context: RequestContext) -> Any:
    return context.tenant or context.caller
