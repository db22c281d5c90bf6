"""What verdicts caused, as integrators and analysts see and change it: challenges, holds,
blocks and cases."""

from typing import Annotated, Literal

from pydantic import Field

from fraud_shared.contracts.action import (
    BlockKind,
)
from fraud_shared.contracts.base import Contract, Identifier
from fraud_shared.contracts.canonical import AccountId
from fraud_shared.contracts.cases import Case
from fraud_shared.contracts.described import (
    Account,
    Amount,
    ClosedAt,
    ClosedBy,
    CreatedAt,
    Currency,
    DecisionId,
    ExpiresAt,
    Tenant,
    TransactionId,
    Why,
)
from fraud_shared.contracts.paging import PageQuery, Query

ChallengeStatus = Literal["pending", "passed", "failed", "expired", "cancelled"]
Closed = Literal["active", "released", "expired"]


class ChallengeState(Contract):
    """A challenge as its verifier may see it: never its code."""

    challenge_id: Identifier = Field(
        description="The challenge.", examples=["otp-7c3f"]
    )
    decision_id: DecisionId
    transaction_id: TransactionId
    status: ChallengeStatus = Field(
        description="How it stands; all but `pending` are final.", examples=["pending"]
    )
    attempts_left: Annotated[int, Field(ge=0)] = Field(
        description="How many wrong codes are left.", examples=[5]
    )
    resends_left: Annotated[int, Field(ge=0)] = Field(
        description="How often the code can be sent again.", examples=[3]
    )
    expires_at: ExpiresAt
    resolved_at: ClosedAt


class DevelopmentCode(Contract):
    """The code of a pending challenge; never served in production."""

    code: str = Field(
        repr=False, description="The one-time password.", examples=["123456"]
    )


class Hold(Contract):
    """A payment that is held."""

    hold_id: Identifier = Field(description="The hold.", examples=["hold-7c3f"])
    decision_id: DecisionId
    transaction_id: TransactionId
    account_id: Account
    tenant: Tenant
    amount_minor: Amount
    currency: Currency
    reason: str = Field(
        description="Why it is held.", examples=["risk above the band"], max_length=256
    )
    state: Closed = Field(description="Whether it is in force.", examples=["active"])
    created_at: CreatedAt
    expires_at: ExpiresAt
    closed_at: ClosedAt
    closed_by: ClosedBy


class HoldQuery(PageQuery):
    """Which holds."""

    state: Closed = Field(
        default="active", description="Whether they are in force.", examples=["active"]
    )
    account_id: AccountId | None = Field(
        default=None, description="Of this account only.", examples=["acc-17"]
    )


class Release(Contract):
    """`POST /v1/holds/{hold_id}/release`."""

    reason: Why


class Block(Contract):
    """A blocked card, account or device."""

    block_id: Identifier = Field(description="The block.", examples=["block-7c3f"])
    decision_id: Identifier | None = Field(
        description="The decision that caused it; null when a person did.",
        examples=["6f1c7a52-0d0b-5c55-9a37-0d6d2f3f5b11"],
    )
    transaction_id: Identifier | None = Field(
        description="That decision's payment.", examples=["tx-1001"]
    )
    account_id: AccountId | None = Field(
        description="That payment's account.", examples=["acc-17"]
    )
    tenant: Tenant
    kind: BlockKind = Field(description="What is blocked.", examples=["card"])
    key: Identifier = Field(
        description="The blocked card's token, account or device.", examples=["tok-1"]
    )
    reason: str = Field(
        description="Why it is blocked.", examples=["reported stolen"], max_length=256
    )
    state: Closed = Field(description="Whether it is in force.", examples=["active"])
    created_at: CreatedAt
    expires_at: ExpiresAt
    closed_at: ClosedAt
    closed_by: ClosedBy


class BlockQuery(PageQuery):
    """Which blocks."""

    state: Closed = Field(
        default="active", description="Whether they are in force.", examples=["active"]
    )
    entity: BlockKind | None = Field(
        default=None, description="Of this kind only.", examples=["card"]
    )
    id: Identifier | None = Field(
        default=None,
        description="Of this card token, account or device only.",
        examples=["tok-1"],
    )


class NewBlock(Contract):
    """`POST /v1/blocks`: block something at once, for all payments."""

    entity: BlockKind = Field(description="What is blocked.", examples=["card"])
    id: Identifier = Field(
        description="The card's token, the account or the device.", examples=["tok-1"]
    )
    reason: Why
    expires_at: ExpiresAt


class Extension(Contract):
    """`POST /v1/blocks/{block_id}/extend`: another end, later or earlier."""

    expires_at: ExpiresAt
    reason: Why


class Because(Query):
    """Why something is taken back."""

    reason: Why


class Outcomes(Contract):
    """What a decision caused, and how that stands."""

    challenges: list[ChallengeState] = Field(description="Its challenges.")
    holds: list[Hold] = Field(description="Its holds.")
    blocks: list[Block] = Field(description="Its blocks.")
    cases: list[Case] = Field(description="Its cases.")
