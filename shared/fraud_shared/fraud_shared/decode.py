"""From an event to the message it carries, or to the reason why it carries none."""

import json
from collections.abc import Collection, Mapping
from typing import Any, TypeVar

import orjson
from pydantic import BaseModel, ValidationError

from fraud_shared.card_number_fields import in_body, in_document
from fraud_shared.contracts.events import CloudEvent

Message = TypeVar("Message", bound=BaseModel)


class Unreadable(ValueError):
    """The event cannot be used. `reason` is a fixed code, safe to store and count."""

    def __init__(self, reason: str) -> None:
        super().__init__(reason)
        self.reason = reason


def data_of(event: CloudEvent, wanted: Mapping[str, type[Message]]) -> Message:
    """The event's data as the contract that `wanted` has for its type. Raises Unreadable.

    Unknown fields are ignored (versions grow by adding); an unknown major is not guessed at,
    and an event with a card number in a text is not used.
    """
    contract = wanted.get(event.type)
    if contract is None:
        raise Unreadable(_why_not(event.type, wanted))
    data = _json(event.data)
    if in_body(data, event.data) or in_document([event.id, event.subject]):
        raise Unreadable("card_number")
    try:
        return contract.model_validate_json(data, extra="ignore")
    except ValidationError:
        raise Unreadable("data_not_as_documented") from None


def _why_not(given: str, wanted: Collection[str]) -> str:
    families = {name.rsplit(".", 1)[0] for name in wanted}
    return "unknown_major" if given.rsplit(".", 1)[0] in families else "unknown_type"


def _json(data: dict[str, Any]) -> bytes:
    try:
        return orjson.dumps(data)
    except orjson.JSONEncodeError:  # a whole number beyond 64 bits
        return json.dumps(data).encode()
