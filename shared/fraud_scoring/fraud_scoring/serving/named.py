"""Rows with named features: `/v1/predict`, and the calibrated service's own `/score`.

Both are checked against the schema of the model that serves at that moment.
"""

import hashlib
from collections.abc import Sequence
from typing import Annotated, Any

from pydantic import BaseModel, ConfigDict, Field

from fraud_scoring.serving.model import Model, Scored
from fraud_shared.contracts.base import Contract, Identifier
from fraud_shared.contracts.predict import Prediction
from fraud_shared.contracts.signal import Contribution

# How many features the calibrated service names.
TOP = 3

Value = float | Annotated[str, Field(max_length=128)] | None
Name = Annotated[str, Field(min_length=1, max_length=64)]


class NamedRequest(Contract):
    """One row as two lists. Without `model`, the hosted one with just these features."""

    features: Annotated[tuple[Value, ...], Field(max_length=512)]
    feature_names: Annotated[tuple[Name, ...], Field(max_length=512)]
    request_id: Identifier
    model: Identifier | None = None

    @property
    def instance(self) -> dict[str, Any]:
        """The row by name."""
        return dict(zip(self.feature_names, self.features, strict=False))

    def mistakes(self) -> list[tuple[str, str]]:
        """What is wrong with the lists themselves, as (field, problem)."""
        found = []
        if len(self.features) != len(self.feature_names):
            found.append(("features", "as many values as names are needed"))
        if len(set(self.feature_names)) != len(self.feature_names):
            found.append(("feature_names", "a name is listed twice"))
        return found


class TopFeature(BaseModel):
    """One feature of a row: its value, its share of what the model learnt from all
    features (gain), and how far it moved this row's score, in log-odds."""

    feature_name: str
    feature_value: float | None
    importance: float
    contribution: float


class NamedScore(BaseModel):
    """The calibrated probability, and exactly which model and calibration gave it."""

    model_config = ConfigDict(protected_namespaces=())

    request_id: str
    confidence_score: float
    top_features: tuple[TopFeature, ...]
    model_version: str
    model_hash: str
    calibration_version: str
    inference_time_ms: int


def prediction(model: Model, scored: Scored) -> Prediction:
    """One row of a reply."""
    known = scored.score is not None
    return Prediction(
        score=scored.score,
        raw={model.engine.raw_name: scored.raw} if known else {},
        ood_warning=bool(scored.ood),
        ood_features=scored.ood,
    )


def closest(models: Sequence[Model], names: Sequence[str]) -> Model | None:
    """The model with exactly these features, else the one that shares most of them."""
    wanted = set(names)
    return max(
        models,
        key=lambda model: (
            wanted == set(model.features),
            len(wanted.intersection(model.features)) / len(model.features),
        ),
        default=None,
    )


def top_features(
    model: Model, contributions: Sequence[Contribution]
) -> tuple[TopFeature, ...]:
    """The strongest contributions, in the calibrated service's words."""
    importance = model.artifact.metadata.importance
    return tuple(
        TopFeature(
            feature_name=part.feature,
            feature_value=part.value,
            importance=importance.get(part.feature, 0.0),
            contribution=part.contribution,
        )
        for part in contributions[:TOP]
    )


def calibration_version(model: Model) -> str:
    """Method and digest of `calibrator.json`: the same curve has the same name."""
    data = model.artifact.file("calibrator.json")
    digest = hashlib.sha256(data).hexdigest()[:12]
    return f"{model.artifact.calibrator.method}-{digest}"
