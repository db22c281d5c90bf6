"""A model ready to serve: scorer, calibration, and the limits of what it was taught."""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
import numpy.typing as npt
from pydantic import ValidationError

from fraud_scoring.artifacts.artifact import Artifact
from fraud_scoring.artifacts.metadata import FeatureStatistics, Metadata
from fraud_scoring.errors import FeatureMismatch, MalformedArtifact
from fraud_scoring.serving.schema import FILE, FeatureRegistry, FeatureSchema
from fraud_scoring.serving.scorer import Floats32, Scorer, ScorerEngine
from fraud_shared.contracts.features import FeatureVector
from fraud_shared.contracts.signal import Contribution, Signal

MAX_LISTED = 20


class WrongFeatureSet(Exception):
    """The vector was built from another feature set than the model was trained on."""


class Scored(NamedTuple):
    """One row's result. `score` is None when the model's output was not finite."""

    raw: float
    score: float | None
    ood: tuple[str, ...]


class Model:
    """One artefact in memory. Immutable: a request keeps the one it started with."""

    def __init__(
        self, engine: ScorerEngine, artifact: Artifact, *, top_features: int = 8
    ) -> None:
        metadata = artifact.metadata
        if (metadata.source, metadata.raw_name) != (engine.source, engine.raw_name):
            raise FeatureMismatch(f"a {metadata.source} model, not {engine.source}")
        self.artifact = artifact
        self.ref = artifact.ref
        self.feature_hash = metadata.feature_set.hash
        self.features = metadata.features
        self.schema = _schema(artifact, metadata)
        self.engine = engine
        self._top = min(top_features, MAX_LISTED)
        self._limits = Limits.of(
            metadata.statistics, metadata.ood_z, self.schema.registry
        )
        self._scorer: Scorer = engine.load(artifact)
        self._calibrate = artifact.calibrator

    def rows(self, vectors: Sequence[FeatureVector]) -> Floats32:
        """The vectors as float32, None as NaN; raises `WrongFeatureSet`."""
        width, known = len(self.features), self.feature_hash
        for vector in vectors:
            if vector.hash != known or len(vector.values) != width:
                raise WrongFeatureSet
        # What does not fit float32 becomes infinite, and so out of distribution.
        with np.errstate(over="ignore"):
            return np.array([vector.values for vector in vectors], dtype=np.float32)

    def score(self, rows: Floats32) -> list[Scored]:
        """Score all rows together."""
        raws = self._scorer.score(rows).tolist()
        if len(raws) != len(rows):
            raise ValueError("not one score for each row")
        odd = self._limits.broken(rows)
        calibrate = self._calibrate
        return [
            Scored(
                raw,
                calibrate(raw) if math.isfinite(raw) else None,
                self._limits.worst(row, self.features) if out else (),
            )
            for raw, row, out in zip(raws, rows, odd, strict=True)
        ]

    def signal(
        self,
        scored: Scored,
        top: tuple[Contribution, ...] = (),
        detail: str | None = None,
        elapsed_ms: float = 0.0,
    ) -> Signal:
        """What goes on the wire. A score that is not a number is a failure, not a zero."""
        if scored.score is None:
            return Signal(
                source=self.engine.source,
                outcome="failed",
                ood_features=scored.ood,
                model=self.ref,
                detail="MODEL_OUTPUT_NOT_FINITE",
                elapsed_ms=elapsed_ms,
            )
        return Signal(
            source=self.engine.source,
            outcome="scored",
            score=scored.score,
            raw={self.engine.raw_name: scored.raw},
            top_features=top,
            ood_features=scored.ood,
            model=self.ref,
            detail=detail,
            elapsed_ms=elapsed_ms,
        )

    def explain(
        self, row: Floats32, *, most: int | None = None
    ) -> tuple[Contribution, ...]:
        """The features that moved this row's score most, by absolute contribution;
        `most` (at most twenty) overrides how many."""
        moved = self._scorer.explain(row)
        if moved.shape != (len(self.features),):
            raise ValueError("not one contribution for each feature")
        count = self._top if most is None else min(most, MAX_LISTED)
        order = np.argsort(-np.abs(moved), kind="stable")[:count]
        return tuple(
            Contribution(
                feature=self.features[i],
                value=_number(float(row[i])),
                contribution=float(moved[i]),
            )
            for i in order.tolist()
            if moved[i] != 0.0 and math.isfinite(moved[i])
        )


def _schema(artifact: Artifact, metadata: Metadata) -> FeatureSchema:
    """From `feature_registry.json`; a model without one takes numbers only."""
    data = artifact.files.get(FILE)
    if data is None:
        return FeatureSchema(
            FeatureRegistry.of(metadata.feature_set, metadata.features)
        )
    try:
        registry = FeatureRegistry.model_validate_json(data)
    except ValidationError as error:
        raise MalformedArtifact(f"{FILE}: {error}") from error
    if (registry.feature_columns, registry.hash) != (
        metadata.features,
        metadata.feature_set.hash,
    ):
        raise FeatureMismatch(f"{FILE} describes other features than the model takes")
    return FeatureSchema(registry)


def _number(value: float) -> float | None:
    return value if math.isfinite(value) else None


@dataclass(frozen=True, slots=True)
class Limits:
    """Per feature, the values near what the model was taught.

    A value is outside when it lies beyond the training range *and* more than `ood_z`
    standard deviations from the training mean: rare values that training did see are
    not strange, and neither are counters that grow a little with time. Without a range in
    the statistics the deviations alone decide. Unknown values break no limit. What a feature
    cannot be at all (the registry's limits, a count below zero) is always outside.
    """

    low: Floats32
    high: Floats32
    mean: Floats32
    std: Floats32

    @classmethod
    def of(
        cls,
        statistics: FeatureStatistics,
        z: float,
        registry: FeatureRegistry | None = None,
    ) -> "Limits":
        """Fold range, deviations and what the registry says into one pair of bounds per
        feature."""
        mean = _column(statistics.mean, np.nan)
        std = _column(statistics.std, 0.0)
        # fmin and fmax pass over what is missing; nothing at all gives an empty interval.
        low = np.fmin(_column(statistics.minimum, np.nan), mean - z * std)
        high = np.fmax(_column(statistics.maximum, np.nan), mean + z * std)
        low, high = np.nan_to_num(low, nan=np.inf), np.nan_to_num(high, nan=-np.inf)
        if registry is not None:
            low, high = _possible(low, high, statistics, registry)
        mean = np.nan_to_num(mean)
        # Computed in float64: widen by an ulp so that the extreme training value is in.
        return cls(
            np.nextafter(low.astype(np.float32), np.float32(-np.inf)),
            np.nextafter(high.astype(np.float32), np.float32(np.inf)),
            mean.astype(np.float32),
            np.maximum(std, 1e-12).astype(np.float32),
        )

    def broken(self, rows: Floats32) -> list[bool]:
        """Whether each row holds a value outside."""
        outside = (rows < self.low) | (rows > self.high)
        if b"\x01" not in outside.tobytes():  # a third of the time of any()
            return [False] * len(rows)
        return [bool(row.any()) for row in outside]

    def worst(self, row: Floats32, names: Sequence[str]) -> tuple[str, ...]:
        """The features outside, farthest from their mean first, at most twenty."""
        outside = np.flatnonzero((row < self.low) | (row > self.high))
        with np.errstate(over="ignore"):
            distance = np.abs(row[outside] - self.mean[outside]) / self.std[outside]
        order = np.argsort(-distance, kind="stable")[:MAX_LISTED]
        return tuple(names[i] for i in outside[order].tolist())


def _possible(
    low: npt.NDArray[np.float64],
    high: npt.NDArray[np.float64],
    statistics: FeatureStatistics,
    registry: FeatureRegistry,
) -> tuple[npt.NDArray[np.float64], npt.NDArray[np.float64]]:
    """The bounds less what a feature cannot be: a count is never below zero, an hour never
    25, however wide the deviations are."""
    low, high = low.copy(), high.copy()
    place = {name: at for at, name in enumerate(registry.feature_columns)}
    for name in registry.integer_features:
        seen = statistics.mean[place[name]]
        least = statistics.minimum[place[name]]
        if seen is not None and (least is None or least >= 0):
            low[place[name]] = max(low[place[name]], 0.0)
    for name, (least_ever, most_ever) in registry.limits.items():
        low[place[name]] = max(low[place[name]], least_ever)
        high[place[name]] = min(high[place[name]], most_ever)
    return low, high


def _column(values: Sequence[float | None], missing: float) -> npt.NDArray[np.float64]:
    return np.array([missing if v is None else v for v in values], dtype=np.float64)
