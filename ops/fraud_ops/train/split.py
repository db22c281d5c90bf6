"""Slices of time, and what was known about frauds when training began.

    |warm-up|------- train -------|- validate -|-- calibrate --|label delay|-- test --|
                                                               training begins here ^

The store's windows fill during the warm-up. Payments of the last label delay before
training are left out, since most of their frauds are not reported yet. Of the rest, a
fraud counts only if it was reported by then; because late chargebacks are still missing,
each known fraud is weighted by one over the share of frauds that are reported at its age.
"""

from dataclasses import dataclass
from datetime import UTC, datetime
from hashlib import sha256

import numpy as np
import numpy.typing as npt
import polars as pl

from fraud_features.definitions.registry import FeatureSet
from fraud_ops.running import CommandError
from fraud_ops.train.history import DAY_US, NEVER, History
from fraud_scoring.artifacts.metadata import FeatureSetRef
from fraud_scoring.serving.scorer import Floats32, Floats64
from fraud_scoring.training.dataset import Dataset, Rows
from fraud_scoring.training.unknown import UNKNOWN_SHARE

LABEL_DELAY_DAYS = 7.0
WARM_UP_DAYS = 7.0
TEST_SHARE = 0.15
# Of the time between warm-up and label delay.
TRAIN_SHARE, VALIDATE_SHARE = 0.66, 0.12
_MATURE_DAYS = 45.0
_FEWEST_DELAYS = 30
_LARGEST_WEIGHT = 4.0


class TooShort(CommandError, ValueError):
    """The history has too few days or frauds to be split."""


@dataclass(frozen=True, slots=True)
class Cuts:
    """Boundaries in microseconds since 1970; each slice is half open."""

    warm: int
    validate: int
    calibrate: int
    delay: int
    test: int

    @classmethod
    def of(cls, at: npt.NDArray[np.int64]) -> "Cuts":
        """Cut the span of these payment times; raises `TooShort`."""
        first, last = int(at.min()), int(at.max()) + 1
        test = last - int((last - first) * TEST_SHARE)
        delay = test - int(LABEL_DELAY_DAYS * DAY_US)
        warm = first + int(WARM_UP_DAYS * DAY_US)
        usable = delay - warm
        if usable < 14 * DAY_US:
            raise TooShort("a history of at least six weeks is needed")
        validate = warm + int(usable * TRAIN_SHARE)
        calibrate = validate + int(usable * VALIDATE_SHARE)
        return cls(warm, validate, calibrate, delay, test)


def split(
    history: History,
    frame: pl.DataFrame,
    features: FeatureSet,
    *,
    seed: int,
    now: datetime,
) -> Dataset:
    """Cut a history and its feature frame into the four slices; raises `TooShort`."""
    cuts = Cuts.of(history.at)
    x = frame.select(features.names).to_numpy().astype(np.float32)
    known = history.reports.known_fraud(cuts.test)
    weight = maturity_weights(history, known, cuts.test)

    def rows(first: int, last: int, fraud: npt.NDArray[np.bool_], w: Floats64) -> Rows:
        here = (history.at >= first) & (history.at < last)
        if fraud[here].sum() < 5:
            raise TooShort("fewer than five frauds in a slice: simulate more payments")
        day = (history.at[here] - first) // DAY_US
        return Rows(x[here], fraud[here], w[here], day, history.card[here])

    version = data_version(x, known)
    return Dataset(
        feature_set=FeatureSetRef(
            name=features.name, version=features.version, hash=features.hash
        ),
        features=features.names,
        sources=tuple(feature.source for feature in features.features),
        train=rows(cuts.warm, cuts.validate, known, weight),
        validate=rows(cuts.validate, cuts.calibrate, known, weight),
        calibrate=rows(cuts.calibrate, cuts.delay, known, weight),
        test=rows(cuts.test, NEVER, history.fraud, np.ones(len(history))),
        data_version=version,
        bundle=bundle_name(features, version, now),
        seed=seed,
        trained_at=now,
        first_payment=_moment(cuts.warm),
        last_payment=_moment(cuts.delay),
        label_delay_days=LABEL_DELAY_DAYS,
        unknown_share=UNKNOWN_SHARE,
    )


def maturity_weights(
    history: History, known: npt.NDArray[np.bool_], now: int
) -> Floats64:
    """One over the share of frauds that are reported at a payment's age, for known
    frauds; 1 for the rest. The share is taken from payments over 45 days old."""
    age = now - history.at
    old = known & (age > _MATURE_DAYS * DAY_US)
    weight = np.ones(len(history.at))
    delays = np.sort((history.reports.reported() - history.at)[old])
    if len(delays) < _FEWEST_DELAYS:
        return weight
    share = np.searchsorted(delays, age[known], side="right") / len(delays)
    weight[known] = 1.0 / np.maximum(share, 1.0 / _LARGEST_WEIGHT)
    return weight


def data_version(x: Floats32, known: npt.NDArray[np.bool_]) -> str:
    """Sixteen hex digits of the features and labels that were trained on."""
    return sha256(x.tobytes() + known.tobytes()).hexdigest()[:16]


def bundle_name(features: FeatureSet, version: str, now: datetime) -> str:
    """What models trained together share: feature set, moment, data version."""
    return f"{features.name}-{now:%Y%m%dT%H%M%S}-{version[:8]}"


def _moment(t: int) -> datetime:
    return datetime.fromtimestamp(t // 1_000_000, UTC)
