"""The published protocol of the handbook (Le Borgne et al., chapters 3 and 5).

    |--- train 7 d ---|--- label delay 7 d ---|--- test 7 d ---|

A card whose fraud is known is out: from each test day those with a fraud in the training
week, or later on a day that lies eight days or more before it.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, timedelta

import numpy as np
import numpy.typing as npt

Integers = npt.NDArray[np.int64]
Flags = npt.NDArray[np.bool_]
Places = npt.NDArray[np.intp]

TRAIN_DAYS = DELAY_DAYS = TEST_DAYS = 7
FIRST_DAY = date(2018, 4, 1)


@dataclass(frozen=True, slots=True)
class Fold:
    """One training week by its first day; `history_days` may reach back before it, which
    the published protocol does not (it is 7 there)."""

    start: date
    history_days: int = TRAIN_DAYS

    @property
    def first(self) -> int:
        """Number of the training week's first day, counted from 2018-04-01."""
        return (self.start - FIRST_DAY).days

    @property
    def test(self) -> range:
        """Numbers of the test days."""
        first = self.first + TRAIN_DAYS + DELAY_DAYS
        return range(first, first + TEST_DAYS)


def weekly(
    latest: date, count: int, history_days: int = TRAIN_DAYS
) -> tuple[Fold, ...]:
    """Folds a week apart, the latest first, as the handbook counts them."""
    return tuple(
        Fold(latest - timedelta(weeks=number), history_days) for number in range(count)
    )


SINGLE = Fold(date(2018, 7, 25))
TEST_FOLDS = weekly(date(2018, 8, 15), 4)
VALIDATION_FOLDS = weekly(date(2018, 7, 11), 4)


def train_rows(fold: Fold, day: Integers) -> Places:
    """Places of the payments to train on."""
    end = fold.first + TRAIN_DAYS
    return np.flatnonzero((day >= end - fold.history_days) & (day < end))


def judged_rows(fold: Fold, day: Integers, card: Integers, fraud: Flags) -> Places:
    """Places of the payments to judge on, by day, known cards removed."""
    known = frauds_on(range(fold.first, fold.first + TRAIN_DAYS), day, card, fraud)
    kept: list[Places] = []
    for number in fold.test:
        # On the first test day this is a day of the training week, already known.
        known = np.union1d(
            known, frauds_on((number - DELAY_DAYS - 1,), day, card, fraud)
        )
        on_day = np.flatnonzero(day == number)
        kept.append(on_day[~np.isin(card[on_day], known)])
    return np.concatenate(kept)


def frauds_on(
    days: Sequence[int], day: Integers, card: Integers, fraud: Flags
) -> Integers:
    """Cards with a fraud on one of these days."""
    return np.unique(card[fraud & np.isin(day, np.asarray(days))])
