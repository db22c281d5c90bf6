"""Erasure and export of what is stored of one person: an account and whose it is."""

from typing import Annotated, Any, Literal

from pydantic import Field

from fraud_shared.contracts.base import Contract, Identifier, Instant, Text
from fraud_shared.contracts.canonical import AccountId
from fraud_shared.contracts.paging import PageQuery

# What stands in place of an erased text; of an erased account the row's own id follows.
ERASED = "erased"
ERASED_ACCOUNT = "erased-"
ErasureState = Literal["requested", "running", "done"]
# Transactions that a service is told of at a time.
MOST_TRANSACTIONS = 200
MOST_OWN = 200

_ACCOUNT = Field(
    description="The account of the person, as payments name it.", examples=["acc-17"]
)
_WHY = Field(
    description="The ground, without personal data: it stays on record.",
    examples=["request 2026-114 under article 17"],
)


class NewErasure(Contract):
    """`POST /v1/privacy/erasures`: whose data are to be erased, and why."""

    account_id: AccountId = _ACCOUNT
    why: Text = _WHY


class Approval(Contract):
    """`POST /v1/privacy/erasures/{id}/approve`: the second person's word, who names the
    account again."""

    account_id: AccountId = _ACCOUNT
    why: Text = _WHY


class ErasureView(Contract):
    """An erasure and how far it is."""

    erasure_id: str = Field(description="Its id.", examples=["erasure-5f1c0e"])
    subject: str = Field(
        description="Keyed token of the account; the account itself is not kept.",
        examples=["account_9f86d081884c7d65"],
    )
    tenant: str = Field(description="Whose account it is.", examples=["shop"])
    state: ErasureState = Field(
        description="`requested` waits for a second person, `running` is being carried "
        "out, `done`: nothing was found any more.",
        examples=["done"],
    )
    why: str = Field(description="The ground.", examples=["request 2026-114"])
    requested_by: str = Field(description="Who asked.", examples=["ana"])
    requested_at: Instant = Field(
        description="When, UTC.", examples=["2026-11-30T10:00:00Z"]
    )
    approved_by: str | None = Field(
        description="The second person; null until then.", examples=["ben"]
    )
    approved_at: Instant | None = Field(
        description="When; null until then.", examples=["2026-11-30T10:05:00Z"]
    )
    done_at: Instant | None = Field(
        description="When nothing was found any more; null until then.",
        examples=["2026-11-30T10:06:00Z"],
    )
    erased: dict[str, int] = Field(
        description="Rows erased or rewritten so far, by service.",
        examples=[{"orchestrator": 12, "post_auth": 31}],
    )


class ErasureQuery(PageQuery):
    """Which erasures: newest first."""


class ExportRequest(Contract):
    """`POST /v1/privacy/exports`: whose data, and why; `cursor` asks for the next page of
    decisions."""

    account_id: AccountId = _ACCOUNT
    why: Text = _WHY
    cursor: Annotated[str, Field(max_length=200)] | None = Field(
        default=None, description="`next_cursor` of the page before.", examples=[None]
    )


class SubjectExport(Contract):
    """What is stored of a person. What other services have is on the first page."""

    account_id: str = Field(description="Whose data.", examples=["acc-17"])
    tenant: str = Field(description="Whose account it is.", examples=["shop"])
    decisions: list[dict[str, Any]] = Field(
        description="Decisions about the account, newest first: record, reply, labels, "
        "events of the payment.",
        examples=[[]],
    )
    services: dict[str, dict[str, list[dict[str, Any]]]] = Field(
        description="Rows of every other service, by service and table; at most 1,000 of "
        "a table. Empty after the first page.",
        examples=[{"post_auth": {"profiles": []}}],
    )
    unanswered: list[str] = Field(
        description="Services that did not answer: ask again.", examples=[[]]
    )
    next_cursor: str | None = Field(
        description="Asks for the next page; null after the last.", examples=[None]
    )


class Own(Contract):
    """A card or device that only this person's payments use."""

    kind: Literal["card", "device"]
    id: Identifier


class Subject(Contract):
    """Between services: a person, as an account of a tenant. `transactions`: payments that
    the account made or received, some at a time; `own`: cards and devices of nobody else."""

    account_id: Identifier
    tenant: Identifier
    transactions: Annotated[list[Identifier], Field(max_length=MOST_TRANSACTIONS)] = (
        Field(default_factory=list)
    )
    own: Annotated[list[Own], Field(max_length=MOST_OWN)] = Field(default_factory=list)


class SubjectErased(Contract):
    """How many rows a service erased; `more`: ask again."""

    rows: Annotated[int, Field(ge=0)]
    more: bool


class SubjectRows(Contract):
    """What a service stores of a person, by table."""

    tables: dict[str, list[dict[str, Any]]]
