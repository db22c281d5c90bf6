"""The decision log: searched, read, computed again; entities; and whose key it is."""

from typing import Annotated, Any
from urllib.parse import urlencode

from fastapi import APIRouter, Query, Response
from pydantic import BaseModel

from fraud_orchestrator import audit, entities
from fraud_orchestrator.api.acts import view_on_record
from fraud_orchestrator.api.guards import Caller, Id, needs
from fraud_orchestrator.api.passthrough import accepted
from fraud_orchestrator.api.rows.route import COMMAND, JSON, NDJSON
from fraud_orchestrator.authentication import actor, in_test_mode
from fraud_orchestrator.gateway import Gateway
from fraud_orchestrator.stores.search import row_of
from fraud_shared.contracts.decision_search import (
    DecisionQuery,
    DecisionRow,
    EntityKind,
    EntityPage,
    Me,
    Related,
    StoredDecision,
)
from fraud_shared.contracts.paging import Page
from fraud_shared.web.keys import TEST_SCOPE, Client, Scope

READERS: tuple[Scope, ...] = ("read", "analyst", "audit")
_PATH = "/v1/decisions"


def router(gateway: Gateway) -> APIRouter:
    """Routes about what was decided."""
    routes = APIRouter()
    _decisions(routes, gateway)
    _entities(routes, gateway)
    return routes


def _decisions(routes: APIRouter, gateway: Gateway) -> None:
    read = [needs(gateway, *READERS)]

    @routes.get(
        _PATH,
        operation_id="findDecisions",
        openapi_extra={COMMAND: "decisions list"},
        summary="Search decisions, newest first",
        tags=["decisions"],
        dependencies=read,
        response_model=Page[DecisionRow],
        responses={200: {"content": {NDJSON: {"schema": {"type": "string"}}}}},
    )
    async def find(asked: Annotated[DecisionQuery, Query()], context: Caller) -> Any:
        """Decisions that fit everything that is given: the client's own; with the scope
        `analyst` or `audit` everybody's, within the tenants of the key.

        `Accept: application/x-ndjson` exports whole records, one a line; `Link` names the
        next page.
        """
        records, cursor = await gateway.search.page(asked, actor(context, READERS))
        if accepted((JSON, NDJSON), context.header("accept")) == JSON:
            items = [row_of(record) for record in records]
            return _json(Page[DecisionRow](items=items, next_cursor=cursor))
        headers = {} if cursor is None else {"link": _next(asked, cursor)}
        lines = b"".join(record + b"\n" for record in records)
        return Response(lines, media_type=NDJSON, headers=headers)

    @routes.get(
        f"{_PATH}/{{decision_id}}",
        operation_id="getDecision",
        openapi_extra={COMMAND: "decisions show"},
        summary="One stored decision",
        tags=["decisions"],
        dependencies=[needs(gateway, *READERS, TEST_SCOPE)],
        response_model=StoredDecision,
    )
    async def get(decision_id: Id, context: Caller) -> Any:
        """A stored decision: reply, record, labels, and what became of what it caused."""
        if in_test_mode(context):
            return _json(await gateway.test_mode.stored(context.caller, decision_id))
        who = actor(context, READERS)
        return _json(await audit.stored(gateway, who, context, decision_id))

    # Earlier clients asked by GET; it changes nothing.
    for method, operation in (("POST", "replayDecision"), ("GET", "replayDecisionGet")):

        @routes.api_route(
            f"{_PATH}/{{decision_id}}/replay",
            methods=[method],
            operation_id=operation,
            openapi_extra={COMMAND: "decisions replay"} if method == "POST" else None,
            summary="Compute a decision again",
            tags=["decisions"],
            dependencies=read,
            response_model=audit.Replay,
        )
        async def replay(decision_id: Id, context: Caller) -> Any:
            """The decision recomputed from its record, and what came out differently."""
            record = await audit.recorded(gateway, actor(context, READERS), decision_id)
            return await audit.replay(gateway, record, context)


def _entities(routes: APIRouter, gateway: Gateway) -> None:
    @routes.get(
        "/v1/entities/{kind}/{entity_id}",
        operation_id="getEntityPage",
        openapi_extra={COMMAND: "entities show"},
        summary="What is known of an account, card, device, merchant or counterparty",
        tags=["cases"],
        dependencies=[needs(gateway, "analyst")],
        response_model=EntityPage,
    )
    async def entity(kind: EntityKind, entity_id: Id, context: Caller) -> Any:
        """Its decisions, blocks, open cases and, of an account, its profile."""
        who = actor(context, ("analyst",))
        act = "GET /v1/entities/{kind}/{entity_id}"
        about = {"kind": kind, "entity_id": entity_id}
        async with view_on_record(gateway, context, act, about):
            found = await entities.page(gateway, kind, entity_id, who, context)
        return _json(found)

    @routes.get(
        "/v1/cases/{case_id}/related",
        operation_id="relatedToCase",
        summary="Cases and payments that have something in common with a case",
        openapi_extra={COMMAND: "cases related"},
        tags=["cases"],
        dependencies=[needs(gateway, "analyst")],
        response_model=Related,
    )
    async def related(case_id: Id, context: Caller) -> Any:
        """The same account, card, device, merchant or counterparty."""
        who = actor(context, ("analyst",))
        return _json(await entities.related(gateway, case_id, who, context))

    @routes.get(
        "/v1/me",
        operation_id="getMe",
        openapi_extra={COMMAND: "me"},
        summary="Whose key this is, and what it may do",
        tags=["keys"],
        dependencies=[needs(gateway)],
        response_model=Me,
    )
    async def me(context: Caller) -> Any:
        """The client of the key, its scopes, whose payments it may see, and its end."""
        client: Client = context.principal
        return Me(
            client=client.name,
            scopes=sorted(client.scopes),
            tenant=client.own_tenant,
            tenants=list(client.visible),
            key_name=client.key_name,
            expires_at=client.expires_at,
        )


def _json(document: BaseModel) -> Response:
    """A validated message as it is, without the framework reading it again."""
    return Response(document.model_dump_json(), media_type="application/json")


def _next(asked: DecisionQuery, cursor: str) -> str:
    given = asked.model_dump(mode="json", by_alias=True, exclude_none=True)
    return f'<{_PATH}?{urlencode({**given, "cursor": cursor})}>; rel="next"'
