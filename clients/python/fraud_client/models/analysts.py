"""Cases, holds, blocks, entities."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from pydantic import model_validator

from fraud_client.models.base import JsonObject, Reply


class Hold(Reply):
    """A payment that is held."""

    hold_id: str
    transaction_id: str = ""
    account_id: str = ""
    amount_minor: int | None = None
    currency: str | None = None
    reason: str = ""
    state: str = ""


class Block(Reply):
    """A blocked card, account or device."""

    block_id: str
    entity: str = ""
    id: str = ""
    reason: str = ""
    state: str = ""
    created_at: datetime | None = None
    expires_at: datetime | None = None

    @model_validator(mode="before")
    @classmethod
    def _named(cls, value: Any) -> Any:
        if isinstance(value, Mapping) and "kind" in value and "key" in value:
            return {"entity": value["kind"], "id": value["key"], **value}
        return value


class Case(Reply):
    """A payment that an analyst should look at."""

    case_id: str
    decision_id: str = ""
    transaction_id: str = ""
    account_id: str = ""
    decision: str | None = None
    amount_minor: int | None = None
    currency: str | None = None
    reason: str = ""
    status: str = "open"
    assignee: str | None = None
    outcome: str | None = None
    risk: float | None = None
    priority: float | None = None
    expected_loss_minor: int | None = None
    notes: Sequence[JsonObject] = ()
    created_at: datetime | None = None
    resolved_at: datetime | None = None

    @model_validator(mode="before")
    @classmethod
    def _named(cls, value: Any) -> Any:
        if not isinstance(value, Mapping):
            return value
        older = {"status": value.get("state"), "outcome": value.get("resolution")}
        return {**{k: v for k, v in older.items() if v is not None}, **value}


class Entity(Reply):
    """What is known of an account, card, device, merchant or counterparty."""

    kind: str = ""
    id: str = ""
