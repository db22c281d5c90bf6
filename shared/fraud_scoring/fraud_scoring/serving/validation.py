"""The gate before a model serves: it must reproduce training, rank, be finite, be fast."""

import time
from collections.abc import Callable
from statistics import median
from typing import NamedTuple

import numpy as np

from fraud_scoring.artifacts import libraries
from fraud_scoring.artifacts.artifact import Artifact
from fraud_scoring.errors import (
    ArtifactRefused,
    DegenerateScores,
    GoldenMismatch,
    MalformedArtifact,
    TooSlow,
)
from fraud_scoring.serving.model import Model
from fraud_scoring.serving.scorer import Floats32, RawName, ScorerEngine

_TIMED_ROWS = 25
_TRIES = 3
# What each raw figure may be: see `Signal` in the contracts.
_RANGES: dict[RawName, tuple[float, float]] = {
    "fraud_score": (0.0, 1.0),
    "if_score": (0.0, 1.0),
    "ae_error": (0.0, float("inf")),
}


class Timers(NamedTuple):
    """Seconds on the clock, and seconds of work of this thread."""

    wall: Callable[[], float] = time.perf_counter
    work: Callable[[], float] = time.thread_time


def validate_model(
    engine: ScorerEngine,
    artifact: Artifact,
    *,
    top_features: int = 8,
    limit_ms: float = 10.0,
    than: Model | None = None,
    slowdown: float = 5.0,
    timers: Timers | None = None,
) -> Model:
    """Load a verified artefact and put it to the test; raises `ArtifactRefused`.

    `limit_ms` bounds the median time of one row; so does `slowdown` times that of the
    model that serves now (`than`). `timers` measure both. What passes is warm: it has scored
    and explained, and its request schema is built.
    """
    libraries.check(artifact.metadata.libraries, engine.libraries)
    model = _load(engine, artifact, top_features)
    rows = np.array(artifact.golden.rows, dtype=np.float32)
    raws = _must_be_sound(model, rows)
    _must_reproduce(artifact, raws)
    _must_rank(raws, artifact.golden.labels)
    _Race(timers or Timers(), rows, model, than).must_be_fast(limit_ms, slowdown)
    _must_explain(model, rows[0])
    model.schema.warm()
    return model


def _load(engine: ScorerEngine, artifact: Artifact, top_features: int) -> Model:
    try:
        return Model(engine, artifact, top_features=top_features)
    except (ArtifactRefused, MemoryError):
        raise
    except Exception as error:  # each library has its own way to dislike a file
        raise MalformedArtifact(f"{type(error).__name__}: {error}") from error


def _must_be_sound(model: Model, rows: Floats32) -> list[float]:
    """One finite figure in range for each row, also for what nobody knows anything of."""
    unknown = np.full((1, rows.shape[1]), np.nan, dtype=np.float32)
    try:
        raws = [scored.raw for scored in model.score(np.concatenate([rows, unknown]))]
    except Exception as error:
        raise MalformedArtifact(f"cannot score: {type(error).__name__}") from error
    if not np.isfinite(raws).all():
        raise DegenerateScores("a golden row has no finite score")
    low, high = _RANGES[model.engine.raw_name]
    if min(raws) < low or max(raws) > high:
        raise DegenerateScores(f"raw scores leave [{low:g}, {high:g}]")
    return raws[:-1]


def _must_reproduce(artifact: Artifact, raws: list[float]) -> None:
    golden = artifact.golden
    for raw, expected in zip(raws, golden.raw, strict=True):
        if abs(raw - expected) > golden.tolerance * max(1.0, abs(expected)):
            raise GoldenMismatch(f"golden raw score {expected:.9g}, here {raw:.9g}")
    calibrate = artifact.calibrator
    for raw, expected in zip(golden.raw, golden.score, strict=True):
        if abs(calibrate(raw) - expected) > 1e-9:
            raise GoldenMismatch("the calibrator does not give the recorded scores")


def _must_rank(raws: list[float], labels: tuple[bool, ...]) -> None:
    if max(raws) - min(raws) <= 1e-9:
        raise DegenerateScores("all golden rows score alike")
    fraud = [raw for raw, label in zip(raws, labels, strict=True) if label]
    good = [raw for raw, label in zip(raws, labels, strict=True) if not label]
    if fraud and good and median(fraud) < median(good):
        raise DegenerateScores("golden frauds score below golden legitimate payments")


def _must_explain(model: Model, row: Floats32) -> None:
    try:
        model.explain(row)
    except Exception as error:
        raise MalformedArtifact(f"cannot explain: {type(error).__name__}") from error


class _Race(NamedTuple):
    """One row at a time of a new model, and of the one that serves (`than`)."""

    timers: Timers
    rows: Floats32
    model: Model
    than: Model | None

    def must_be_fast(self, limit_ms: float, slowdown: float) -> None:
        """Wall time against the limit; against what serves, time on the processor, row by
        row in turns. That too is longer while other models are on trial beside this one:
        too slow is only what is so each time. Raises TooSlow."""
        took = median(
            self._spent(self.model, self.rows, i)[0] for i in range(_TIMED_ROWS)
        )
        if took * 1000 > limit_ms:
            raise TooSlow(f"{took * 1000:.2f} ms a row, limit {limit_ms} ms")
        if self.than is None:
            return
        for left in reversed(range(_TRIES)):
            now, before = self._in_turns(self.than)
            if now <= slowdown * before:
                return
            if not left:
                raise TooSlow(
                    f"{now * 1000:.3f} ms of work a row, more than {slowdown:g} times the "
                    f"{before * 1000:.3f} ms of what serves"
                )

    def _in_turns(self, than: Model) -> tuple[float, float]:
        """Median seconds of work for one row: of the new model, and of what serves."""
        old = np.array(than.artifact.golden.rows, dtype=np.float32)
        spent = [
            (self._spent(self.model, self.rows, i)[1], self._spent(than, old, i)[1])
            for i in range(_TIMED_ROWS)
        ]
        mine, theirs = zip(*spent, strict=True)
        return median(mine), median(theirs)

    def _spent(self, model: Model, rows: Floats32, i: int) -> tuple[float, float]:
        """Seconds on the clock and of work for one row."""
        row = rows[i % len(rows)][None, :]
        wall, work = self.timers.wall(), self.timers.work()
        model.signal(model.score(row)[0])
        return self.timers.wall() - wall, self.timers.work() - work
