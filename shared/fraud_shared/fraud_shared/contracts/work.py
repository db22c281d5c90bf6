"""Work that the gateway keeps and a worker carries out: orders about models, which need the
signing key, and studies of rules, which need the laboratory. The gateway has neither."""

from typing import Annotated, Any, Literal

from pydantic import Field

from fraud_shared.contracts.base import Contract, Identifier, Instant, Text
from fraud_shared.contracts.studies import StudyKind

ModelAction = Literal["promote", "roll_back"]
WorkKind = ModelAction | StudyKind
# proposed: asked for by one person. approved: may be carried out. running: a worker has it.
# rejected: taken back by a person before it was begun.
WorkState = Literal["proposed", "approved", "running", "done", "failed", "rejected"]
_AT = "2026-03-02T12:00:00Z"
_Share = Annotated[float, Field(ge=0.0, le=1.0)]
_Problem = Annotated[str, Field(min_length=1, max_length=1000)]


class WorkClaim(Contract):
    """What a worker can carry out."""

    kinds: list[WorkKind] = Field(
        min_length=1, description="The kinds of work.", examples=[["promote"]]
    )


class WorkOrder(Contract):
    """One piece of work, lent to one worker until `until`."""

    work_id: Identifier = Field(description="The work.", examples=["w-1"])
    claim: Identifier = Field(
        description="Proves that the worker has it; another worker gets another.",
        examples=["c-1"],
    )
    kind: WorkKind = Field(description="What kind of work.", examples=["promote"])
    parameters: dict[str, Any] = Field(
        description="What to do, by kind.",
        examples=[{"bundle": "20260302T000000Z-0123456789ab"}],
    )
    until: Instant = Field(
        description="Afterwards it is given to another worker; progress extends it "
        "(RFC 3339, UTC).",
        examples=[_AT],
    )


class ClaimedWork(Contract):
    """What a worker is given."""

    order: WorkOrder | None = Field(description="Null where nothing waits.")


class WorkProgress(Contract):
    """How far a worker is."""

    claim: Identifier = Field(description="Of the order.", examples=["c-1"])
    share: _Share = Field(description="The share that is done.", examples=[0.4])
    stage: Text = Field(description="What is being done.", examples=["rules"])


class WorkLease(Contract):
    """Until when a worker has its work."""

    until: Instant = Field(description="RFC 3339, UTC.", examples=[_AT])


class WorkOutcome(Contract):
    """What came of an order."""

    claim: Identifier = Field(description="Of the order.", examples=["c-1"])
    problem: _Problem | None = Field(
        default=None,
        description="Why it failed; null when it was done.",
        examples=["bundle-missing: no version of any model is of it"],
    )
    result: dict[str, Any] = Field(
        default_factory=dict,
        description="What was done, by kind; `moved` for models.",
        examples=[{"moved": []}],
    )


class WorkEnded(Contract):
    """What the gateway recorded."""

    work_id: Identifier = Field(description="The work.", examples=["w-1"])
    state: WorkState = Field(description="`done` or `failed`.", examples=["done"])


class ProposalRequest(Contract):
    """A change of the models that serve, for a second person to approve."""

    action: ModelAction = Field(
        description="`promote`: the aliases of its models come to name this bundle. "
        "`roll_back`: those that name it go back to what they named before.",
        examples=["promote"],
    )
    bundle: Identifier = Field(
        description="The bundle.", examples=["20260302T000000Z-0123456789ab"]
    )
    why: Text = Field(description="Why.", examples=["better on last month"])


class MovedAlias(Contract):
    """One alias that a signed order moved."""

    name: Identifier = Field(description="The model.", examples=["xgboost"])
    alias: Identifier = Field(description="The alias.", examples=["champion"])
    before: Identifier | None = Field(
        description="The version it named; null for none.", examples=["20260223.3"]
    )
    after: Identifier = Field(
        description="The version it names.", examples=["20260302.4"]
    )
    bundle: Identifier = Field(
        description="The bundle of that version.",
        examples=["20260302T000000Z-0123456789ab"],
    )
    revision: Annotated[int, Field(ge=1)] = Field(
        description="The number of the signed order.", examples=[1772452800]
    )


class ModelProposal(Contract):
    """A proposed change of the models that serve, and what became of it."""

    proposal_id: Identifier = Field(description="The proposal.", examples=["w-1"])
    action: ModelAction = Field(
        description="`promote` or `roll_back`.", examples=["promote"]
    )
    bundle: Identifier = Field(
        description="The bundle.", examples=["20260302T000000Z-0123456789ab"]
    )
    state: WorkState = Field(
        description="`proposed`, `approved` by a second person, `running` at the signer, "
        "`done`, `failed`, or `rejected` by a person.",
        examples=["approved"],
    )
    waits_for: str | None = Field(
        description="Whom it waits for, and whether that signer is there; null at the end.",
        examples=["the signer: none is running"],
    )
    why: Text = Field(description="Why.", examples=["better on last month"])
    proposed_by: Identifier = Field(description="Who asked.", examples=["ana"])
    proposed_at: Instant = Field(
        description="When that was (RFC 3339, UTC).", examples=[_AT]
    )
    decided_by: Identifier | None = Field(
        description="Who approved or rejected it; null before.", examples=["ben"]
    )
    decided_at: Instant | None = Field(
        description="When that was (RFC 3339, UTC).", examples=[_AT]
    )
    decided_why: Text | None = Field(
        description="Why that was.", examples=["the card reads well"]
    )
    finished_at: Instant | None = Field(
        description="When it ended (RFC 3339, UTC).", examples=[_AT]
    )
    moved: tuple[MovedAlias, ...] = Field(
        description="The aliases that the signer moved."
    )
    problem: str | None = Field(
        description="Why the signer refused; null when it did not.", examples=[None]
    )
