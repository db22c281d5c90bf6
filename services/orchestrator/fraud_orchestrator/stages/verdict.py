"""Stage: the policy's verdict. Without an answer of the decision service the gateway applies
the same policy itself."""

from pydantic import ValidationError

from fraud_orchestrator.engines import Engines
from fraud_orchestrator.telemetry import ENGINE_RESULTS
from fraud_shared.contracts.decision import DecideRequest, Reason, Ruling, Verdict
from fraud_shared.contracts.degraded import (
    DecidedBy,
    DegradedCode,
    is_blocked,
    missing_codes,
)
from fraud_shared.contracts.reasons import ReasonCode
from fraud_shared.mesh.client import ServiceClient
from fraud_shared.mesh.deadline import Deadline
from fraud_shared.mesh.errors import DependencyError
from fraud_shared.web.context import RequestContext

STAND_IN_POLICY = "gateway-stand-in@1"


class Decider:
    """Asks the decision service."""

    def __init__(
        self, service_client: ServiceClient, engines: Engines, *, cap_ms: float
    ) -> None:
        self._service_client = service_client
        self._engines = engines
        self._cap_ms = cap_ms

    async def decide(
        self, request: DecideRequest, context: RequestContext, deadline: Deadline
    ) -> Ruling:
        """The policy's ruling, or the gateway's own: never an approval without a policy."""
        try:
            ruling = await self.ask(request, context, deadline)
        except (DependencyError, ValidationError):
            return self._fail_over(request)
        if self._engines.compares(request.transaction_id):
            self._engines.policy.check(ruling, request)
        return ruling

    async def ask(
        self, request: DecideRequest, context: RequestContext, deadline: Deadline
    ) -> Ruling:
        """The policy's ruling. Raises DependencyError."""
        ruling = await self._service_client.ask(
            "decision",
            "/decide",
            request,
            Ruling,
            deadline=deadline,
            cap_ms=self._cap_ms,
            context=context,
            idempotent=True,
        )
        self._engines.policy.note(ruling.policy)
        return ruling

    def _fail_over(self, request: DecideRequest) -> Ruling:
        """The same policy, applied here. Where the service had another last, the stricter
        of this one's ruling and of a person's review."""
        policy = self._engines.policy
        own = policy.decide(request)
        if not policy.differs:
            ENGINE_RESULTS.labels("decision", "same").inc()
            return marked(own, request, "failover")
        ENGINE_RESULTS.labels("decision", "differs").inc()
        person = stand_in(request)
        if own.decision.severity > person.decision.severity:
            return marked(own, request, "nobody")
        return person


def marked(ruling: Ruling, request: DecideRequest, by: DecidedBy) -> Ruling:
    """The ruling with the code of who made it before those of the policy."""
    own, *_ = missing_codes(request, decided_by=by)
    return ruling.model_copy(update={"degraded": (own.value, *ruling.degraded)})


def stand_in(request: DecideRequest) -> Ruling:
    """Without the policy: hard blocks still decline, everything else goes to a person."""
    gap = DegradedCode.DECISION_UNAVAILABLE
    reasons = [Reason(code=gap, text=gap.text, source="gateway", weight=0.5)]
    verdict = Verdict.CHALLENGE
    blocked = is_blocked(request.rules)
    if blocked or request.screening.status == "match":
        verdict = Verdict.DECLINE
        code = ReasonCode.RULE_BLOCK if blocked else ReasonCode.SANCTIONS_MATCH
        text = "a hard block is in force"
        reasons.insert(0, Reason(code=code, text=text, source="gateway", weight=1))
    return Ruling(
        decision=verdict,
        challenge="manual_review" if verdict is Verdict.CHALLENGE else None,
        confidence=0.0,
        risk=None,
        expected_loss_minor=None,
        reason=reasons[0].text,
        reasons=tuple(reasons),
        actions=("payment_hold", "case"),
        degraded=missing_codes(request, decided_by="nobody"),
        stand_in=False,
        policy=STAND_IN_POLICY,
    )
