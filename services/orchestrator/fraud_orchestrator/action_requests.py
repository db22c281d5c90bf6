"""What a decision asks to be done, as the action service takes it."""

from datetime import UTC, datetime

from fraud_shared.contracts.action import (
    ActionKind,
    ActionRequest,
    ActionResult,
    ActionStatus,
    action_id,
)
from fraud_shared.contracts.decision import DecisionMade
from fraud_shared.contracts.events import ACTION_REQUESTED, CloudEvent, event_id
from fraud_shared.mesh.trace import Trace


def requested(made: DecisionMade) -> ActionRequest | None:
    """What a decision asks to be done, or None when it asks for nothing."""
    payment, decision = made.transaction, made.decision
    kinds: tuple[ActionKind, ...] = tuple(action.kind for action in decision.actions)
    if not kinds:
        return None
    return ActionRequest(
        decision_id=decision.decision_id,
        transaction_id=decision.transaction_id,
        account_id=payment.account_id,
        decision=decision.decision.value,
        actions=kinds,
        amount_minor=payment.amount_minor,
        currency=payment.currency,
        card_token=payment.card.token if payment.card else None,
        device_id=payment.device.device_id if payment.device else None,
        reason=decision.reason,
        tenant=made.owner,
        risk=decision.risk,
        expected_loss_minor=decision.expected_loss_minor,
        merchant_id=payment.merchant.merchant_id if payment.merchant else None,
        counterparty=payment.counterparty.account if payment.counterparty else None,
    )


def planned(
    decision_id: str, kinds: tuple[ActionKind, ...], status: ActionStatus = "queued"
) -> tuple[ActionResult, ...]:
    """The actions before they are done: their ids are known from the start."""
    return tuple(
        ActionResult(action_id=action_id(decision_id, kind), kind=kind, status=status)
        for kind in kinds
    )


def queued_event(request: ActionRequest, trace: Trace | None) -> CloudEvent:
    """The event by which the action service learns of it later."""
    return CloudEvent(
        id=event_id(request.transaction_id, ACTION_REQUESTED, request.decision_id),
        source="urn:fraud:orchestrator",
        type=ACTION_REQUESTED,
        subject=request.transaction_id,
        time=datetime.now(UTC),
        traceparent=trace.traceparent if trace else None,
        data=request.model_dump(mode="json"),
    )
