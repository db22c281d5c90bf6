"""Signals: what each detector says. A detector that is late or broken is a value too."""

from typing import Annotated, Literal

from pydantic import Field

from fraud_shared.contracts.base import (
    Code,
    Contract,
    Identifier,
    NonNegative,
    Probability,
    Sha256,
)
from fraud_shared.contracts.features import FeatureVector
from fraud_shared.contracts.transaction import Transaction

Outcome = Literal["scored", "skipped", "timed_out", "failed"]
ModelSource = Literal["isolation_forest", "autoencoder", "xgboost", "lightgbm"]
RulesFlag = Literal["ALLOW", "FLAG", "BLOCK"]


class ModelRef(Contract):
    """Exactly one model: name, version, artefact hash, and the bundle it was trained in."""

    name: Identifier
    version: Identifier
    hash: Sha256
    bundle: Identifier


class Contribution(Contract):
    """How much one feature moved a score: exact SHAP in log-odds for boosters, path-length
    share for the forest, reconstruction error for the autoencoder."""

    feature: Identifier
    value: float | None
    contribution: float


class ScoreRequest(Contract):
    """`POST /score` of every model service.

    `explain_from`: compute top features when the score reaches it (0 = always); None = never.
    """

    transaction_id: Identifier
    features: FeatureVector
    explain_from: Probability | None = None
    model: Identifier | None = None


class ScoreBatchRequest(Contract):
    """`POST /score_batch`: up to 1,000 rows, scored together."""

    rows: Annotated[tuple[ScoreRequest, ...], Field(min_length=1, max_length=1000)]


class Signal(Contract):
    """What one model says about one transaction.

    `score` is a calibrated probability (boosters) or an anomaly percentile in [0, 1]
    (isolation forest, autoencoder); it is present exactly when the outcome is `scored`.
    `raw` names the uncalibrated figure: `if_score`, `ae_error` or `fraud_score`.
    """

    source: ModelSource
    outcome: Outcome
    score: Probability | None = None
    raw: dict[Identifier, float] = Field(default_factory=dict)
    top_features: Annotated[tuple[Contribution, ...], Field(max_length=20)] = ()
    ood_features: Annotated[tuple[Identifier, ...], Field(max_length=20)] = ()
    model: ModelRef | None = None
    detail: Code | None = None
    elapsed_ms: NonNegative = 0.0


class SignalBatch(Contract):
    """The reply of `/score_batch`, in the order of the rows."""

    signals: tuple[Signal, ...]


class RulesRequest(Contract):
    """`POST /evaluate` of the rules service."""

    transaction: Transaction
    features: FeatureVector


class RuleHit(Contract):
    """One rule that fired, named with its version (`R-014@7`), or one entry of a list
    (`L-DENY-ACCOUNT@<entry>`).

    `kind`: the rule matched; it failed on this payment's values (`error`), which counts as
    `effect`; or the entity is on a list.
    """

    rule: Identifier
    effect: Literal["FLAG", "BLOCK"]
    severity: Literal["low", "medium", "high", "critical"]
    reason: Annotated[str, Field(max_length=256)]
    elapsed_us: NonNegative = 0.0
    kind: Literal["match", "error", "list"] = "match"


class RulesResult(Contract):
    """What the rules say. `errors` lists rules that could not be evaluated: they are
    evidence that is missing, not evidence of innocence. `shadow` hits are never acted on.

    `overridden`: hits that the allow list outweighs, and the entries that do so: last.
    `entries`: the revision of the lists and snoozes that were looked at.

    `failover` is set when the gateway evaluated a ruleset of its own because the service
    did not answer: the `same` as the service had last, or one that `differs`.
    """

    outcome: Outcome
    rules_flag: RulesFlag | None = None
    hits: tuple[RuleHit, ...] = ()
    shadow: tuple[RuleHit, ...] = ()
    overridden: tuple[RuleHit, ...] = ()
    errors: tuple[Identifier, ...] = ()
    ruleset: Identifier | None = None
    entries: Annotated[int, Field(ge=0)] = 0
    failover: Literal["same", "differs"] | None = None
    elapsed_ms: NonNegative = 0.0
