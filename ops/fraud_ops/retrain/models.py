"""Models of the registry, loaded as the scorers load them, on recorded payments."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

import numpy as np

import fraud_autoencoder.scorer
import fraud_isolation_forest.scorer
import fraud_lightgbm.scorer
import fraud_xgboost.scorer
from fraud_ops.retrain.checks import Check
from fraud_ops.retrain.gate import Side
from fraud_scoring.artifacts.artifact import Artifact
from fraud_scoring.errors import AliasMissing, ArtifactRefused
from fraud_scoring.registry.port import ModelRegistry
from fraud_scoring.serving.model import Model
from fraud_scoring.serving.scorer import Floats32, ScorerEngine
from fraud_scoring.serving.validation import validate_model

# The model whose score decides.
DECIDES = "xgboost"
# Those whose score may stand in for it: they must not get worse. The anomaly models are
# not taught to find frauds, and are not judged by it.
STAND_INS = frozenset({"lightgbm"})
ENGINES: Mapping[str, ScorerEngine] = {
    "isolation_forest": fraud_isolation_forest.scorer.ENGINE,
    "autoencoder": fraud_autoencoder.scorer.ENGINE,
    "xgboost": fraud_xgboost.scorer.ENGINE,
    "lightgbm": fraud_lightgbm.scorer.ENGINE,
}


@dataclass(frozen=True, slots=True)
class Serving:
    """What an alias names."""

    artifact: Artifact
    model: Model

    @property
    def learned_until(self) -> datetime:
        """The last payment it was taught on."""
        return self.artifact.metadata.training.last_payment

    @property
    def fraud_rate(self) -> float:
        """Of the payments it was taught on."""
        training = self.artifact.metadata.training
        return training.frauds / training.rows


def serving(
    registry: ModelRegistry, name: str, alias: str, feature_hash: str
) -> Serving | None:
    """The model behind an alias; None without one, and for one that reads other features:
    it cannot be compared on these rows."""
    try:
        target = registry.aliases(name).target(alias)
    except AliasMissing:
        return None
    artifact = registry.load(name, target.version)
    if artifact.metadata.feature_set.hash != feature_hash:
        return None
    return Serving(artifact, Model(ENGINES[name], artifact))


def score(name: str, artifact: Artifact, rows: Floats32) -> Side:
    """Raw and calibrated scores."""
    raw = ENGINES[name].load(artifact).score(rows)
    return Side(raw, np.array([artifact.calibrator(r) for r in raw.tolist()]))


def fit_to_serve(
    name: str, artifact: Artifact, than: Model | None, limit_ms: float
) -> Check:
    """The scorers' own gate: golden vectors, order, range, and the time of one row against
    the limit and against what serves."""
    problem = ""
    try:
        validate_model(ENGINES[name], artifact, limit_ms=limit_ms, than=than)
    except ArtifactRefused as refusal:
        problem = f"{refusal.code}: {refusal}"
    return Check(
        f"{name} reproduces its golden rows in time",
        "artefact",
        not problem,
        None,
        limit_ms,
        problem or f"at most {limit_ms:g} ms a row",
    )
