"""Routes for analysts: cases. Who acts is the client of the key: `analyst` of a body is
replaced by its name."""

from typing import Annotated, Literal
from urllib.parse import urlencode

from fastapi import APIRouter, Query, Response

from fraud_orchestrator.api import passthrough
from fraud_orchestrator.api.guards import Caller, Id, needs
from fraud_orchestrator.gateway import Gateway
from fraud_shared.contracts.action import CaseResolution
from fraud_shared.web.context import RequestContext
from fraud_shared.web.keys import Client


def router(gateway: Gateway) -> APIRouter:
    """Everything an analyst asks, handed over to the service that knows."""
    analyst = [needs(gateway, "analyst")]
    routes = APIRouter(prefix="/v1", tags=["analysts"], dependencies=analyst)
    _cases(routes, gateway)
    return routes


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
