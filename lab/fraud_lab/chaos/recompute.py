"""Whether a recorded answer is what the version it names gives for the same features."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from fraud_scoring.artifacts.artifact import Artifact
from fraud_scoring.serving.model import Model
from fraud_shared.contracts.features import FeatureVector
from fraud_shared.contracts.signal import ModelRef
from fraud_xgboost.scorer import ENGINE

TOLERANCE = 1e-9


@dataclass(frozen=True, slots=True)
class Answered:
    """One answer: who gave it, what it says, and for which features (a named row of
    `/v1/predict`, or the vector on a decision's record)."""

    model: ModelRef
    score: float
    features: Mapping[str, Any] | FeatureVector


class Recomputer:
    """Loads each published version once and asks it again."""

    def __init__(self, artifacts: Iterable[Artifact]) -> None:
        self._models = {made.hash: Model(ENGINE, made) for made in artifacts}

    def difference(self, answer: Answered) -> float:
        """How far the recorded score is from the recomputed one; infinite when no
        published version has the name and hash that the answer gives."""
        model = self._models.get(answer.model.hash)
        if model is None or model.ref != answer.model:
            return float("inf")
        if isinstance(answer.features, FeatureVector):
            rows = model.rows([answer.features])
        else:
            rows = model.schema.rows([answer.features])
        score = model.score(rows)[0].score
        return float("inf") if score is None else abs(score - answer.score)
