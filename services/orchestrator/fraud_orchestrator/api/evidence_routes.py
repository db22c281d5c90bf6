"""What a case needs on paper: as JSON, and as a page that prints."""

from typing import Any

from fastapi import APIRouter, Response

from fraud_orchestrator.api.acts import view_on_record
from fraud_orchestrator.api.guards import Caller, Id, needs
from fraud_orchestrator.api.passthrough import accepted
from fraud_orchestrator.api.rows.route import COMMAND, JSON
from fraud_orchestrator.authentication import actor
from fraud_orchestrator.evidence.page import page
from fraud_orchestrator.evidence.service import gather
from fraud_orchestrator.explanation.page import HEADERS, MEDIA
from fraud_orchestrator.gateway import Gateway
from fraud_shared.contracts.evidence import Evidence

_PATH = "/v1/cases/{case_id}/evidence"


def router(gateway: Gateway) -> APIRouter:
    """The route of evidence."""
    routes = APIRouter()

    @routes.get(
        _PATH,
        operation_id="getCaseEvidence",
        openapi_extra={COMMAND: "cases evidence"},
        summary="What a case needs on paper: dispute, report of suspicion, letter",
        tags=["cases"],
        dependencies=[needs(gateway, "analyst")],
        response_model=Evidence,
        responses={200: {"content": {MEDIA: {"schema": {"type": "string"}}}}},
    )
    async def evidence(case_id: Id, context: Caller) -> Any:
        """Earlier undisputed payments with the same device or address, a draft of a
        suspicious activity report, and the grounds for the customer's letter: each figure
        with the record that it is from.

        `Accept: text/html` gives one page that prints. Reading it is on record in the
        audit log, and in the notes of the case.
        """
        async with view_on_record(
            gateway, context, f"GET {_PATH}", {"case_id": case_id}
        ):
            who = actor(context, ("analyst",))
            found = await gather(gateway, case_id, who, context)
        if accepted((JSON, MEDIA), context.header("accept")) == JSON:
            return Response(found.model_dump_json(), media_type=JSON)
        return Response(page(found), media_type=MEDIA, headers=HEADERS)

    return routes
