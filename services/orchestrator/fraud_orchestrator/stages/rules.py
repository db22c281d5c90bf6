"""Stage: the rules, and before them the blocks that need no other service.

Without an answer of the rules service the gateway evaluates the same ruleset itself; with
one from another ruleset or older lists, its own hard rules besides.
"""

import asyncio

from pydantic import ValidationError

from fraud_features.store.observation import Observation
from fraud_orchestrator.engines import Engines
from fraud_orchestrator.telemetry import ENGINE_RESULTS
from fraud_shared.contracts.action import BlockKind, BlockQuestion, BlocksInForce
from fraud_shared.contracts.features import FeatureVector
from fraud_shared.contracts.signal import RuleHit, RulesRequest, RulesResult
from fraud_shared.contracts.transaction import Transaction
from fraud_shared.mesh.client import ServiceClient
from fraud_shared.mesh.deadline import Deadline
from fraud_shared.mesh.errors import DependencyError, DependencyTimeout
from fraud_shared.web.context import RequestContext

BLOCK_LIST = "blocks@1"


class Rules:
    """Asks the rules service; the gateway's own rules stand where it is behind or away."""

    def __init__(
        self, service_client: ServiceClient, engines: Engines, *, cap_ms: float
    ) -> None:
        self._service_client = service_client
        self._engines = engines
        self._cap_ms = cap_ms

    async def evaluate(
        self,
        payment: Transaction,
        features: FeatureVector,
        observation: Observation | None,
        context: RequestContext,
        deadline: Deadline,
    ) -> RulesResult:
        """What the rules say; a standing block of card, account or device says BLOCK."""
        known = observation is not None and not observation.lower_bound
        if observation is not None and known and observation.blocked:
            return blocked(observation.blocked)
        if known:
            return await self._answer(payment, features, context, deadline)
        kinds, result = await asyncio.gather(
            self._blocked(payment, context, deadline),
            self._answer(payment, features, context, deadline),
        )
        return blocked(kinds) if kinds else result

    def warm_up(self, payment: Transaction, features: FeatureVector) -> None:
        """Compile what the gateway's own rules need for a payment; nothing is counted."""
        self._engines.rules.hard_block(payment, features)
        self._engines.rules.evaluate(payment, features)

    async def _answer(
        self,
        payment: Transaction,
        features: FeatureVector,
        context: RequestContext,
        deadline: Deadline,
    ) -> RulesResult:
        """The service's answer, or that of the gateway's own ruleset where it has none."""
        rules = self._engines.rules
        result = await self.ask(payment, features, context, deadline)
        if result.outcome != "scored":
            own = rules.evaluate(payment, features)
            ENGINE_RESULTS.labels("rules", own.failover).inc()
            return own
        if not rules.is_covered_by(result):
            hard = rules.hard_block(payment, features)
            if hard is not None:
                ENGINE_RESULTS.labels("rules", "hard_block").inc()
                return hard
        if self._engines.compares(payment.transaction_id):
            rules.check(result, payment, features)
        return result

    async def _blocked(
        self, payment: Transaction, context: RequestContext, deadline: Deadline
    ) -> tuple[BlockKind, ...]:
        """The blocks in force when the online store cannot say: its source knows. With
        both away a block is missing evidence like any other."""
        card, device = payment.card, payment.device
        asked = BlockQuestion(
            account=payment.account_id,
            card=card.token if card else None,
            device=device.device_id if device else None,
        )
        try:
            reply = await self._service_client.ask(
                "action",
                "/blocked",
                asked,
                BlocksInForce,
                deadline=deadline,
                cap_ms=self._cap_ms,
                context=context,
                idempotent=True,
            )
            return reply.blocked
        except (DependencyError, ValidationError):
            return ()

    async def ask(
        self,
        payment: Transaction,
        features: FeatureVector,
        context: RequestContext,
        deadline: Deadline,
    ) -> RulesResult:
        """The rules service's answer, or a result that says it is missing."""
        request = RulesRequest(transaction=payment, features=features)
        try:
            result = await self._service_client.ask(
                "rules",
                "/evaluate",
                request,
                RulesResult,
                deadline=deadline,
                cap_ms=self._cap_ms,
                context=context,
                idempotent=True,
            )
        except DependencyTimeout:
            return RulesResult(outcome="timed_out")
        except (DependencyError, ValidationError):
            return RulesResult(outcome="failed")
        self._engines.rules.note(result.ruleset)
        return result


def blocked(kinds: tuple[str, ...]) -> RulesResult:
    """The result when a block is in force: no rule needs to be asked."""
    hits = tuple(
        RuleHit(
            rule=f"B-{kind.upper()}@1",
            effect="BLOCK",
            severity="critical",
            reason=f"the {kind} is blocked",
        )
        for kind in kinds
    )
    return RulesResult(
        outcome="scored", rules_flag="BLOCK", hits=hits, ruleset=BLOCK_LIST
    )
