"""From an event to the request it carries, or to the reason why it carries none."""

import json

from pydantic import ValidationError

from fraud_shared.contracts.action import ActionRequest
from fraud_shared.contracts.events import ACTION_REQUESTED, CloudEvent


class Unreadable(ValueError):
    """The event cannot be used. `reason` is a fixed code, safe to store and count."""

    def __init__(self, reason: str) -> None:
        super().__init__(reason)
        self.reason = reason


def requested(event: CloudEvent) -> ActionRequest:
    """The actions a `fraud.action.requested.v1` event asks for. Raises Unreadable.

    Unknown fields are ignored (versions grow by adding); an unknown major is not guessed at.
    """
    if event.type != ACTION_REQUESTED:
        family = ACTION_REQUESTED.rsplit(".", 1)[0]
        known = event.type.rsplit(".", 1)[0] == family
        raise Unreadable("unknown_major" if known else "unknown_type")
    try:
        return ActionRequest.model_validate_json(json.dumps(event.data), extra="ignore")
    except ValidationError:
        raise Unreadable("data_not_as_documented") from None
