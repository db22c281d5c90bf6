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
    analyst: str | None = None
    note: str | None = None
    notes: Sequence[JsonObject] = ()
    created_at: datetime | None = None
    due_at: datetime | None = None
    overdue: bool = False
    resolved_at: datetime | None = None

    @model_validator(mode="before")
    @classmethod
    def _named(cls, value: Any) -> Any:
        return _renamed(value)


class RelatedCase(Reply):
    """A case that has something in common with another: `shared` says what."""

    case_id: str
    decision_id: str = ""
    transaction_id: str = ""
    account_id: str = ""
    status: str = "open"
    outcome: str | None = None
    created_at: datetime | None = None
    shared: Sequence[str] = ()

    @model_validator(mode="before")
    @classmethod
    def _named(cls, value: Any) -> Any:
        return _renamed(value)


class Entity(Reply):
    """What is known of an account, card, device, merchant or counterparty."""

    kind: str = ""
    id: str = ""


def _renamed(value: Any) -> Any:
    """State and resolution of a case by the names that requests have for them."""
    if not isinstance(value, Mapping):
        return value
    named = {"status": value.get("state"), "outcome": value.get("resolution")}
    return {**{k: v for k, v in named.items() if v is not None}, **value}
