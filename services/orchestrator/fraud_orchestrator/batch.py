"""Many payments in one request: each with its own decision or its own problem."""

import asyncio
import json
from typing import Annotated, Any

from pydantic import BaseModel, ConfigDict, Field, TypeAdapter, ValidationError

from fraud_orchestrator.gateway import Gateway
from fraud_shared.contracts.transaction import TransactionIn
from fraud_shared.mesh.deadline import Deadline
from fraud_shared.web import problems
from fraud_shared.web.call import Answer, Call

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


async def score_batch(gateway: Gateway, request: BatchRequest, call: Call) -> Answer:
    """Score each payment on its own; one that is refused does not touch the others."""
    slots = asyncio.Semaphore(gateway.settings.batch_concurrency)

    async def one(body: dict[str, Any]) -> bytes:
        async with slots:
            item_call = Call(
                request_id=call.request_id,
                trace=call.trace,
                deadline=Deadline.after(gateway.settings.wall_ms),
                headers={},
                caller=call.caller,
                principal=call.principal,
            )
            try:
                payment = _PAYMENT.validate_json(json.dumps(body))
                reply = await gateway.score(payment, item_call)
            except ValidationError as error:
                return _problem(problems.from_validation(error), call)
            except problems.FraudError as error:
                return _problem(error, call)
            return b'{"decision":' + reply + b',"problem":null}'

    results = await asyncio.gather(*(one(body) for body in request.transactions))
    return Answer(b'{"results":[' + b",".join(results) + b"]}")


def _problem(error: problems.FraudError, call: Call) -> bytes:
    body = problems.body(error, call.request_id)
    return b'{"decision":null,"problem":' + body + b"}"
