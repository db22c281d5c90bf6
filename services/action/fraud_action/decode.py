"""From an event to the request it carries."""

from fraud_shared.contracts.action import ActionRequest
from fraud_shared.contracts.events import ACTION_REQUESTED, CloudEvent
from fraud_shared.decode import data_of


def requested(event: CloudEvent) -> ActionRequest:
    """The actions a `fraud.action.requested.v1` event asks for. Raises Unreadable."""
    return data_of(event, {ACTION_REQUESTED: ActionRequest})
