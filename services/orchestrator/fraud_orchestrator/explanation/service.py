"""Explaining a stored decision: the record, the models asked again, the engines."""

import asyncio
from collections.abc import Generator
from dataclasses import dataclass
from datetime import datetime
from typing import TypeVar

from pydantic import ValidationError

from fraud_engines.rules.engine import evaluate
from fraud_engines.rules.ruleset import Ruleset
from fraud_orchestrator.explanation import counterfactual
from fraud_orchestrator.explanation.compose import compose
from fraud_orchestrator.gateway import Gateway
from fraud_shared.contracts.decision import DecideRequest, DecisionMade, Reason, Verdict
from fraud_shared.contracts.explanation import Explanation
from fraud_shared.contracts.features import FeatureVector
from fraud_shared.contracts.signal import (
    ModelSource,
    RulesResult,
    ScoreRequest,
    Signal,
)
from fraud_shared.contracts.transaction import Transaction
from fraud_shared.mesh.deadline import Deadline
from fraud_shared.mesh.errors import DependencyError
from fraud_shared.web.context import RequestContext

T = TypeVar("T")


async def explain(
    gateway: Gateway, record: DecisionMade, context: RequestContext
) -> Explanation:
    """Why a recorded decision is as it is. Models that do not answer are said to be
    missing; nothing else can fail."""
    again, found = await asyncio.gather(
        _asked_again(gateway, record, context),
        _between(counterfactual.find(record, _engines(gateway))),
    )
    return compose(record, again, found, decisive(gateway, record))


def decisive(gateway: Gateway, record: DecisionMade) -> tuple[Reason, ...]:
    """The recorded reasons that demand the verdict, as the policy in force says; none where
    it decides otherwise than was recorded."""
    policy, request = gateway.engines.policy.current, record.request()
    if policy.decide(request).decision is not record.decision.decision:
        return ()
    demanding = {(r.code, r.source) for r in policy.deciding(request)}
    reasons = record.decision.reasons
    return tuple(r for r in reasons if (r.code, r.source) in demanding)


@dataclass(frozen=True, slots=True)
class _Rules:
    """The ruleset in force when the search begins: a change meanwhile does not mix in."""

    ruleset: Ruleset
    now: datetime

    def evaluate(self, payment: Transaction, features: FeatureVector) -> RulesResult:
        """What the rules say."""
        return evaluate(self.ruleset, payment, features, self.now)


def _engines(gateway: Gateway) -> counterfactual.Engines:
    policy = gateway.engines.policy.current

    def decide(request: DecideRequest) -> Verdict:
        return policy.decide(request).decision

    return counterfactual.Engines(
        decide=decide,
        rules=_Rules(gateway.engines.rules.current, gateway.now()),
        risk_model=policy.document.models.risk,
    )


async def _asked_again(
    gateway: Gateway, record: DecisionMade, context: RequestContext
) -> dict[str, Signal]:
    """What the models that did not explain themselves say of the stored vector now."""
    body = ScoreRequest(
        transaction_id=record.transaction.transaction_id,
        features=record.features,
        explain_from=0.0,
    ).model_dump_json()
    silent = [
        signal.source
        for signal in record.decision.signals
        if signal.outcome == "scored" and not signal.top_features
    ]
    answers = await asyncio.gather(
        *(_ask(gateway, source, body.encode(), context) for source in silent)
    )
    return {signal.source: signal for signal in answers}


async def _ask(
    gateway: Gateway, source: ModelSource, body: bytes, context: RequestContext
) -> Signal:
    """One model's answer. It opens no breaker that payments need."""
    cap_ms = gateway.settings.query_cap_ms
    try:
        reply = await gateway.questions.call(
            source,
            "/score",
            body,
            deadline=Deadline.after(cap_ms),
            cap_ms=cap_ms,
            context=context,
            idempotent=True,
        )
        return Signal.model_validate_json(reply)
    except (DependencyError, ValidationError):
        return Signal(source=source, outcome="failed")


async def _between(search: Generator[None, None, T]) -> T:
    """Run a search, and let payments through between its steps."""
    while True:
        try:
            next(search)
        except StopIteration as done:
            found: T = done.value
            return found
        await asyncio.sleep(0)
