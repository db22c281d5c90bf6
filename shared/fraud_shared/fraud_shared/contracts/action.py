"""Actions: what is done about a verdict, and what became of a challenge or a case."""

from typing import Annotated, Literal, Self
from uuid import NAMESPACE_URL, uuid5

from pydantic import AwareDatetime, Field, StringConstraints, model_validator

from fraud_shared.contracts.base import (
    AmountMinor,
    Contract,
    Identifier,
    Probability,
)
from fraud_shared.contracts.canonical import AccountId
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
BlockKind = Literal["card", "account", "device"]
ActionStatus = Literal["done", "queued", "failed"]
PaymentResolution = Literal["fraud", "legitimate"]
ListingResolution = Literal["listed", "not_listed"]
CaseFinding = PaymentResolution | ListingResolution


_NAMESPACE = uuid5(NAMESPACE_URL, "urn:fraud:actions")


def action_id(decision_id: str, kind: ActionKind) -> str:
    """UUIDv5 of the decision and the kind: asking again gives the same id."""
    return str(uuid5(_NAMESPACE, f"{decision_id}\n{kind}"))


class ListingFinding(Contract):
    """A party of an earlier payment that a changed sanctions list names.

    The listed entity by its id and the party by its role: never a name. `version`: that of
    the list it was found in; `similarity`, `strength`, `status` as in a `ScreeningHit`.
    """

    role: Identifier
    list: Identifier
    version: Identifier
    entity_id: Identifier
    similarity: Probability
    strength: Probability
    status: Literal["possible", "match"]


class BlockQuestion(Contract):
    """`POST /blocked`: whether any of these is blocked, for a payment whose gateway cannot
    read it from the online store."""

    account: AccountId
    card: Identifier | None = None
    device: Identifier | None = None


class BlocksInForce(Contract):
    """What of it is blocked now."""

    blocked: tuple[BlockKind, ...] = Field(max_length=3)


class ActionRequest(Contract):
    """`POST /execute`: the effects of one verdict. Repeating it changes nothing.

    With a `listing` there is no verdict and no sum: it asks for a case and nothing else,
    and the transaction is the one that the party was last noted with.
    """

    decision_id: Identifier
    transaction_id: Identifier
    account_id: AccountId
    decision: Literal["APPROVE", "CHALLENGE", "DECLINE"] | None = None
    actions: Annotated[tuple[ActionKind, ...], Field(min_length=1, max_length=7)]
    amount_minor: AmountMinor | None = None
    currency: CurrencyCode | None = None
    card_token: Identifier | None = None
    device_id: Identifier | None = None
    reason: Annotated[str, Field(max_length=256)]
    listing: ListingFinding | None = None
    # Whose payment it is about; None where that is not known.
    tenant: Identifier | None = None
    # What the queue of cases is ordered and searched by.
    risk: Probability | None = None
    expected_loss_minor: Annotated[int, Field(ge=0)] | None = None
    merchant_id: Identifier | None = None
    counterparty: Identifier | None = None

    @model_validator(mode="after")
    def _whole(self) -> Self:
        sum_and_verdict = (self.decision, self.amount_minor, self.currency)
        if self.listing is None and None in sum_and_verdict:
            raise ValueError("decision, amount_minor and currency are required")
        if self.listing is not None and self.actions != ("case",):
            raise ValueError("a listing asks for a case and nothing else")
        return self


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

    code: Annotated[str, StringConstraints(pattern=r"^[0-9]{6,8}$")] = Field(
        repr=False,
        description="The one-time password, 6 to 8 digits.",
        examples=["123456"],
    )


class ChallengeResolved(Contract):
    """Data of `fraud.challenge.resolved.v1`."""

    challenge_id: Identifier
    decision_id: Identifier
    transaction_id: Identifier
    account_id: AccountId
    outcome: Literal["passed", "failed", "expired", "cancelled"]
    resolved_at: AwareDatetime
    tenant: Identifier | None = None
