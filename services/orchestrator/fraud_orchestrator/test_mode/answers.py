"""The decision that an account forces: made of the payment alone."""

import uuid
from datetime import datetime
from typing import Literal

from fraud_features.definitions.currency import to_reference
from fraud_features.definitions.registry import PAYMENT_FEATURES
from fraud_orchestrator.test_mode.magic import Forced
from fraud_shared.contracts.action import ActionKind, ActionResult, action_id
from fraud_shared.contracts.decision import (
    Decision,
    DecisionMade,
    PolicyContext,
    Reason,
    Verdict,
)
from fraud_shared.contracts.reasons import ReasonCode
from fraud_shared.contracts.screening import ScreeningResult
from fraud_shared.contracts.signal import RulesResult
from fraud_shared.contracts.transaction import Transaction, absent_blocks

_RISK = {Verdict.APPROVE: 0.01, Verdict.CHALLENGE: 0.5, Verdict.DECLINE: 0.95}
_REASON = ReasonCode.TEST_MODE
# What a challenge causes in earnest.
_CAUSED: dict[str, tuple[tuple[ActionKind, str], ...]] = {
    "otp": (("otp_challenge", "otp"), ("payment_hold", "hold")),
    "three_ds": (("payment_hold", "hold"),),
    "manual_review": (("payment_hold", "hold"), ("case", "case")),
}


def decision_of(
    forced: Forced, payment: Transaction, client: str, trace_id: str, now: datetime
) -> Decision:
    """The decision; its ids follow from client and transaction, and begin with `test-`."""
    decision_id = f"test-{uuid.uuid5(uuid.NAMESPACE_OID, _name(client, payment))}"
    actions = tuple(
        ActionResult(
            action_id=action_id(decision_id, kind),
            kind=kind,
            status="done",
            reference=f"test-{prefix}-{action_id(decision_id, kind)}",
        )
        for kind, prefix in _CAUSED.get(forced.challenge or "", ())
    )
    if forced.alert:
        actions += (_alert(decision_id),)
    otp = [one.reference for one in actions if one.kind == "otp_challenge"]
    return Decision(
        decision_id=decision_id,
        transaction_id=payment.transaction_id,
        decision=forced.verdict,
        challenge=forced.challenge,
        challenge_id=otp[0] if otp else None,
        confidence=1.0,
        risk=_RISK[forced.verdict],
        expected_loss_minor=0,
        reason=_REASON.text,
        reasons=(
            Reason(code=_REASON, text=_REASON.text, source=_REASON.source, weight=1.0),
        ),
        rules_flag=None,
        if_score=None,
        ae_error=None,
        fraud_score=None,
        rules=RulesResult(outcome="skipped"),
        signals=(),
        screening=ScreeningResult(status="clear"),
        actions=actions,
        action_status=_status(forced, actions),
        degraded=tuple(forced.degraded),
        versions={"policy": "test-mode"},
        timings_ms={},
        trace_id=trace_id,
        decided_at=now,
    )


def record_of(
    decision: Decision, payment: Transaction, client: str, tenant: str
) -> DecisionMade:
    """What `GET /v1/decisions/{decision_id}` shows of it: nothing is known of the account."""
    return DecisionMade(
        client=client,
        tenant=tenant,
        decision=decision,
        transaction=payment,
        features=PAYMENT_FEATURES.vector(payment, None),
        context=PolicyContext(
            amount_ref_minor=to_reference(payment.amount_minor, payment.currency),
            velocity_known=False,
            history_payments=None,
            stand_in_count=None,
            stand_in_sum_minor=None,
            absent_blocks=absent_blocks(payment, frozenset()),
        ),
    )


def _alert(decision_id: str) -> ActionResult:
    """On its way: its receiver may be slow or away."""
    return ActionResult(
        action_id=action_id(decision_id, "alert"), kind="alert", status="queued"
    )


def _status(
    forced: Forced, actions: tuple[ActionResult, ...]
) -> Literal["none", "done", "queued"]:
    if forced.alert:
        return "queued"
    return "done" if actions else "none"


def _name(client: str, payment: Transaction) -> str:
    return f"{client}\n{payment.transaction_id}"
