"""The data a model is trained, calibrated and judged on, in the order of time."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from datetime import datetime

import numpy as np
import numpy.typing as npt

from fraud_scoring.artifacts.metadata import FeatureSetRef, FeatureStatistics
from fraud_scoring.serving.scorer import Floats32, Floats64

Flags = npt.NDArray[np.bool_]
Integers = npt.NDArray[np.int64]
# See `fraud_scoring.serving.model.Limits`. At 8 deviations an account's age may grow to twice the
# training period before every payment is reported as strange.
OOD_Z = 8.0


@dataclass(frozen=True, slots=True)
class Rows:
    """One slice of time. `x` is float32 in feature order, NaN where unknown.

    `fraud` is what was known when training began, except in the test slice, where it is
    the truth. `weight` makes up for frauds not reported yet. `day` counts days and `card`
    names cards (or accounts) by number, for card precision.
    """

    x: Floats32
    fraud: Flags
    weight: Floats64
    day: Integers
    card: Integers

    def __len__(self) -> int:
        return len(self.x)


@dataclass(frozen=True, slots=True)
class Dataset:
    """Four slices, oldest first: fit, stop early, calibrate, judge.

    `sources` says for each feature where it comes from (`transaction`, `velocity`, ...).
    A value counts as strange beyond `ood_z` deviations, unless `ood_range` is set and the
    training range holds it. `categories` holds, for each feature that callers send as a
    text, the texts in the order of their codes in `x`.
    """

    feature_set: FeatureSetRef
    features: tuple[str, ...]
    sources: tuple[str, ...]
    train: Rows
    validate: Rows
    calibrate: Rows
    test: Rows
    data_version: str
    bundle: str
    seed: int
    trained_at: datetime
    first_payment: datetime
    last_payment: datetime
    label_delay_days: float
    unknown_share: float
    ood_z: float = OOD_Z
    ood_range: bool = True
    categories: Mapping[str, tuple[str, ...]] = field(default_factory=dict)

    @property
    def width(self) -> int:
        """Number of features."""
        return len(self.features)

    @property
    def categorical(self) -> frozenset[int]:
        """Places of the features that callers send as a text."""
        return frozenset(
            place for place, name in enumerate(self.features) if name in self.categories
        )


def statistics(
    x: Floats32, *, ranges: bool = True, categorical: Collection[int] = ()
) -> FeatureStatistics:
    """Range, mean, deviation and median of the known values of each feature; without
    `ranges` no range, but for the `categorical` ones: a code is never far from others."""
    known = ~np.isnan(x)
    counts = known.sum(axis=0)
    columns = [x[known[:, i], i].astype(np.float64) for i in range(x.shape[1])]

    def each(name: str) -> tuple[float | None, ...]:
        figure = getattr(np, name)
        return tuple(float(figure(c)) if len(c) else None for c in columns)

    def ends(name: str) -> tuple[float | None, ...]:
        found = each(name)
        return tuple(
            value if ranges or place in categorical else None
            for place, value in enumerate(found)
        )

    return FeatureStatistics(
        minimum=ends("min"),
        maximum=ends("max"),
        mean=each("mean"),
        std=each("std"),
        median=each("median"),
        known=tuple(float(c) / max(1, len(x)) for c in counts),
    )
