"""Card payments as principal components: what the `credit_card` model is taught on.

Made up here from a seed, in the published form of such data: seconds since the first
payment, 28 components with falling deviations, an amount. A third of the frauds are loud
(far out in many components), half are a small step aside, the rest look like anybody.
"""

from datetime import datetime, timedelta

import numpy as np
import numpy.typing as npt

from fraud_features.definitions.registry import CREDIT_CARD
from fraud_ops.train.split import bundle_name, data_version
from fraud_scoring.artifacts.metadata import FeatureSetRef
from fraud_scoring.serving.scorer import Floats32, Floats64
from fraud_scoring.training.dataset import Dataset, Rows

ROWS = 100_000
HOURS = 48
FRAUD_RATE = 0.004
# The scores of a caller who standardises his inputs: three deviations are strange.
OOD_Z = 3.0
# Ends of the slices as shares of the rows. Training reaches so far that the last payment
# of the two days lies within three deviations of its times.
_CUTS = (0.75, 0.82, 0.91)
_COMPONENTS = 28
# Deviations of the first component and of the last.
_WIDEST, _NARROWEST = 2.0, 0.3
# Per kind of fraud: share, length of the step aside, and how much wider it spreads, both
# in deviations of the component.
_KINDS = ((0.35, 2.6, 2.5), (0.50, 1.3, 1.4), (0.15, 0.0, 1.0))
# Of 28 components, how many tell a fraud at all.
_TELLING = 12
_DAY_S = 86_400


def dataset(seed: int, now: datetime, rows: int = ROWS) -> Dataset:
    """`rows` payments of the 48 hours before `now`, cut in the order of time."""
    x, fraud = payments(rows, seed)
    ends = [int(rows * share) for share in _CUTS]
    version = data_version(x, fraud)
    began = now - timedelta(hours=HOURS)
    places = [*ends, rows]

    def part(number: int) -> Rows:
        here = slice(ends[number - 1] if number else 0, places[number])
        count = here.stop - here.start
        day = (x[here, 0] // _DAY_S).astype(np.int64)
        # No card is known, so each payment counts as a card of its own.
        return Rows(x[here], fraud[here], np.ones(count), day, np.arange(count))

    return Dataset(
        feature_set=FeatureSetRef(
            name=CREDIT_CARD.name, version=CREDIT_CARD.version, hash=CREDIT_CARD.hash
        ),
        features=CREDIT_CARD.names,
        sources=tuple(feature.source for feature in CREDIT_CARD.features),
        train=part(0),
        validate=part(1),
        calibrate=part(2),
        test=part(3),
        data_version=version,
        bundle=bundle_name(CREDIT_CARD, version, now),
        seed=seed,
        trained_at=now,
        first_payment=began,
        last_payment=began + timedelta(seconds=float(x[ends[-1] - 1, 0])),
        label_delay_days=0.0,
        unknown_share=0.0,
        ood_z=OOD_Z,
        ood_range=False,
    )


def payments(rows: int, seed: int) -> tuple[Floats32, npt.NDArray[np.bool_]]:
    """Rows in the order of time with the columns of `CREDIT_CARD`, and which are frauds."""
    rng = np.random.default_rng(seed)
    time = _times(rng, rows)
    by_day = _busy(time)
    # Frauds keep to no hours, so at night they are a larger share of what happens.
    fraud = rng.random(rows) < FRAUD_RATE / (by_day * np.mean(1.0 / by_day))
    deviations = np.geomspace(_WIDEST, _NARROWEST, _COMPONENTS)
    components = rng.normal(size=(rows, _COMPONENTS))
    components[fraud] = _stepped(rng, components[fraud])
    amount = rng.lognormal(3.1, 1.2, rows)
    amount[fraud] = _fraud_amounts(rng, int(fraud.sum()))
    x = np.column_stack((time, components * deviations, np.round(amount, 2)))
    return x.astype(np.float32), fraud


def _busy(time: Floats64) -> Floats64:
    """How busy a moment is, relative to the mean: quietest at three at night."""
    return 1.0 - 0.4 * np.cos(2 * np.pi * (time / _DAY_S - 3 / 24))


def _times(rng: np.random.Generator, rows: int) -> Floats64:
    """Whole seconds from 0 on, rising, more of them by day."""
    seconds = np.arange(HOURS * 3600, dtype=np.float64)
    chances = _busy(seconds)
    drawn = rng.choice(seconds, size=rows, p=chances / chances.sum())
    found: Floats64 = np.sort(drawn)
    return found


def _stepped(rng: np.random.Generator, ordinary: Floats64) -> Floats64:
    """Ordinary components turned into a fraud's: one step and spread per kind."""
    way = np.zeros(_COMPONENTS)
    telling = rng.permutation(_COMPONENTS)[:_TELLING]
    way[telling] = rng.choice((-1.0, 1.0), _TELLING) * rng.uniform(0.5, 1.5, _TELLING)
    shares, steps, spreads = (np.array(column) for column in zip(*_KINDS, strict=True))
    kind = rng.choice(len(_KINDS), size=len(ordinary), p=shares)
    spread = np.where(way != 0, spreads[kind][:, None], 1.0)
    stepped: Floats64 = ordinary * spread + steps[kind][:, None] * way
    return stepped


def _fraud_amounts(rng: np.random.Generator, count: int) -> Floats64:
    """A third are tests of a card with next to nothing, the rest somewhat high."""
    test = rng.random(count) < 1 / 3
    amounts: Floats64 = np.where(
        test, rng.uniform(0.0, 2.0, count), rng.lognormal(4.2, 1.3, count)
    )
    return amounts
