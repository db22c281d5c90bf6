"""Stage: the policy's verdict; and what stands in when the decision service is away."""

from pydantic import ValidationError

from fraud_shared.contracts.decision import DecideRequest, Reason, Ruling, Verdict
from fraud_shared.mesh.client import ServiceClient
from fraud_shared.mesh.deadline import Deadline
from fraud_shared.mesh.errors import DependencyError
from fraud_shared.web.context import RequestContext

STAND_IN_POLICY = "gateway-stand-in@1"


class Decider:
    """Asks the decision service."""

    def __init__(self, service_client: ServiceClient, *, cap_ms: float) -> None:
        self._service_client = service_client
        self._cap_ms = cap_ms

    async def decide(
        self, request: DecideRequest, context: RequestContext, deadline: Deadline
    ) -> Ruling:
        """The policy's ruling, or the stand-in's: never an approval without a policy."""
        try:
            return await self.ask(request, context, deadline)
        except (DependencyError, ValidationError):
            return stand_in(request)

    async def ask(
        self, request: DecideRequest, context: RequestContext, deadline: Deadline
    ) -> Ruling:
        """The policy's ruling. Raises DependencyError."""
        reply = await self._service_client.call(
            "decision",
            "/decide",
            request.model_dump_json().encode(),
            deadline=deadline,
            cap_ms=self._cap_ms,
            context=context,
        )
        return Ruling.model_validate_json(reply)


def stand_in(request: DecideRequest) -> Ruling:
    """Without the policy: hard blocks still decline, everything else goes to a person."""
    reasons = [
        Reason(
            code="DECISION_UNAVAILABLE",
            text="the decision service did not answer",
            source="gateway",
            weight=1.0,
        )
    ]
    verdict = Verdict.CHALLENGE
    if request.rules.rules_flag == "BLOCK" or request.screening.status == "match":
        verdict = Verdict.DECLINE
        code = (
            "RULES_BLOCK" if request.rules.rules_flag == "BLOCK" else "SANCTIONS_MATCH"
        )
        reasons.insert(
            0,
            Reason(
                code=code, text="a hard block is in force", source="gateway", weight=1
            ),
        )
    return Ruling(
        decision=verdict,
        challenge="manual_review" if verdict is Verdict.CHALLENGE else None,
        confidence=0.0,
        risk=None,
        expected_loss_minor=None,
        reason=reasons[0].text,
        reasons=tuple(reasons),
        actions=("payment_hold", "case"),
        degraded=("DECISION_UNAVAILABLE", *_missing(request)),
        stand_in=True,
        policy=STAND_IN_POLICY,
    )


def _missing(request: DecideRequest) -> list[str]:
    """What else did not answer, in the policy's words."""
    codes = [
        f"MODEL_{signal.source.upper()}_UNAVAILABLE"
        for signal in request.signals
        if signal.outcome in ("timed_out", "failed")
    ]
    if request.rules.outcome != "scored":
        codes.append("RULES_UNAVAILABLE")
    if not request.velocity_known:
        codes.append("VELOCITY_UNKNOWN")
    if request.screening.status == "unavailable":
        codes.append("SANCTIONS_UNAVAILABLE")
    return codes
