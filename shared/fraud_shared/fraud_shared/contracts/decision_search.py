"""Decisions as they are searched, and pages about what they have in common."""

from typing import Annotated, Any, Literal

from pydantic import Field, field_validator

from fraud_shared.contracts.base import (
    Code,
    Contract,
    Identifier,
    Instant,
    Probability,
)
from fraud_shared.contracts.canonical import AccountId
from fraud_shared.contracts.cases import Case, RelatedCase
from fraud_shared.contracts.casework import Block, Outcomes
from fraud_shared.contracts.decision import DecisionMade
from fraud_shared.contracts.described import (
    Account,
    Amount,
    Currency,
    DecisionId,
    TransactionId,
)
from fraud_shared.contracts.label import LabelReport
from fraud_shared.contracts.paging import PageQuery
from fraud_shared.contracts.payment_events import PaymentEvent
from fraud_shared.contracts.profile import BehaviourProfile

Verdicts = Literal["APPROVE", "CHALLENGE", "DECLINE"]
EntityKind = Literal["account", "card", "device", "merchant", "counterparty"]


class DecisionQuery(PageQuery):
    """Which decisions. Those that fit everything that is given, newest first."""

    transaction_id: Identifier | None = Field(
        default=None,
        description="Of this payment, as its client numbers it.",
        examples=["tx-1001"],
    )
    account_id: AccountId | None = Field(
        default=None, description="Of this account.", examples=["acc-17"]
    )
    card_token: Identifier | None = Field(
        default=None, description="Of this card, by its token.", examples=["tok-1"]
    )
    device_id: Identifier | None = Field(
        default=None, description="From this device.", examples=["dev-1"]
    )
    merchant_id: Identifier | None = Field(
        default=None, description="To this merchant.", examples=["m-1"]
    )
    counterparty: AccountId | None = Field(
        default=None, description="To this account.", examples=["acc-99"]
    )
    since: Instant | None = Field(
        default=None,
        alias="from",
        description="Decided at this time or later (RFC 3339).",
        examples=["2026-12-01T00:00:00Z"],
    )
    until: Instant | None = Field(
        default=None,
        alias="to",
        description="Decided before this time (RFC 3339).",
        examples=["2026-12-02T00:00:00Z"],
    )
    decision: Verdicts | None = Field(
        default=None, description="With this verdict.", examples=["CHALLENGE"]
    )
    reason: Code | None = Field(
        default=None,
        description="With this reason code (docs/reasons.md).",
        examples=["RISK_HIGH"],
    )
    degraded: Code | bool | None = Field(
        default=None,
        description="`true`: decided without some evidence; `false`: on all of it; a code: "
        "without that.",
        examples=["true"],
    )

    @field_validator("degraded", mode="before")
    @classmethod
    def _truth(cls, value: Any) -> Any:
        """Read `true` and `false` as such, and anything else as a code."""
        return {"true": True, "false": False}.get(value, value)


class DecisionRow(Contract):
    """One decision of a search; its record is under its id."""

    decision_id: DecisionId
    transaction_id: TransactionId
    client: str = Field(description="Whose payment it is.", examples=["shop"])
    account_id: Account
    decision: Verdicts = Field(description="The verdict.", examples=["CHALLENGE"])
    challenge: str | None = Field(
        description="How it is challenged: `otp`, `three_ds`, `manual_review`.",
        examples=["otp"],
    )
    amount_minor: Amount
    currency: Currency
    kind: str = Field(description="The kind of payment.", examples=["card"])
    merchant_id: str | None = Field(description="To whom.", examples=["m-1"])
    risk: Probability | None = Field(
        description="The calibrated chance of fraud (0 to 1); null when unknown.",
        examples=[0.42],
    )
    reason: str = Field(
        description="The reason that counted most.", examples=["risk above the band"]
    )
    reasons: list[str] = Field(
        description="The codes of all reasons.", examples=[["RISK_HIGH"]]
    )
    degraded: list[str] = Field(
        description="What evidence was missing, as codes.", examples=[[]]
    )
    decided_at: Instant = Field(
        description="When it was decided (RFC 3339, UTC).",
        examples=["2026-12-01T09:30:00Z"],
    )
    elapsed_ms: float | None = Field(
        description="How long it took, in milliseconds.", examples=[18.4]
    )


class StoredDecision(Contract):
    """A decision on record: the reply, what it was made from, its labels, and what became
    of what it caused."""

    reply: dict[str, Any] | None = Field(
        description="What the payment system was told, byte for byte as JSON; null while "
        "actions are under way.",
        examples=[{"decision": "CHALLENGE"}],
    )
    record: DecisionMade = Field(description="What it was made from.")
    labels: list[LabelReport] = Field(
        description="What was reported about the payment, oldest first."
    )
    events: list[PaymentEvent] = Field(
        default_factory=list, description="What happened to the payment since."
    )
    outcomes: Outcomes | None = Field(
        default=None,
        description="Its challenges, holds, blocks and cases as they stand; null while the "
        "action service cannot say.",
    )


class EntityPage(Contract):
    """What is known of an account, card, device, merchant or counterparty."""

    kind: EntityKind = Field(description="What it is.", examples=["card"])
    id: str = Field(description="Which one.", examples=["tok-1"])
    decisions: dict[str, Annotated[int, Field(ge=0)]] = Field(
        description="How many of its last 10,000 decisions had each verdict.",
        examples=[{"APPROVE": 41, "CHALLENGE": 2, "DECLINE": 0}],
    )
    recent: list[DecisionRow] = Field(description="Its last 50 decisions.")
    blocks: list[Block] | None = Field(
        description="Blocks of it that are in force; null while nobody can say."
    )
    cases: list[Case] | None = Field(
        description="Open cases of it (accounts only); null while nobody can say."
    )
    profile: BehaviourProfile | None = Field(
        description="What the account does as a rule; null for other kinds, and where "
        "nothing is known."
    )


class RelatedPayment(DecisionRow):
    """A payment that has something in common with a case's."""

    shared: list[EntityKind] = Field(
        description="What they have in common.", examples=[["card"]]
    )


class Related(Contract):
    """What has something in common with a case's payment: its account, card, device,
    merchant or counterparty."""

    case_id: Identifier = Field(description="The case.", examples=["case-7c3f"])
    cases: list[RelatedCase] = Field(description="Other cases, newest first.")
    payments: list[RelatedPayment] = Field(
        description="Other payments, newest first: at most 20 for each thing in common."
    )


class Me(Contract):
    """Whose key this is, and what it may do."""

    client: str = Field(description="The key's client.", examples=["shop"])
    scopes: list[str] = Field(
        description="What the key may do.", examples=[["read", "score"]]
    )
    tenant: str = Field(description="Whose are its payments.", examples=["shop"])
    tenants: list[str] = Field(
        description="Whose payments it may see; `*` is everybody's.",
        examples=[["shop"]],
    )
    key_name: str | None = Field(
        description="The name of the key, where it has one.", examples=["till 7"]
    )
    expires_at: Instant | None = Field(
        description="When the key ends (RFC 3339, UTC); null when it does not.",
        examples=["2027-12-01T00:00:00Z"],
    )
