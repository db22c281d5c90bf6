"""What a case needs on paper: as JSON, and as a page that prints."""

from typing import Any

from fastapi import APIRouter, Response

from fraud_orchestrator.api.guards import Caller, Id, needs
from fraud_orchestrator.api.passthrough import accepted
from fraud_orchestrator.api.rows.route import COMMAND, JSON
from fraud_orchestrator.authentication import actor
from fraud_orchestrator.evidence.page import page
from fraud_orchestrator.evidence.service import gather
from fraud_orchestrator.explanation.page import HEADERS, MEDIA
from fraud_orchestrator.gateway import Gateway
from fraud_shared.contracts.evidence import Evidence
from fraud_shared.web.context import RequestContext
from fraud_shared.web.problems import NotFound

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
        found = await _on_record(gateway, case_id, context)
        if accepted((JSON, MEDIA), context.header("accept")) == JSON:
            return Response(found.model_dump_json(), media_type=JSON)
        return Response(page(found), media_type=MEDIA, headers=HEADERS)

    return routes


async def _on_record(
    gateway: Gateway, case_id: str, context: RequestContext
) -> Evidence:
    """The evidence, which is given only once reading it is on record. Raises NotFound,
    which is on record too, and Unavailable."""
    status = 500
    try:
        found = await gather(gateway, case_id, actor(context, ("analyst",)), context)
        status = 200
    except NotFound:
        status = 404
        raise
    finally:
        await gateway.audit_log.note(
            context.caller,
            f"GET {_PATH}",
            f"case_id={case_id}",
            context.request_id,
            status=status,
        )
    return found
