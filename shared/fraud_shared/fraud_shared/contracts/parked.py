"""Events that a service could not use, as operators see them."""

from typing import Annotated, Any

from pydantic import Field

from fraud_shared.contracts.base import Contract, Identifier, Instant


class ParkedEvent(Contract):
    """A parked event without its bytes, which may hold anything."""

    parked_id: Identifier = Field(
        description="The SHA-256 of its bytes.", examples=["9f86d081884c7d65"]
    )
    reason: str = Field(
        description="Why it could not be used.", examples=["unknown_major"]
    )
    event_id: str | None = Field(
        description="The id of the event, where it has one.", examples=["e-1"]
    )
    event_type: str | None = Field(
        description="The type of the event, where it has one.",
        examples=["fraud.decision.made.v2"],
    )
    traceparent: str | None = Field(
        description="The trace it belongs to (W3C Trace Context).",
        examples=["00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"],
    )
    size_bytes: Annotated[int, Field(ge=0)] = Field(
        description="Its size in bytes.", examples=[812]
    )
    parked_at: Instant = Field(
        description="When it was put aside (RFC 3339, UTC).",
        examples=["2026-12-01T09:30:00Z"],
    )
    replayed_at: Instant | None = Field(
        description="When it was handled at last; null while it waits.",
        examples=["2026-12-01T10:00:00Z"],
    )


class ParkedDocument(ParkedEvent):
    """A parked event with what it says, to be corrected. Card numbers in it are masked."""

    document: Any = Field(
        description="The event as it came; null where it is no JSON.",
        examples=[{"id": "e-1", "type": "fraud.decision.made.v2"}],
    )
