"""Why a payment was decided as it was: as JSON, and as a page that prints."""

from typing import Any

from fastapi import APIRouter, Response

from fraud_orchestrator import audit
from fraud_orchestrator.api.acts import view_on_record
from fraud_orchestrator.api.decision_routes import READERS
from fraud_orchestrator.api.guards import Caller, Id, needs
from fraud_orchestrator.api.passthrough import accepted
from fraud_orchestrator.api.rows.route import COMMAND, JSON
from fraud_orchestrator.authentication import actor
from fraud_orchestrator.explanation.page import HEADERS, MEDIA, page
from fraud_orchestrator.explanation.service import explain
from fraud_orchestrator.gateway import Gateway
from fraud_shared.contracts.explanation import Explanation

_PATH = "/v1/decisions/{decision_id}/explanation"


def router(gateway: Gateway) -> APIRouter:
    """The route of explanations."""
    routes = APIRouter()

    @routes.get(
        _PATH,
        operation_id="explainDecision",
        openapi_extra={COMMAND: "decisions explain"},
        summary="Explain a decision",
        tags=["decisions"],
        dependencies=[needs(gateway, *READERS)],
        response_model=Explanation,
        responses={200: {"content": {MEDIA: {"schema": {"type": "string"}}}}},
    )
    async def explanation(decision_id: Id, context: Caller) -> Any:
        """Reasons, contributions of each model, rules, and the nearest change that alone
        gives another verdict, recomputed with the engines in force.

        `Accept: text/html` gives one page that prints. Reading it is on record in the
        audit log.
        """
        async with view_on_record(
            gateway, context, f"GET {_PATH}", {"decision_id": decision_id}
        ):
            who = actor(context, READERS)
            record = await audit.recorded(gateway, who, decision_id)
            found = await explain(gateway, record, context)
        if accepted((JSON, MEDIA), context.header("accept")) == JSON:
            return Response(found.model_dump_json(), media_type=JSON)
        return Response(page(found), media_type=MEDIA, headers=HEADERS)

    return routes
