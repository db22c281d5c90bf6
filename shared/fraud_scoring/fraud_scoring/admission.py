"""The gate before a model serves: it must reproduce training, rank, be finite, be fast."""

import time
from statistics import median

import numpy as np

from fraud_scoring import libraries
from fraud_scoring.artifact import Artifact
from fraud_scoring.errors import (
    ArtifactRefused,
    DegenerateScores,
    GoldenMismatch,
    MalformedArtifact,
    TooSlow,
)
from fraud_scoring.model import Model
from fraud_scoring.scorer import Floats32, ScorerEngine

_TIMED_ROWS = 25


def admit(
    engine: ScorerEngine,
    artifact: Artifact,
    *,
    top_features: int = 8,
    limit_ms: float = 10.0,
) -> Model:
    """Load a verified artefact and put it to the test; raises `ArtifactRefused`.

    `limit_ms` bounds the median time of one row. What passes is warm: it has scored and
    explained.
    """
    libraries.check(artifact.metadata.libraries, engine.libraries)
    model = _load(engine, artifact, top_features)
    golden = artifact.golden
    rows = np.array(golden.rows, dtype=np.float32)
    raws = [scored.raw for scored in model.score(rows)]
    if not np.isfinite(raws).all():
        raise DegenerateScores("a golden row has no finite score")
    for raw, expected in zip(raws, golden.raw, strict=True):
        if abs(raw - expected) > golden.tolerance * max(1.0, abs(expected)):
            raise GoldenMismatch(f"golden raw score {expected:.9g}, here {raw:.9g}")
    calibrate = artifact.calibrator
    for raw, expected in zip(golden.raw, golden.score, strict=True):
        if abs(calibrate(raw) - expected) > 1e-9:
            raise GoldenMismatch("the calibrator does not give the recorded scores")
    _must_rank(raws, golden.labels)
    _must_be_fast(model, rows, limit_ms)
    model.explain(rows[0])
    return model


def _load(engine: ScorerEngine, artifact: Artifact, top_features: int) -> Model:
    try:
        return Model(engine, artifact, top_features=top_features)
    except ArtifactRefused:
        raise
    except Exception as error:  # each library has its own way to dislike a file
        raise MalformedArtifact(f"{type(error).__name__}: {error}") from error


def _must_rank(raws: list[float], labels: tuple[bool, ...]) -> None:
    if max(raws) - min(raws) <= 1e-9:
        raise DegenerateScores("all golden rows score alike")
    fraud = [raw for raw, label in zip(raws, labels, strict=True) if label]
    good = [raw for raw, label in zip(raws, labels, strict=True) if not label]
    if fraud and good and median(fraud) < median(good):
        raise DegenerateScores("golden frauds score below golden legitimate payments")


def _must_be_fast(model: Model, rows: Floats32, limit_ms: float) -> None:
    spent = []
    for i in range(_TIMED_ROWS):
        row = rows[i % len(rows)][None, :]
        started = time.perf_counter()
        model.signal(model.score(row)[0])
        spent.append(time.perf_counter() - started)
    if median(spent) * 1000 > limit_ms:
        raise TooSlow(f"{median(spent) * 1000:.2f} ms a row, limit {limit_ms} ms")
