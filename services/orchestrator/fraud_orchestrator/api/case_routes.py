"""Routes for analysts: cases, cleared pairs, rescreenings; and erasing known parties."""

from typing import Annotated, Any, Literal
from urllib.parse import urlencode

from fastapi import APIRouter, Query, Response

from fraud_orchestrator.api import passthrough
from fraud_orchestrator.api.routes import (
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


def router(gateway: Gateway) -> APIRouter:
    """Everything an analyst asks, handed over to the service that knows."""
    analyst = [needs(gateway, "analyst")]
    routes = APIRouter(prefix="/v1", tags=["analysts"], dependencies=analyst)
    _cases(routes, gateway)
    _cleared(routes, gateway)

    @routes.get("/rescreenings", operation_id="listRescreenings")
    async def rescreenings(call: Caller) -> Response:
        """How far known parties are screened against the latest list updates."""
        return await passthrough.get(gateway, "sanctions", "/v1/rescreenings", call)

    outer = APIRouter()
    outer.include_router(routes)
    outer.include_router(_admin(gateway))
    return outer


def _cases(routes: APIRouter, gateway: Gateway) -> None:
    @routes.get("/cases", operation_id="listCases")
    async def cases(
        call: Caller,
        state: Literal["open", "resolved"] = "open",
        limit: Annotated[int, Query(ge=1, le=500)] = 100,
    ) -> Response:
        """Cases, oldest first."""
        path = "/v1/cases?" + urlencode({"state": state, "limit": limit})
        return await passthrough.get(gateway, "action", path, call)

    @routes.get("/cases/{case_id}", operation_id="getCase")
    async def case(case_id: Id, call: Caller) -> Response:
        """One case."""
        return await passthrough.get(gateway, "action", f"/v1/cases/{case_id}", call)

    @routes.post("/cases/{case_id}/resolve", operation_id="resolveCase")
    async def resolve(case_id: Id, found: CaseResolution, call: Caller) -> Response:
        """Store a finding: about a payment it is its label, about a listing it is not."""
        path = f"/v1/cases/{case_id}/resolve"
        return await passthrough.ask(gateway, "action", path, found, call)


def _cleared(routes: APIRouter, gateway: Gateway) -> None:
    @routes.post(
        "/cleared",
        operation_id="clearPair",
        status_code=201,
        response_model=ClearedPair,
    )
    async def clear(request: ClearRequest, call: Caller) -> Any:
        """Clear a pair of account and listed entity until a day; it is void as soon as the
        listing changes."""
        return await passthrough.ask(gateway, "sanctions", "/v1/cleared", request, call)

    @routes.get("/cleared", operation_id="listCleared", response_model=ClearedPairs)
    async def cleared(
        call: Caller, account: OptionalAccount = None, entity_id: OptionalId = None
    ) -> Any:
        """Clearings of an account or entity, also those that ended."""
        asked = {"account": account, "entity_id": entity_id}
        given = {name: value for name, value in asked.items() if value is not None}
        path = "/v1/cleared?" + urlencode(given)
        return await passthrough.get(gateway, "sanctions", path, call)

    @routes.post(
        "/cleared/{clearing_id}/revoke",
        operation_id="revokeCleared",
        response_model=ClearedPair,
    )
    async def revoke(clearing_id: Id, request: RevokeRequest, call: Caller) -> Any:
        """Take a clearing back; the record of it stays."""
        path = f"/v1/cleared/{clearing_id}/revoke"
        return await passthrough.ask(gateway, "sanctions", path, request, call)


def _admin(gateway: Gateway) -> APIRouter:
    routes = APIRouter(dependencies=[needs(gateway, "admin")])

    @routes.post(
        "/v1/parties/erase",
        operation_id="eraseParties",
        tags=["analysts"],
        response_model=Erased,
    )
    async def erase(request: ErasureRequest, call: Caller) -> Any:
        """Forget the parties that screening knows of an account."""
        path = "/v1/parties/erase"
        return await passthrough.ask(gateway, "sanctions", path, request, call)

    return routes
