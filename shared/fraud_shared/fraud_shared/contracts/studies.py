"""Studies: what a draft of rules or of the policy would have done, and what may be said of
models. A worker carries them out; the gateway keeps what was asked and what was found."""

from typing import Annotated, Any, Literal

from pydantic import Field

from fraud_shared.contracts.base import Contract, Identifier, Instant, Text
from fraud_shared.contracts.paging import PageQuery
from fraud_shared.contracts.versions import VersionNumber

RuleStudy = Literal["backtest", "prove", "suggest", "what_if"]
ModelStudy = Literal["drift", "dossier"]
StudyKind = RuleStudy | ModelStudy
StudyState = Literal["queued", "running", "done", "failed", "cancelled"]
_AT = "2026-03-02T12:00:00Z"
_KIND: Any = Field(
    description="`backtest`: a ruleset on history. `prove`: no payment gets a milder "
    "verdict than from what is live, or the payment that does. `suggest`: rules that "
    "labelled history asks for. `what_if`: a policy on history, and thresholds.",
    examples=["backtest"],
)
_ANY_KIND: Any = Field(
    description="Of rules and policies, or of models.", examples=["backtest"]
)


class StudyRequest(Contract):
    """A study of a draft. What its kind does not use is ignored."""

    kind: RuleStudy = _KIND
    of: Literal["ruleset", "policy"] = Field(
        default="ruleset",
        description="What `prove` compares: `ruleset` or `policy`.",
        examples=["ruleset"],
    )
    version: VersionNumber | None = Field(
        default=None,
        description="The version to study, for `backtest`, `prove` and `what_if`.",
        examples=[7],
    )
    on: Literal["recorded", "simulated"] = Field(
        default="recorded",
        description="The payments: those that were decided here, or a simulated month.",
        examples=["recorded"],
    )
    payments: Annotated[int, Field(ge=1_000, le=1_000_000)] = Field(
        default=100_000, description="How many are simulated.", examples=[100_000]
    )
    hours: Annotated[float, Field(gt=0.0, le=100_000.0)] | None = Field(
        default=None,
        description="Of `what_if`: reviewers' hours a day; thresholds that fit them.",
        examples=[16.0],
    )
    most: Annotated[int, Field(ge=1, le=20)] = Field(
        default=8, description="Of `suggest`: how many rules at most.", examples=[8]
    )
    why: Text = Field(description="Why.", examples=["before it is promoted"])


class ModelStudyRequest(Contract):
    """A study of models: `drift` of payments, scores and outcomes from what was learned, or
    the governance `dossier` of one version."""

    kind: ModelStudy = Field(description="Which of them.", examples=["dossier"])
    model: Identifier = Field(
        default="xgboost",
        description="Of `dossier`: the model.",
        examples=["xgboost"],
    )
    model_version: Identifier = Field(
        default="champion",
        description="Of `dossier`: a version or an alias.",
        examples=["champion"],
    )
    why: Text = Field(description="Why.", examples=["the yearly validation"])


class StudyView(Contract):
    """One study: what was asked, how far it is."""

    study_id: Identifier = Field(description="The study.", examples=["w-1"])
    kind: StudyKind = _ANY_KIND
    of: Literal["ruleset", "policy", "model"] = Field(
        description="What is studied.", examples=["ruleset"]
    )
    version: VersionNumber | None = Field(
        description="The version of it; null where none is, and of models.",
        examples=[7],
    )
    on: Literal["recorded", "simulated"] = Field(
        description="The payments.", examples=["recorded"]
    )
    documents: dict[str, str] = Field(
        description="What it works on, by part: name, version and content.",
        examples=[{"ruleset": "rules@6+1a2b3c4d", "candidate": "rules@7+5e6f7a8b"}],
    )
    state: StudyState = Field(
        description="`queued`, `running`, `done`, `failed` or `cancelled`.",
        examples=["queued"],
    )
    waits_for: str | None = Field(
        description="Whom it waits for, and whether that worker is there.",
        examples=["a worker: none is running"],
    )
    share: Annotated[float, Field(ge=0.0, le=1.0)] = Field(
        description="The share that is done.", examples=[0.4]
    )
    stage: str | None = Field(description="What is being done.", examples=["rules"])
    why: Text = Field(description="Why.", examples=["before it is promoted"])
    asked_by: Identifier = Field(description="Who asked.", examples=["ana"])
    asked_at: Instant = Field(
        description="When that was (RFC 3339, UTC).", examples=[_AT]
    )
    finished_at: Instant | None = Field(
        description="When it ended (RFC 3339, UTC).", examples=[_AT]
    )
    problem: str | None = Field(
        description="Why it failed; null when it did not.", examples=[None]
    )


class Study(StudyView):
    """One study with what was found."""

    result: dict[str, Any] | None = Field(
        description="What was found, by kind, as the command prints with `--json`; null "
        "before.",
        examples=[{"payments": 100_000, "rules": []}],
    )


class StudyQuery(PageQuery):
    """Which studies are listed."""

    kind: StudyKind | None = Field(
        default=None, description="Of this kind only.", examples=["backtest"]
    )
