"""Many payments in one request: each with its own decision or its own problem."""

import asyncio
import json
from typing import Annotated, Any

from pydantic import BaseModel, ConfigDict, Field, TypeAdapter, ValidationError

from fraud_orchestrator.gateway import Gateway
from fraud_shared.contracts.transaction import TransactionIn
from fraud_shared.mesh.deadline import Deadline
from fraud_shared.web import number_guard, problems
from fraud_shared.web.context import RawResponse, RequestContext

_PAYMENT = TypeAdapter(TransactionIn)


class BatchRequest(BaseModel):
    """`POST /v1/score/batch`: up to 1,000 payments, validated one by one."""

    model_config = ConfigDict(extra="forbid", hide_input_in_errors=True)

    transactions: Annotated[list[dict[str, Any]], Field(min_length=1, max_length=1000)]


class BatchItem(BaseModel):
    """One result: a decision, or a problem (RFC 9457), never both."""

    decision: dict[str, Any] | None
    problem: problems.Problem | None


class BatchReply(BaseModel):
    """Results in the order of the request."""

    results: list[BatchItem]


async def score_batch(
    gateway: Gateway, request: BatchRequest, context: RequestContext
) -> RawResponse:
    """Score each payment on its own; one that is refused does not touch the others."""

    async def one(body: dict[str, Any]) -> bytes:
        async with gateway.batches.slot():
            item_call = RequestContext(
                request_id=context.request_id,
                trace=context.trace,
                deadline=Deadline.after(gateway.settings.wall_ms),
                headers={},
                caller=context.caller,
                tenant=context.tenant,
                principal=context.principal,
            )
            try:
                number_guard.refuse_in_document(body)
                payment = _PAYMENT.validate_json(json.dumps(body))
                reply = await gateway.score(payment, item_call)
            except ValidationError as error:
                return _problem(problems.from_validation(error), context)
            except problems.FraudError as error:
                return _problem(error, context)
            return b'{"decision":' + reply + b',"problem":null}'

    results = await asyncio.gather(*(one(body) for body in request.transactions))
    return RawResponse(b'{"results":[' + b",".join(results) + b"]}")


def _problem(error: problems.FraudError, context: RequestContext) -> bytes:
    body = problems.body(error, context.request_id)
    return b'{"decision":null,"problem":' + body + b"}"
