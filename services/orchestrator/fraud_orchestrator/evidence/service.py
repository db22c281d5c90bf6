"""The evidence of a case: the case, its payment, the account's others, what was reported."""

import asyncio
from collections.abc import Iterable, Sequence
from datetime import timedelta

from fraud_orchestrator import audit
from fraud_orchestrator.entities import of_case
from fraud_orchestrator.evidence.compose import (
    WINDOW_DAYS,
    Found,
    compose,
    first_dispute,
)
from fraud_orchestrator.explanation.service import decisive
from fraud_orchestrator.gateway import Gateway
from fraud_shared.contracts.cases import CaseHistory
from fraud_shared.contracts.decision import DecisionMade
from fraud_shared.contracts.evidence import Evidence, RecordedLabel
from fraud_shared.mesh.tokens import Actor
from fraud_shared.web.context import RequestContext

MOST_EARLIER = 500
MOST_FLAGGED = 50


async def gather(
    gateway: Gateway, case_id: str, actor: Actor, context: RequestContext
) -> Evidence:
    """What a case needs on paper. Raises NotFound, also where the decision of the case is
    no longer kept, and Unavailable."""
    case = await of_case(gateway, case_id, CaseHistory, actor, context)
    record = await audit.recorded(gateway, actor, case.decision_id)
    own = await _labels(gateway, record, [record])
    first = first_dispute(own.get(record.decision.decision_id, ()))
    at = first.reported_at if first else record.transaction.occurred_at
    span = (at - timedelta(days=WINDOW_DAYS[1]), at - timedelta(days=WINDOW_DAYS[0]))
    earlier, flagged = await asyncio.gather(
        gateway.search.approved_before(record, span, actor, MOST_EARLIER),
        gateway.search.called_fraud(record, actor, MOST_FLAGGED),
    )
    found = Found(
        earlier=await _read(earlier),
        flagged=await _read(flagged),
        labels={},
    )
    labels = await _labels(gateway, record, [record, *found.earlier, *found.flagged])
    return compose(
        case,
        record,
        Found(found.earlier, found.flagged, labels),
        decisive(gateway, record),
        gateway.now(),
    )


async def _read(records: Iterable[bytes]) -> list[DecisionMade]:
    """Records read one by one: payments come between."""
    made = []
    for one in records:
        made.append(DecisionMade.model_validate_json(one))
        await asyncio.sleep(0)
    return made


async def _labels(
    gateway: Gateway, record: DecisionMade, about: Sequence[DecisionMade]
) -> dict[str, list[RecordedLabel]]:
    """What was reported, by decision id: under the payment's number, or under that of
    another request about it."""
    owner = record.owner
    later = await gateway.search.later_requests(owner, record.transaction.account_id)
    firsts = {
        one.decision.decision_id: later.get(number, number)
        for one in about
        for number in (one.transaction.transaction_id,)
    }
    names = {**{name: name for name in firsts.values()}, **later}
    by_payment: dict[str, list[RecordedLabel]] = {}
    for number, label in await gateway.labels.recorded(owner, list(names)):
        by_payment.setdefault(names[number], []).append(label)
    return {made: by_payment.get(first, []) for made, first in firsts.items()}
