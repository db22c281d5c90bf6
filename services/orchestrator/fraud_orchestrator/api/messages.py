"""Routes that take the messages of payment systems instead of our own body."""

from collections.abc import Callable
from typing import Annotated, Any, Literal

from fastapi import APIRouter, Query, Request, Response
from pydantic import TypeAdapter, ValidationError

from fraud_orchestrator.adapters import iso8583, iso20022
from fraud_orchestrator.adapters.fields import Body, Element
from fraud_orchestrator.api.batch import BatchReply, BatchRequest, score_batch
from fraud_orchestrator.api.guards import Caller, needs
from fraud_orchestrator.gateway import Gateway
from fraud_shared.contracts.decision import Decision
from fraud_shared.contracts.transaction import TransactionIn
from fraud_shared.web.context import RequestContext
from fraud_shared.web.problems import UnsupportedMedia, from_validation
from fraud_shared.web.service import HotRoute

MEGABYTE = 1024 * 1024
LIMITS = dict.fromkeys(("/v1/score/pacs008", "/v1/score/pain001"), 4 * MEGABYTE)
_PAYMENT = TypeAdapter(TransactionIn)
Channel = Annotated[
    Literal["online_banking", "mobile", "branch"],
    Query(description="Where the transfers were ordered: the messages do not say it."),
]
_READ = {
    "requestBody": {
        "required": True,
        "content": {
            media: {"schema": {"type": "object"}}
            for media in ("application/json", "application/xml")
        },
    }
}


def hot(gateway: Gateway) -> list[HotRoute]:
    """One authorisation request, one decision."""

    async def score(given: iso8583.Iso8583, context: RequestContext) -> bytes:
        """Decide an ISO 8583 authorisation request (0100): `mti` and the data elements by
        number, as text. The card number becomes a token at once."""
        body = iso8583.payment(
            given.root, now=gateway.now(), token_of=gateway.card_token
        )
        try:
            payment = _PAYMENT.validate_python(body, strict=False)
        except ValidationError as error:
            raise from_validation(error) from None
        with gateway.batches.single():
            return await gateway.score(payment, context)

    return [
        HotRoute(
            "/v1/score/iso8583",
            iso8583.Iso8583,
            Decision,
            score,
            "scoreIso8583",
            "Decide an ISO 8583 authorisation request",
            guard=gateway.admission.guard("score", "test"),
            strict=True,
            charge=gateway.admission.charge,
            numbers_at=("2",),
        )
    ]


def router(gateway: Gateway) -> APIRouter:
    """ISO 20022: a message may hold many transfers, each with its own result."""
    routes = APIRouter(
        tags=["decisions"], dependencies=[needs(gateway, "score", "test")]
    )
    for path, operation, adapter, summary in (
        ("/v1/score/pacs008", "scorePacs008", iso20022.pacs008, "pacs.008"),
        ("/v1/score/pain001", "scorePain001", iso20022.pain001, "pain.001"),
    ):
        _mount(routes, gateway, path, operation, adapter, summary)
    return routes


def _mount(
    routes: APIRouter,
    gateway: Gateway,
    path: str,
    operation: str,
    adapter: Callable[..., list[Body]],
    name: str,
) -> None:
    async def score(
        request: Request, context: Caller, channel: Channel = "online_banking"
    ) -> Response:
        document = _document(await request.body(), context)
        payments = adapter(document, channel=channel)
        if len(payments) > 1:
            await gateway.admission.charge(context, len(payments) - 1)
        asked = BatchRequest.model_construct(transactions=payments)
        reply = await score_batch(gateway, asked, context)
        return Response(reply.body, media_type="application/json")

    extra: dict[str, Any] = _READ
    routes.add_api_route(
        path,
        score,
        methods=["POST"],
        operation_id=operation,
        summary=f"Decide the transfers of an ISO 20022 {name} message",
        description=f"{name} in XML, or in JSON with the names of the XML elements. Results "
        "are in the order of the message, each a decision or a problem. Blocks that the "
        "message has no place for may come in `SplmtryData.Envlp.Fraud`.",
        response_model=BatchReply,
        openapi_extra=extra,
    )


def _document(raw: bytes, context: RequestContext) -> Element:
    media = (context.header("content-type") or "").partition(";")[0].strip().lower()
    xml = media in ("application/xml", "text/xml") or media.endswith("+xml")
    if not xml and media not in ("", "application/json"):
        raise UnsupportedMedia
    return iso20022.read(raw, xml=xml)
