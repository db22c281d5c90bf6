"""Versioned documents (rulesets, policies): their states, who changed what, what is in force."""

from typing import Annotated, Literal

from pydantic import Field, StringConstraints

from fraud_shared.contracts.base import Contract, Identifier, Instant, Sha256, Text
from fraud_shared.contracts.entries import Marker
from fraud_shared.contracts.paging import Page

# draft: checked and stored. shadow: evaluated beside what is live, never acts. live: in force.
# retired: was live.
VersionState = Literal["draft", "shadow", "live", "retired"]
VersionNumber = Annotated[int, Field(ge=1, le=10**9 - 1)]
DocumentBody = Annotated[
    str, StringConstraints(min_length=1, max_length=4 * 1024 * 1024)
]


class DraftRequest(Contract):
    """A new version: its text, whose own `version` numbers it, and why it is made."""

    text: DocumentBody = Field(
        description="The whole document, YAML or JSON.", examples=["name: default\n"]
    )
    why: Text = Field(description="Why.", examples=["card testing at night"])


class WhyRequest(Contract):
    """Why something is done."""

    why: Text = Field(description="Why.", examples=["the backtest holds"])


class RollbackRequest(Contract):
    """Back to a version that was live before."""

    to: VersionNumber = Field(description="A version that was live.", examples=[3])
    why: Text = Field(description="Why.", examples=["it blocks payroll"])


class CheckRequest(Contract):
    """A document to check; nothing is kept."""

    text: DocumentBody = Field(
        description="The whole document, YAML or JSON.", examples=["name: default\n"]
    )


class VersionView(Contract):
    """One version. `document` is `name@version+hash8`; `asked_by` those who asked for it to
    be live."""

    document: Identifier
    version: VersionNumber
    sha256: Sha256
    state: VersionState
    author: Identifier
    why: Text
    created_at: Instant
    asked_by: list[Identifier]
    live_at: Instant | None
    live_by: Identifier | None


class VersionText(VersionView):
    """One version with its text."""

    text: str


class Promotion(Contract):
    """What a call to promote came to: asked for, or carried out by a second person."""

    outcome: Literal["asked", "live"]
    version: VersionView


class Change(Contract):
    """One row of the history, which nobody changes: who did what to what, when and why."""

    seq: int
    at: Instant
    who: Identifier
    action: Identifier
    subject: str
    version: VersionNumber | None
    why: str


class Difference(Contract):
    """Two versions compared, as a unified diff of their texts."""

    before: VersionNumber
    after: VersionNumber
    lines: list[str]


class Finding(Contract):
    """What a check found that is allowed and odd."""

    kind: Literal[
        "unreachable", "always_true", "duplicate", "shadowed", "contradicts_list"
    ]
    rule: Identifier
    detail: str
    line: int | None = None


class CheckReport(Contract):
    """A document that may be stored, and what is odd about it."""

    document: Identifier
    sha256: Sha256
    findings: list[Finding]


class InForce(Contract):
    """What a replica, or the gateway, needs to evaluate as its service does.

    `live` and `shadow` are texts; `documents` False: neither changed since the revision that
    was asked about, and they are left out. `demoted`: rules of the live version that the
    guard put into shadow. `markers`: entries and snoozes that changed since.
    """

    revision: Annotated[int, Field(ge=0)]
    documents: bool
    live: str | None = None
    shadow: str | None = None
    demoted: list[Identifier] = Field(default_factory=list)
    markers: list[Marker] = Field(default_factory=list)


class Versions(Page[VersionView]):
    """Versions, newest first."""


class Changes(Page[Change]):
    """The history, newest first."""
