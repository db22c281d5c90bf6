"""Scores of rows by models trained with the trainers of `fraud train`."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import Any, Protocol

import numpy as np

import fraud_lightgbm.train
import fraud_xgboost.train
from fraud_scoring.artifacts.metadata import FeatureSetRef
from fraud_scoring.serving.scorer import Floats32, Floats64
from fraud_scoring.training.assemble import Fitted
from fraud_scoring.training.boosting import Boosting
from fraud_scoring.training.dataset import Dataset, Flags, Rows

# A probability is kept this far from 0 and 1 when its logarithm is taken.
_LEAST = 1e-7
_FEW = 2_000
_LONG_AGO = datetime(2018, 4, 1, tzinfo=UTC)


class Learner(Protocol):
    """Anything that is fitted to rows and then scores others."""

    def __call__(
        self, x: Floats32, fraud: Flags, others: Floats32, *, threads: int
    ) -> Floats64:
        """Fit to `x`, score `others`; higher is more suspicious."""


@dataclass(frozen=True)
class Blend:
    """Boosters of several seeds and both libraries; their log odds are averaged."""

    boosters: Mapping[str, Boosting]
    seeds: Sequence[int]

    def __call__(
        self, x: Floats32, fraud: Flags, others: Floats32, *, threads: int
    ) -> Floats64:
        trainers: dict[str, Any] = {
            "xgboost": fraud_xgboost.train.train,
            "lightgbm": fraud_lightgbm.train.train,
        }
        data = dataset(x, fraud)
        margins = []
        for name, boosting in self.boosters.items():
            for seed in self.seeds:
                fitted: Fitted = trainers[name](
                    replace(data, seed=seed), threads=threads, boosting=boosting
                )
                score = np.clip(fitted.reference(others), _LEAST, 1.0 - _LEAST)
                margins.append(np.log(score / (1.0 - score)))
        mean = np.mean(margins, axis=0)
        probability: Floats64 = 1.0 / (1.0 + np.exp(-mean))
        return probability


@dataclass(frozen=True)
class Columns:
    """A learner that is given only some columns."""

    learner: Learner
    columns: Sequence[int]

    def __call__(
        self, x: Floats32, fraud: Flags, others: Floats32, *, threads: int
    ) -> Floats64:
        chosen = list(self.columns)
        return self.learner(x[:, chosen], fraud, others[:, chosen], threads=threads)


@dataclass(frozen=True)
class Forest:
    """The handbook's random forest of 100 trees and depth 20; what is unknown reads 0, as
    there. Run beside ours it shows that the protocol is the published one, and which gain
    holds fold by fold."""

    seed: int = 0

    def __call__(
        self, x: Floats32, fraud: Flags, others: Floats32, *, threads: int
    ) -> Floats64:
        from sklearn.ensemble import RandomForestClassifier

        forest = RandomForestClassifier(
            n_estimators=100, max_depth=20, random_state=self.seed, n_jobs=threads
        ).fit(np.nan_to_num(x), fraud)
        score: Floats64 = forest.predict_proba(np.nan_to_num(others))[:, 1]
        return score


@dataclass(frozen=True)
class Anomaly:
    """An anomaly trainer that is told no label at all, on some columns, each held between
    0 and its `most`; `seeds` are averaged by rank."""

    train: Any
    columns: Sequence[int]
    most: Floats32
    seeds: Sequence[int]
    settings: Mapping[str, Any]

    def __call__(
        self, x: Floats32, fraud: Flags, others: Floats32, *, threads: int
    ) -> Floats64:
        x, others = self._inputs(x), self._inputs(others)
        data = dataset(x, np.zeros(len(x), dtype=bool))
        ranks = []
        for seed in self.seeds:
            fitted: Fitted = self.train(
                replace(data, seed=seed), threads=threads, **self.settings
            )
            raw = fitted.reference(others)
            # Ranks, because the errors of two networks have no common scale.
            ranks.append(np.argsort(np.argsort(raw, kind="stable"), kind="stable"))
        mean: Floats64 = np.mean(ranks, axis=0) / len(others)
        return mean

    def _inputs(self, x: Floats32) -> Floats32:
        held: Floats32 = np.clip(x[:, list(self.columns)], np.float32(0.0), self.most)
        return held


def dataset(x: Floats32, fraud: Flags) -> Dataset:
    """Training rows as the trainers take them. Nothing is kept for early stopping or
    calibration: trainers that are asked for a fixed length do not look at those slices."""

    def rows(last: int) -> Rows:
        nobody = np.arange(last, dtype=np.int64)
        return Rows(
            x[:last],
            fraud[:last],
            np.ones(last),
            np.zeros(last, dtype=np.int64),
            nobody,
        )

    some = rows(min(_FEW, len(x)))
    return Dataset(
        feature_set=FeatureSetRef(name="handbook", version="1", hash="0" * 64),
        features=tuple(f"f_{i}" for i in range(x.shape[1])),
        sources=("transaction",) * x.shape[1],
        train=rows(len(x)),
        validate=some,
        calibrate=some,
        test=some,
        data_version="handbook",
        bundle="handbook",
        seed=0,
        trained_at=_LONG_AGO,
        first_payment=_LONG_AGO,
        last_payment=_LONG_AGO,
        label_delay_days=7.0,
        unknown_share=0.0,
    )
