"""The verdict: the strictest of what each part demands, then the cheapest allowed.

Pure: a request in, a ruling out. The law it keeps, and its tests hold it to: take any
part of the evidence away, and the verdict is at least as strict as with that part at its
most innocent. So a gap is never milder than clean evidence, what a present part demands
survives every gap, and a BLOCK stays DECLINE whatever else is missing. (A score that is
missing cannot decline: what it would have said, nobody knows.)
"""

from itertools import chain
from pathlib import Path

from fraud_engines.policy import minimum_verdict
from fraud_engines.policy.bands import Bands
from fraud_engines.policy.evidence import Evidence, Models
from fraud_engines.policy.exemptions import offers
from fraud_engines.policy.minimum_verdict import MinimumVerdict
from fraud_engines.policy.policy_schema import (
    ActionWhen,
    PolicyDocument,
    read,
    to_bands,
)
from fraud_shared.contracts.action import ActionKind
from fraud_shared.contracts.decision import (
    Challenge,
    DecideRequest,
    Reason,
    Ruling,
    Verdict,
)
from fraud_shared.contracts.reasons import ReasonCode
from fraud_shared.contracts.transaction import Block
from fraud_shared.documents import content_hash

# The policy in force where no other file is set.
DEFAULT_POLICY = Path(__file__).parent / "policies" / "default.yaml"

# The order effects are asked for in: hold the money first, tell people last.
_ACTION_ORDER: tuple[ActionKind, ...] = (
    "payment_hold", "card_block", "account_block", "device_block",
    "otp_challenge", "alert", "case",
)  # fmt: skip
_CLEAR = Reason(
    code=ReasonCode.ALL_CLEAR,
    text=ReasonCode.ALL_CLEAR.text,
    source="policy",
    weight=0.0,
)


class Policy:
    """A loaded policy. `version` is `name@version+hash8` of the file it came from."""

    def __init__(self, document: PolicyDocument, content_hash: str) -> None:
        self.document = document
        self.content_hash = content_hash
        self.version = f"{document.name}@{document.version}+{content_hash[:8]}"
        self._models = Models(document.models.risk, document.models.anomaly)
        default = to_bands(document.risk.bands)
        segments = [(seg.when, to_bands(seg.bands)) for seg in document.segments]
        factor = document.risk.tightened_by
        self._bands = (default, segments)
        self._tightened = (
            default.tightened(factor),
            [(when, bands.tightened(factor)) for when, bands in segments],
        )

    def decide(self, request: DecideRequest) -> Ruling:
        """The ruling for one payment."""
        evidence, made, verdict = self._ruled(request)
        stand_in = verdict is Verdict.APPROVE and any(
            d.reason.code == ReasonCode.STAND_IN for d in made
        )
        review = any(d.review and d.verdict is not Verdict.APPROVE for d in made)
        challenge = self._challenge(request, review, verdict)
        reasons = _ranked(made, verdict)
        risk = evidence.risk
        exposure = self.document.costs.exposure(request.amount_ref_minor)
        ruling = Ruling(
            decision=verdict,
            challenge=challenge,
            confidence=self._confidence(evidence, verdict, reasons),
            risk=risk,
            expected_loss_minor=None if risk is None else round(risk * exposure),
            reason=reasons[0].text,
            reasons=reasons,
            actions=self._actions(verdict, challenge, reasons),
            degraded=evidence.degraded,
            stand_in=stand_in,
            policy=self.version,
        )
        offered = tuple(offers(self.document.exemptions, request, ruling))
        return ruling.model_copy(update={"exemptions": offered}) if offered else ruling

    def deciding(self, request: DecideRequest) -> tuple[Reason, ...]:
        """The reasons that each demand the verdict on a request, heaviest first."""
        _, made, verdict = self._ruled(request)
        demands = [demand for demand in made if demand.verdict is verdict]
        return _ranked(demands, verdict)

    def _ruled(
        self, request: DecideRequest
    ) -> tuple[Evidence, list[MinimumVerdict], Verdict]:
        """The evidence, what its parts demand, and the verdict."""
        models = self._models.led_by(request.risk_model)
        evidence = Evidence.of(request, models, self._required(request))
        made = list(
            chain(
                minimum_verdict.rules(evidence, self.document),
                minimum_verdict.screening(evidence, self.document),
                minimum_verdict.anomaly(evidence, self.document),
                minimum_verdict.missing_evidence(evidence, self.document),
                minimum_verdict.amounts(evidence, self.document),
            )
        )
        floor = max((d.verdict for d in made), key=_severity, default=Verdict.APPROVE)
        return evidence, made, self._settle(evidence, floor, made)

    def _settle(
        self, evidence: Evidence, floor: Verdict, made: list[MinimumVerdict]
    ) -> Verdict:
        """The cheapest verdict that the risk's band allows and no demand forbids."""
        # A missing risk is looked up as 0, so its band asks for no less than a clean one.
        risk = evidence.risk or 0.0
        request, costs = evidence.request, self.document.costs
        amount = request.amount_ref_minor
        band = self._bands_of(request, bool(evidence.missing_models)).at(risk)
        allowed = [v for v in band.allow if v.severity >= floor.severity] or [floor]
        verdict = costs.cheapest(allowed, risk, amount)
        if verdict is Verdict.APPROVE:
            return verdict
        weight = 0.0 if evidence.risk is None else risk
        if band.mildest is not Verdict.APPROVE:
            made.append(
                MinimumVerdict(
                    band.mildest,
                    Reason(
                        code=ReasonCode[f"RISK_{band.mildest.value}"],
                        text=f"Risk {risk:.3f} reached {band.lower:.3f}",
                        source=evidence.risk_source,
                        weight=weight,
                    ),
                )
            )
        least = max(floor, band.mildest, key=_severity)
        if verdict.severity > least.severity:
            saved = costs.of(least, risk, amount) - costs.of(verdict, risk, amount)
            made.append(
                MinimumVerdict(
                    verdict,
                    Reason(
                        code=ReasonCode[f"COST_{verdict.value}"],
                        text=f"Cheapest at risk {risk:.3f}: {saved:.0f} minor units less",
                        source="policy",
                        weight=weight,
                    ),
                )
            )
        return verdict

    def _required(self, request: DecideRequest) -> frozenset[Block]:
        """The blocks that such a payment must bring."""
        rows = (r for r in self.document.required_blocks if r.when.matches(request))
        return frozenset(block for row in rows for block in row.blocks)

    def _bands_of(self, request: DecideRequest, tightened: bool) -> Bands:
        default, segments = self._tightened if tightened else self._bands
        for when, bands in segments:
            if when.matches(request):
                return bands
        return default

    def _challenge(
        self, request: DecideRequest, review: bool, verdict: Verdict
    ) -> Challenge | None:
        if verdict is not Verdict.CHALLENGE:
            return None
        if review:
            return "manual_review"
        rows = self.document.challenges
        return next(row.use for row in rows if row.when.matches(request))

    def _confidence(
        self, evidence: Evidence, verdict: Verdict, reasons: tuple[Reason, ...]
    ) -> float:
        """How sure the verdict is, 0 to 1: strength x completeness.

        Strength: for APPROVE 1 - risk (0.5 when the risk is unknown); else the weight
        of the heaviest reason. Completeness: the shares of the parts that are present,
        from the file; 1 for DECLINE, which no missing part could have made milder.
        """
        if verdict is Verdict.DECLINE:
            return max(reason.weight for reason in reasons)
        if verdict is Verdict.APPROVE:
            strength = 0.5 if evidence.risk is None else 1.0 - evidence.risk
        else:
            strength = max(reason.weight for reason in reasons)
        parts, request = self.document.confidence, evidence.request
        present = (
            (parts.risk if evidence.risk is not None else 0.0)
            + parts.anomaly * len(evidence.anomalies) / len(self._models.anomaly)
            + (parts.rules if evidence.rules_complete else 0.0)
            + (parts.screening if request.screening.status != "unavailable" else 0.0)
            + (parts.velocity if request.velocity_known else 0.0)
        )
        return min(1.0, strength * present)

    def _actions(
        self,
        verdict: Verdict,
        challenge: Challenge | None,
        reasons: tuple[Reason, ...],
    ) -> tuple[ActionKind, ...]:
        if verdict is Verdict.APPROVE:
            return ()
        wanted: set[ActionKind] = set()
        for row in self.document.actions:
            if _applies(row.when, verdict, challenge, reasons):
                wanted.update(row.do)
        return tuple(kind for kind in _ACTION_ORDER if kind in wanted)


def load(body: bytes) -> Policy:
    """A policy from the bytes of its file. Raises DocumentError."""
    return Policy(read(body), content_hash(body))


def _severity(verdict: Verdict) -> int:
    return verdict.severity


def _ranked(made: list[MinimumVerdict], verdict: Verdict) -> tuple[Reason, ...]:
    """The reasons, those of the verdict first, then by weight."""
    if not made:
        return (_CLEAR,)
    ranked = sorted(made, key=lambda d: (-d.verdict.severity, -d.reason.weight))
    reasons = tuple(demand.reason for demand in ranked)
    if verdict is Verdict.APPROVE and not any(
        d.reason.code == ReasonCode.STAND_IN for d in made
    ):
        return (_CLEAR, *reasons)
    return reasons


def _applies(
    when: ActionWhen,
    verdict: Verdict,
    challenge: Challenge | None,
    reasons: tuple[Reason, ...],
) -> bool:
    if when.verdict and verdict not in when.verdict:
        return False
    if when.challenge and challenge not in when.challenge:
        return False
    if not (when.reason or when.rule or when.weight_from):
        return True
    return any(
        reason.weight >= when.weight_from
        and (not when.reason or reason.code in when.reason)
        and (not when.rule or reason.source.partition("@")[0] in when.rule)
        for reason in reasons
    )
