"""Routes for analysts: cases, cleared pairs, rescreenings; and erasing known parties.

Who acts is the client of the key: `who` and `analyst` of a body are replaced by its name.
"""

from typing import Annotated, Any, Literal
from urllib.parse import urlencode

from fastapi import APIRouter, Query, Response

from fraud_orchestrator.api import passthrough
from fraud_orchestrator.api.guards import (
    Caller,
    Id,
    OptionalAccount,
    OptionalId,
    needs,
)
from fraud_orchestrator.gateway import Gateway
from fraud_shared.contracts.action import CaseResolution
from fraud_shared.contracts.clearing import (
    ClearedPair,
    ClearedPairs,
    ClearRequest,
    Erased,
    ErasureRequest,
    RevokeRequest,
)
from fraud_shared.web.context import RequestContext
from fraud_shared.web.keys import Client


def router(gateway: Gateway) -> APIRouter:
    """Everything an analyst asks, handed over to the service that knows."""
    analyst = [needs(gateway, "analyst")]
    routes = APIRouter(prefix="/v1", tags=["analysts"], dependencies=analyst)
    _cases(routes, gateway)
    _cleared(routes, gateway)

    @routes.get("/rescreenings", operation_id="listRescreenings")
    async def rescreenings(context: Caller) -> Response:
        """How far known parties are screened against the latest list updates."""
        return await passthrough.get(gateway, "sanctions", "/v1/rescreenings", context)

    outer = APIRouter()
    outer.include_router(routes)
    outer.include_router(_admin(gateway))
    return outer


def _cases(routes: APIRouter, gateway: Gateway) -> None:
    @routes.get("/cases", operation_id="listCases")
    async def cases(
        context: Caller,
        state: Literal["open", "resolved"] = "open",
        limit: Annotated[int, Query(ge=1, le=500)] = 100,
    ) -> Response:
        """Cases, oldest first."""
        asked = [("state", state), ("limit", limit), *_visible(context)]
        path = "/v1/cases?" + urlencode(asked)
        return await passthrough.get(gateway, "action", path, context)

    @routes.get("/cases/{case_id}", operation_id="getCase")
    async def case(case_id: Id, context: Caller) -> Response:
        """One case."""
        path = f"/v1/cases/{case_id}?" + urlencode(_visible(context))
        return await passthrough.get(gateway, "action", path, context)

    @routes.post("/cases/{case_id}/resolve", operation_id="resolveCase")
    async def resolve(case_id: Id, found: CaseResolution, context: Caller) -> Response:
        """Store a finding: about a payment it is its label, about a listing it is not."""
        path = f"/v1/cases/{case_id}/resolve?" + urlencode(_visible(context))
        own = found.model_copy(update={"analyst": context.caller})
        return await passthrough.ask(gateway, "action", path, own, context)


def _visible(context: RequestContext) -> list[tuple[str, str]]:
    """The tenants whose cases are meant: the one that is asked for, or all that the key is
    declared for."""
    client: Client = context.principal
    chosen = (context.tenant,) if context.header("x-tenant") else client.visible
    return [("tenant", name) for name in chosen]


def _cleared(routes: APIRouter, gateway: Gateway) -> None:
    @routes.post(
        "/cleared",
        operation_id="clearPair",
        status_code=201,
        response_model=ClearedPair,
    )
    async def clear(request: ClearRequest, context: Caller) -> Any:
        """Clear a pair of account and listed entity until a day; it is void as soon as the
        listing changes."""
        own = request.model_copy(update={"who": context.caller})
        return await passthrough.ask(gateway, "sanctions", "/v1/cleared", own, context)

    @routes.get("/cleared", operation_id="listCleared", response_model=ClearedPairs)
    async def cleared(
        context: Caller, account: OptionalAccount = None, entity_id: OptionalId = None
    ) -> Any:
        """Clearings of an account or entity, also those that ended."""
        asked = {"account": account, "entity_id": entity_id}
        given = {name: value for name, value in asked.items() if value is not None}
        path = "/v1/cleared?" + urlencode(given)
        return await passthrough.get(gateway, "sanctions", path, context)

    @routes.post(
        "/cleared/{clearing_id}/revoke",
        operation_id="revokeCleared",
        response_model=ClearedPair,
    )
    async def revoke(clearing_id: Id, request: RevokeRequest, context: Caller) -> Any:
        """Take a clearing back; the record of it stays."""
        path = f"/v1/cleared/{clearing_id}/revoke"
        own = request.model_copy(update={"who": context.caller})
        return await passthrough.ask(gateway, "sanctions", path, own, context)


def _admin(gateway: Gateway) -> APIRouter:
    routes = APIRouter(dependencies=[needs(gateway, "admin")])

    @routes.post(
        "/v1/parties/erase",
        operation_id="eraseParties",
        tags=["analysts"],
        response_model=Erased,
    )
    async def erase(request: ErasureRequest, context: Caller) -> Any:
        """Forget the parties that screening knows of an account."""
        path = "/v1/parties/erase"
        own = request.model_copy(update={"who": context.caller})
        return await passthrough.ask(gateway, "sanctions", path, own, context)

    return routes
