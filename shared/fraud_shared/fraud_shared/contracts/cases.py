"""Cases as analysts see and change them."""

from typing import Annotated, Any, Literal

from pydantic import Field, StringConstraints, model_validator

from fraud_shared.contracts.action import (
    CaseFinding,
    ListingFinding,
)
from fraud_shared.contracts.base import Contract, Identifier, Instant, Probability, Text
from fraud_shared.contracts.canonical import AccountId
from fraud_shared.contracts.described import (
    Account,
    Amount,
    ClosedAt,
    CreatedAt,
    Currency,
    DecisionId,
    Tenant,
    TransactionId,
)
from fraud_shared.contracts.paging import PageQuery

CaseStatus = Literal["open", "resolved"]


class Note(Contract):
    """What somebody did to a case, hold, block or challenge, or wrote about it. Notes are
    only ever added."""

    at: CreatedAt
    who: str = Field(
        description="The client whose key was used.", examples=["bank-desk"]
    )
    did: str = Field(
        description="What was done: `noted`, `assigned`, `resolved`, `viewed`, "
        "`released`, `added`, `extended`, `removed`, `resent`, `cancelled`.",
        examples=["noted"],
    )
    text: str | None = Field(
        description="What was written.", examples=["customer confirmed by phone"]
    )


class Case(Contract):
    """A payment that an analyst should look at.

    With a `listing` it is not the payment's verdict that asks for it: a party that it named
    was found on a sanctions list that changed since.
    """

    case_id: Identifier = Field(description="The case.", examples=["case-7c3f"])
    decision_id: DecisionId
    transaction_id: TransactionId
    account_id: Account
    tenant: Tenant
    decision: str | None = Field(
        description="The verdict on the payment; null with a `listing`.",
        examples=["CHALLENGE"],
    )
    amount_minor: Amount | None
    currency: Currency | None
    reason: str = Field(
        description="Why it should be looked at.", examples=["risk above the band"]
    )
    risk: Probability | None = Field(
        description="The chance of fraud when it was decided (0 to 1); null when unknown.",
        examples=[0.42],
    )
    expected_loss_minor: Annotated[int, Field(ge=0)] | None = Field(
        description="What the verdict costs in expectation, in minor units of the policy's "
        "currency; null when unknown.",
        examples=[5_166],
    )
    priority: Annotated[float, Field(ge=0)] = Field(
        description="What the queue is ordered by, highest first: `expected_loss_minor` "
        "(else the amount) times `risk` (else 1).",
        examples=[2_169.7],
    )
    listing: ListingFinding | None = Field(
        description="The party of a changed sanctions list, in a case about one."
    )
    state: CaseStatus = Field(description="Whether it is done.", examples=["open"])
    assignee: str | None = Field(
        description="Who works on it; null when nobody does.", examples=["anna"]
    )
    resolution: CaseFinding | None = Field(
        description="What was found; null while it is open.", examples=["fraud"]
    )
    analyst: str | None = Field(
        description="The client that resolved it.", examples=["bank-desk"]
    )
    note: str | None = Field(
        description="What was written with the finding.",
        examples=["customer confirmed by phone"],
    )
    created_at: CreatedAt
    due_at: Instant = Field(
        description="When it should be resolved by (RFC 3339, UTC).",
        examples=["2026-12-02T09:30:00Z"],
    )
    age_s: Annotated[int, Field(ge=0)] = Field(
        description="Its age in seconds: until it was resolved, else until now.",
        examples=[3_600],
    )
    overdue: bool = Field(
        description="Whether it was not resolved by `due_at`.", examples=[False]
    )
    resolved_at: ClosedAt


class CaseHistory(Case):
    """One case, with what was done about it."""

    notes: list[Note] = Field(description="Everything done about it, oldest first.")


class CaseQuery(PageQuery):
    """Which cases, and in which order."""

    status: CaseStatus = Field(
        default="open", description="Whether they are done.", examples=["open"]
    )
    # As earlier clients ask.
    state: CaseStatus | None = Field(
        default=None,
        description="The earlier name of `status`.",
        json_schema_extra={"deprecated": True},
    )
    assignee: str | None = Field(
        default=None,
        max_length=128,
        description="Of this person only; `none` for what nobody works on.",
        examples=["anna"],
    )
    account_id: AccountId | None = Field(
        default=None, description="Of this account only.", examples=["acc-17"]
    )
    transaction_id: Identifier | None = Field(
        default=None, description="About this payment only.", examples=["tx-1001"]
    )
    decision: Literal["APPROVE", "CHALLENGE", "DECLINE"] | None = Field(
        default=None, description="With this verdict only.", examples=["CHALLENGE"]
    )
    kind: Literal["payment", "listing"] | None = Field(
        default=None,
        description="Only about a payment's verdict, or only about a listing.",
        examples=["payment"],
    )
    overdue: bool | None = Field(
        default=None, description="Only what is overdue, or only what is not."
    )
    sort: Literal["priority", "age"] = Field(
        default="priority",
        description="By `priority`, highest first, or by age, oldest first.",
        examples=["priority"],
    )

    @property
    def wanted(self) -> CaseStatus:
        """The status asked for, under either name."""
        return self.state or self.status


class Assignment(Contract):
    """`POST /v1/cases/{case_id}/assign`."""

    assignee: Identifier | None = Field(
        description="Who shall work on it; null gives it back.", examples=["anna"]
    )


class NewNote(Contract):
    """`POST /v1/cases/{case_id}/notes`."""

    text: Annotated[
        str,
        StringConstraints(
            min_length=1,
            max_length=2000,
            pattern=r"^[^\x00-\x08\x0b-\x1f\x7f-\x9f]+$",
        ),
    ] = Field(
        description="What is known, without card numbers.",
        examples=["customer confirmed by phone"],
    )


class CaseResolution(Contract):
    """`POST /v1/cases/{case_id}/resolve`: what the analyst found.

    Of a payment `fraud` or `legitimate`, which becomes its label; of a listing `listed` or
    `not_listed`, which says nothing about the payment. Who found it is the client of the
    key.
    """

    outcome: CaseFinding = Field(
        description="What it was; `resolution` is its earlier name.", examples=["fraud"]
    )
    note: Text | None = Field(
        default=None,
        description="Why, without personal data.",
        examples=["customer confirmed by phone"],
    )

    @model_validator(mode="before")
    @classmethod
    def _earlier(cls, data: Any) -> Any:
        """Read what earlier clients send: `resolution`, and an `analyst` that never
        counted."""
        if isinstance(data, dict) and "outcome" not in data and "resolution" in data:
            rest = {k: v for k, v in data.items() if k not in ("resolution", "analyst")}
            return {**rest, "outcome": data["resolution"]}
        return data


class BulkResolution(Contract):
    """`POST /v1/cases/resolve`: one finding about many payments, e.g. of one burst."""

    case_ids: Annotated[list[Identifier], Field(min_length=1, max_length=500)] = Field(
        description="The cases.", examples=[["case-7c3f", "case-7c40"]]
    )
    outcome: CaseFinding = Field(description="What they all were.", examples=["fraud"])
    note: Text | None = Field(
        default=None,
        description="Why, without personal data.",
        examples=["card testing from one device"],
    )


class BulkItem(Contract):
    """What became of one case of a bulk resolution."""

    case_id: Identifier = Field(description="The case.", examples=["case-7c3f"])
    status: Literal["resolved", "conflict", "not_found", "wrong_kind"] = Field(
        description="`conflict`: it was resolved otherwise before; `wrong_kind`: a case "
        "about a listing takes no finding about a payment, nor the other way round.",
        examples=["resolved"],
    )


class BulkResolved(Contract):
    """What became of each case, in the order asked."""

    items: list[BulkItem] = Field(description="One for each case.")


Link = Literal["account", "card", "device", "merchant", "counterparty"]


class RelatedCase(Contract):
    """A case that has something in common with another."""

    case_id: Identifier = Field(description="The case.", examples=["case-7c3f"])
    decision_id: DecisionId
    transaction_id: TransactionId
    account_id: Account
    state: CaseStatus = Field(description="Whether it is done.", examples=["open"])
    resolution: CaseFinding | None = Field(
        description="What was found; null while it is open.", examples=["fraud"]
    )
    created_at: CreatedAt
    shared: list[Link] = Field(
        description="What they have in common.", examples=[["account"]]
    )


class Keys(Contract):
    """By what a case's payment can be found: tokens and references, no names."""

    decision_id: DecisionId
    account_id: Account
    card_token: Identifier | None = Field(
        description="The card, by its token.", examples=["tok-1"]
    )
    device_id: Identifier | None = Field(description="The device.", examples=["dev-1"])
    merchant_id: Identifier | None = Field(
        description="The merchant.", examples=["m-1"]
    )
    counterparty: Identifier | None = Field(
        description="The receiving account.", examples=["acc-99"]
    )


class RelatedCases(Contract):
    """The cases that have something in common with one, newest first, at most 100."""

    case_id: Identifier = Field(description="The case asked about.")
    keys: Keys = Field(description="What relations are looked for by.")
    items: list[RelatedCase] = Field(description="The related cases.")
