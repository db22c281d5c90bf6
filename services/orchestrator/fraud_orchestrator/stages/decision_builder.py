"""Puts the stages' results together: the record, the reply, and what is counted."""

import uuid
from dataclasses import dataclass
from datetime import UTC, datetime

from fraud_orchestrator.action_requests import planned
from fraud_orchestrator.stages.stopwatch import Stopwatch
from fraud_orchestrator.telemetry import DECISION_SECONDS, DECISIONS, DEGRADED
from fraud_shared.contracts.acceptance import Exemption
from fraud_shared.contracts.action import ActionResult
from fraud_shared.contracts.decision import (
    Decision,
    DecisionMade,
    PolicyContext,
    Ruling,
)
from fraud_shared.contracts.features import FeatureVector
from fraud_shared.contracts.screening import ScreeningResult
from fraud_shared.contracts.signal import RulesResult, Signal
from fraud_shared.contracts.transaction import Transaction
from fraud_shared.web.context import RequestContext


@dataclass(frozen=True, slots=True)
class DecisionBuilder:
    """What every stage said about one payment."""

    payment: Transaction
    features: FeatureVector
    policy_context: PolicyContext
    rules: RulesResult
    signals: tuple[Signal, ...]
    screening: ScreeningResult
    ruling: Ruling
    exemption: Exemption | None = None

    def made(self, context: RequestContext, decision: Decision) -> DecisionMade:
        """The decision as it is recorded and published.

        The reasons of screening hits quote the screened name, so only the reply has them.
        """
        hits = tuple(h.model_copy(update={"reasons": ()}) for h in self.screening.hits)
        screening = self.screening.model_copy(update={"hits": hits})
        return DecisionMade(
            client=context.caller,
            tenant=context.tenant or context.caller,
            decision=decision.model_copy(update={"screening": screening}),
            transaction=self.payment,
            features=self.features,
            context=self.policy_context,
        )

    def decision(self, watch: Stopwatch, context: RequestContext) -> Decision:
        """The decision, its actions still to be done."""
        decision_id = str(uuid.uuid4())
        ruling = self.ruling
        raw = {name: value for s in self.signals for name, value in s.raw.items()}
        by_source = {signal.source: signal for signal in self.signals}
        lead = by_source.get(self.policy_context.risk_model or "xgboost")
        actions = planned(decision_id, ruling.actions)
        return Decision(
            decision_id=decision_id,
            transaction_id=self.payment.transaction_id,
            decision=ruling.decision,
            challenge=ruling.challenge,
            challenge_id=None,
            confidence=ruling.confidence,
            risk=ruling.risk,
            expected_loss_minor=ruling.expected_loss_minor,
            reason=ruling.reason,
            reasons=ruling.reasons,
            rules_flag=self.rules.rules_flag,
            if_score=raw.get("if_score"),
            ae_error=raw.get("ae_error"),
            fraud_score=lead.raw.get("fraud_score") if lead else None,
            rules=self.rules,
            signals=self.signals,
            screening=self.screening,
            actions=actions,
            action_status="queued" if actions else "none",
            degraded=ruling.degraded,
            versions=self._versions(),
            timings_ms=dict(watch.ms),
            trace_id=context.trace.trace_id,
            decided_at=datetime.now(UTC),
            exemption=self.exemption,
        )

    def _versions(self) -> dict[str, str]:
        """The name and version of everything that took part."""
        features = self.features
        versions = {
            "policy": self.ruling.policy,
            "features": f"{features.feature_set}@{features.version}+{features.hash[:8]}",
        }
        if self.rules.ruleset is not None:
            versions["rules"] = self.rules.ruleset
        for signal in self.signals:
            if (model := signal.model) is not None:
                versions[signal.source] = (
                    f"{model.name}@{model.version}+{model.hash[:8]}"
                )
        for entry in self.screening.lists:
            versions[f"list:{entry.list}"] = entry.version
        return versions

    def observe(
        self, decision: Decision, watch: Stopwatch, context: RequestContext
    ) -> None:
        """Count the decision and put it into the request's log line."""
        watch.observe()
        DECISION_SECONDS.observe(watch.total_ms() / 1000)
        DECISIONS.labels(decision.decision.value).inc()
        for reason in decision.degraded:
            DEGRADED.labels(reason).inc()
        context.log(
            decision=decision.decision.value,
            decision_id=decision.decision_id,
            degraded=list(decision.degraded),
            stages_ms=watch.ms,
        )


def reply_of(
    decision: Decision,
    watch: Stopwatch | None,
    *,
    done: bool,
    results: tuple[ActionResult, ...] = (),
) -> bytes:
    """The reply's bytes, once its actions are done, queued, or not needed."""
    update: dict[str, object] = {}
    if decision.actions:
        update["actions"] = results or decision.actions
        update["action_status"] = "done" if done else "queued"
        challenges = [r.reference for r in results if r.kind == "otp_challenge"]
        update["challenge_id"] = challenges[0] if challenges else None
    if watch is not None:
        update["timings_ms"] = {**watch.ms, "total": watch.total_ms()}
    return decision.model_copy(update=update).model_dump_json().encode()
