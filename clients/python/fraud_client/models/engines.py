"""Lists, snoozes, versions of rules and policies, keys."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from pydantic import field_validator

from fraud_client.models.base import JsonObject, Reply


class ListEntry(Reply):
    """One entry of a deny, allow or watch list."""

    entry_id: str = ""
    kind: str
    value: str
    reason: str = ""
    who: str | None = None
    created_at: datetime | None = None
    expires_at: datetime | None = None
    ended_at: datetime | None = None


class Snooze(Reply):
    """A rule that is silent for a value, until a time."""

    snooze_id: str = ""
    rule: str
    kind: str = ""
    value: str = ""
    reason: str = ""
    who: str | None = None
    expires_at: datetime | None = None
    ended_at: datetime | None = None


class Version(Reply):
    """One version of the rules or of the policy. `document`: name, version and content;
    `asked_by`: those who asked for it to be live; `text` only where one version is asked."""

    version: str
    document: str = ""
    state: str = ""
    author: str | None = None
    why: str | None = None
    created_at: datetime | None = None
    asked_by: Sequence[str] = ()
    live_at: datetime | None = None
    live_by: str | None = None
    text: str | None = None

    @field_validator("version", mode="before")
    @classmethod
    def _as_text(cls, value: Any) -> Any:
        return str(value) if isinstance(value, int) else value


class Promotion(Reply):
    """What a call to promote came to: `asked` for, or `live` by a second person."""

    outcome: str
    version: Version | None = None


class CheckReport(Reply):
    """A text that may be stored, and what is odd about it."""

    document: str = ""
    findings: Sequence[JsonObject] = ()


class Me(Reply):
    """Whose key this is, and what it may do."""

    client: str
    scopes: Sequence[str] = ()
    expires_at: datetime | None = None
