"""Actions: what is done about a verdict, and what became of a challenge or a case."""

from typing import Annotated, Literal
from uuid import NAMESPACE_URL, uuid5

from pydantic import AwareDatetime, Field, StringConstraints

from fraud_shared.contracts.base import AmountMinor, Contract, Identifier, Text
from fraud_shared.contracts.iso import CurrencyCode

ActionKind = Literal[
    "otp_challenge",
    "payment_hold",
    "card_block",
    "account_block",
    "device_block",
    "alert",
    "case",
]
ActionStatus = Literal["done", "queued", "failed"]


_NAMESPACE = uuid5(NAMESPACE_URL, "urn:fraud:actions")


def action_id(decision_id: str, kind: ActionKind) -> str:
    """UUIDv5 of the decision and the kind: asking again gives the same id."""
    return str(uuid5(_NAMESPACE, f"{decision_id}\n{kind}"))


class ActionRequest(Contract):
    """`POST /execute`: the effects of one verdict. Repeating it changes nothing."""

    decision_id: Identifier
    transaction_id: Identifier
    account_id: Identifier
    decision: Literal["APPROVE", "CHALLENGE", "DECLINE"]
    actions: Annotated[tuple[ActionKind, ...], Field(min_length=1, max_length=7)]
    amount_minor: AmountMinor
    currency: CurrencyCode
    card_token: Identifier | None = None
    device_id: Identifier | None = None
    reason: Annotated[str, Field(max_length=256)]


class ActionResult(Contract):
    """One effect. `action_id` is UUIDv5 of (decision_id, kind), so a repeat has the same id;
    `reference` is the challenge, hold, block, alert or case it made."""

    action_id: Identifier
    kind: ActionKind
    status: ActionStatus
    reference: Identifier | None = None


class ActionReply(Contract):
    """The reply of `POST /execute`, one result per requested action, in order."""

    decision_id: Identifier
    results: tuple[ActionResult, ...]


class ChallengeAnswer(Contract):
    """`POST /v1/challenges/{id}/verify`: the one-time password the customer typed."""

    code: Annotated[str, StringConstraints(pattern=r"^[0-9]{6,8}$")] = Field(repr=False)


class ChallengeResolved(Contract):
    """Data of `fraud.challenge.resolved.v1`."""

    challenge_id: Identifier
    decision_id: Identifier
    transaction_id: Identifier
    account_id: Identifier
    outcome: Literal["passed", "failed", "expired"]
    resolved_at: AwareDatetime


class CaseResolution(Contract):
    """`POST /v1/cases/{id}/resolve`: what the analyst found. It becomes a label."""

    resolution: Literal["fraud", "legitimate"]
    analyst: Identifier
    note: Text | None = None
