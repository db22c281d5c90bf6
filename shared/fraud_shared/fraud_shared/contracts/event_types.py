"""Every type of event there is, and what its data says."""

from collections.abc import Mapping

from pydantic import BaseModel

from fraud_shared.contracts import events
from fraud_shared.contracts.action import ActionRequest, ChallengeResolved
from fraud_shared.contracts.decision import DecisionMade
from fraud_shared.contracts.label import LabelReported
from fraud_shared.contracts.payment_events import PaymentReported

EVENT_TYPES: Mapping[str, type[BaseModel]] = {
    events.DECISION_MADE: DecisionMade,
    events.LABEL_REPORTED: LabelReported,
    events.PAYMENT_REPORTED: PaymentReported,
    events.ACTION_REQUESTED: ActionRequest,
    events.CHALLENGE_RESOLVED: ChallengeResolved,
    events.MODEL_PROMOTED: events.ModelPromoted,
    events.LIST_UPDATED: events.ListUpdated,
}
