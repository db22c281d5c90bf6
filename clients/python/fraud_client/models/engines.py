"""Lists, snoozes, versions of rules and policies, keys."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from pydantic import model_validator

from fraud_client.models.base import Reply


class ListEntry(Reply):
    """One entry of a deny, allow or watch list."""

    entry_id: str = ""
    kind: str
    value: str
    reason: str = ""
    created_by: str | None = None
    expires_at: datetime | None = None


class Snooze(Reply):
    """A rule that is silent for a value, until a time."""

    snooze_id: str = ""
    rule: str
    kind: str = ""
    value: str = ""
    reason: str = ""
    expires_at: datetime | None = None


class Version(Reply):
    """One version of the rules or of the policy, and its state."""

    version: str
    state: str = ""
    text: str | None = None
    why: str | None = None
    created_by: str | None = None
    created_at: datetime | None = None

    @model_validator(mode="before")
    @classmethod
    def _state(cls, value: Any) -> Any:
        if isinstance(value, Mapping) and "status" in value:
            return {"state": value["status"], **value}
        return value


class Me(Reply):
    """Whose key this is, and what it may do."""

    client: str
    scopes: Sequence[str] = ()
    expires_at: datetime | None = None
