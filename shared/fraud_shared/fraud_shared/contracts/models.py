"""Models as their owners read them: what the registry names, cards, retraining runs."""

from typing import Annotated, Any, Literal

from pydantic import Field

from fraud_shared.contracts.base import Contract, Identifier, Instant, Sha256

_HASH = "9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08"
_METRICS = {"average_precision": 0.81, "roc_auc": 0.98}


class _Version(Contract):
    """One version of a model."""

    name: Identifier = Field(description="The model.", examples=["xgboost"])
    version: Identifier = Field(description="Its version.", examples=["20260302.4"])
    hash: Sha256 = Field(
        description="The SHA-256 of its signed manifest, in hex.", examples=[_HASH]
    )
    bundle: Identifier = Field(
        description="The models that were trained and promoted together.",
        examples=["20260302T000000Z-0123456789ab"],
    )


class ListedModel(_Version):
    """The version that an alias of a model names, and in short what it is. What its
    artefact would say is null when `problem` says why the artefact is not genuine."""

    alias: str = Field(
        default="",
        description="`champion` decides; `challenger` only answers beside it.",
        examples=["champion"],
    )
    since: Instant | None = Field(
        default=None,
        description="When the alias came to name it (RFC 3339, UTC).",
        examples=["2026-03-02T12:00:00Z"],
    )
    algorithm: str | None = Field(
        default=None, description="How it was made.", examples=["XGBoost"]
    )
    trained_at: Instant | None = Field(
        default=None,
        description="When it was trained (RFC 3339, UTC).",
        examples=["2026-03-02T11:40:00Z"],
    )
    data_version: str | None = Field(
        default=None,
        description="The dataset version it was trained on.",
        examples=["20260302T000000Z-0123456789ab"],
    )
    rows: int | None = Field(
        default=None,
        description="How many payments it was trained on.",
        examples=[120_000],
    )
    features: int | None = Field(
        default=None, description="How many features it takes.", examples=[78]
    )
    metrics: dict[str, float] = Field(
        default_factory=dict,
        description="Figures on later payments than it was trained on.",
        examples=[_METRICS],
    )
    problem: str | None = Field(
        default=None,
        description="Why its artefact must not be served; null when it is genuine.",
        examples=[None],
    )


class BundleState(Contract):
    """A bundle that an alias names, or named."""

    bundle: Identifier = Field(
        description="The bundle.", examples=["20260302T000000Z-0123456789ab"]
    )
    state: Literal["champion", "challenger", "former"] = Field(
        description="What an alias of any model calls it now; `former`: called so before.",
        examples=["champion"],
    )
    since: Instant | None = Field(
        description="Since when (RFC 3339, UTC); null for a former one.",
        examples=["2026-03-02T12:00:00Z"],
    )


class ModelList(Contract):
    """What the registry names. What each scorer has loaded is in `GET /v1/version`."""

    champion: Identifier | None = Field(
        description="The bundle of the model that decides on risk; null before the first.",
        examples=["20260302T000000Z-0123456789ab"],
    )
    models: tuple[ListedModel, ...] = Field(
        description="By model, the champion first; one row for each alias."
    )
    bundles: tuple[BundleState, ...] = Field(
        description="Champions, challengers, former ones; each newest first."
    )


class ModelCard(_Version):
    """What a version says of itself, all of it signed."""

    created_at: Instant = Field(
        description="When it was published (RFC 3339, UTC).",
        examples=["2026-03-02T12:00:00Z"],
    )
    metadata: dict[str, Any] = Field(
        description="`metadata.json`: training, features and their statistics, parameters, "
        "libraries, metrics.",
        examples=[{"algorithm": "XGBoost", "metrics": _METRICS}],
    )
    model_card: str = Field(
        description="The model card, as Markdown.",
        examples=["# xgboost 20260302.4\n\nThe probability of fraud."],
    )


class RetrainingRun(Contract):
    """One retraining: what was learned from, judged, and done. Models are by name."""

    run: str = Field(
        description="The run; it begins with the time it started.",
        examples=["20260302t110000z-0a1b2c3d"],
    )
    trigger: str = Field(description="Why it ran.", examples=["by hand"])
    outcome: Literal["promoted", "kept", "refused", "failed"] = Field(
        description="`promoted`: serves. `kept`: sound, but not shown to be better; it is "
        "challenger. `refused`: data or artefact unfit; nothing names it. `failed`: the run "
        "broke off.",
        examples=["promoted"],
    )
    reasons: tuple[str, ...] = Field(
        description="Why it was not promoted; empty for what was.", examples=[[]]
    )
    started_at: Instant = Field(
        description="When it started (RFC 3339, UTC).",
        examples=["2026-03-02T11:00:00Z"],
    )
    finished_at: Instant = Field(
        description="When it ended (RFC 3339, UTC).", examples=["2026-03-02T12:00:00Z"]
    )
    data_version: str = Field(
        description="The dataset version it learned from.",
        examples=["20260302T000000Z-0123456789ab"],
    )
    as_of: Instant | None = Field(
        description="Event time of the data (RFC 3339, UTC).",
        examples=["2026-03-02T00:00:00Z"],
    )
    test_from: Instant | None = Field(
        description="Payments from this event time on judged it (RFC 3339, UTC).",
        examples=["2026-02-16T00:00:00Z"],
    )
    rows: Annotated[int, Field(ge=0)] = Field(
        description="How many payments the data has.", examples=[120_000]
    )
    fraud: Annotated[int, Field(ge=0)] = Field(
        description="How many of them were fraud.", examples=[840]
    )
    bundle: str | None = Field(
        description="The bundle it made; null when it made none.",
        examples=["20260302T000000Z-0123456789ab"],
    )
    champion: dict[str, str] = Field(
        description="The versions that served when it ran.",
        examples=[{"xgboost": "20260223.3"}],
    )
    challenger: dict[str, str] = Field(
        description="The versions it made.", examples=[{"xgboost": "20260302.4"}]
    )
    checks: tuple[dict[str, Any], ...] = Field(
        description="What the gate looked at: each value beside its bar.",
        examples=[[{"name": "average_precision", "passed": True}]],
    )
    metrics: dict[str, dict[str, float]] = Field(
        description="Figures of the versions it made.",
        examples=[{"xgboost": _METRICS}],
    )
    events: tuple[str, ...] = Field(
        description="Events that announced a promotion.", examples=[[]]
    )
    seed: int = Field(description="The seed of all chance in it.", examples=[7])
