"""Events: CloudEvents 1.0 in JSON with trace context. Consumers ignore unknown fields."""

import re
from typing import Annotated, Any, Literal
from uuid import NAMESPACE_URL, UUID, uuid5

from pydantic import AfterValidator, AwareDatetime, BaseModel, ConfigDict, Field

from fraud_shared.contracts.base import Identifier, Sha256

DECISION_MADE = "fraud.decision.made.v1"
LABEL_REPORTED = "fraud.label.reported.v1"
PAYMENT_REPORTED = "fraud.payment.reported.v1"
ACTION_REQUESTED = "fraud.action.requested.v1"
CHALLENGE_RESOLVED = "fraud.challenge.resolved.v1"
MODEL_PROMOTED = "fraud.model.promoted.v1"
LIST_UPDATED = "fraud.list.updated.v1"

_JSON = re.compile(r"(?:application|text)/(?:[a-z0-9!#$&^_.-]+\+)?json")
_CHARSET = re.compile(
    r'(?:[^;]+; )*charset="?(?:utf-?8|us-ascii)"?(?:; [^;]+)*', re.IGNORECASE
)
_NAMESPACE: UUID = uuid5(NAMESPACE_URL, "urn:fraud:events")


def _media_type(value: str) -> str:
    """A media type of JSON without its parameters: JSON is UTF-8 (RFC 8259)."""
    kind, *parameters = (part.strip() for part in value.split(";"))
    kind = kind.lower()
    charset = _CHARSET.fullmatch("; ".join(parameters)) if parameters else None
    named = "charset" in value.lower()
    if not _JSON.fullmatch(kind) or (named and charset is None):
        raise ValueError("not a media type of JSON in UTF-8")
    return "application/json"


JsonMediaType = Annotated[
    str, Field(min_length=1, max_length=128), AfterValidator(_media_type)
]


class CloudEvent(BaseModel):
    """An event envelope (CloudEvents 1.0, JSON format).

    Additive within a major version: unknown attributes are kept, and an unknown major
    (another `.vN`) is parked by the consumer, never dropped.
    """

    model_config = ConfigDict(frozen=True, extra="allow", hide_input_in_errors=True)

    specversion: Literal["1.0"] = "1.0"
    id: Identifier
    source: Annotated[str, Field(max_length=128)]
    type: Annotated[str, Field(max_length=128)]
    subject: Annotated[str, Field(max_length=128)]
    time: AwareDatetime
    datacontenttype: JsonMediaType = "application/json"
    traceparent: Annotated[str, Field(max_length=64)] | None = None
    data: dict[str, Any]


def event_id(subject: str, event_type: str, discriminator: str = "") -> str:
    """UUIDv5 of what happened to whom: publishing again gives the same id."""
    return str(uuid5(_NAMESPACE, f"{event_type}\n{subject}\n{discriminator}"))


class ModelPromoted(BaseModel):
    """Data of `fraud.model.promoted.v1`."""

    model_config = ConfigDict(frozen=True, hide_input_in_errors=True)

    name: Identifier
    version: Identifier
    alias: Identifier
    bundle: Identifier


Ids = Annotated[tuple[Identifier, ...], Field(max_length=10_000)]


class ListUpdated(BaseModel):
    """Data of `fraud.list.updated.v1`: a sanctions list has another version than before.

    `complete` is false when more changed than an event holds: then the ids are a part, and
    every entity of the list counts as changed.
    """

    model_config = ConfigDict(frozen=True, hide_input_in_errors=True)

    list: Identifier
    version: Identifier
    previous_version: Identifier
    sha256: Sha256
    entities: Annotated[int, Field(ge=0)]
    added: Ids
    removed: Ids
    changed: Ids
    complete: bool
