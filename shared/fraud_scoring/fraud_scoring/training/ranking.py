"""Figures of one model over weighted rows. Pure.

Every figure takes a weight per account: how often the bootstrap drew it. All of an
account's payments come and go together, since they are anything but independent; weights of
one give the plain figure.
"""

from dataclasses import dataclass
from typing import Self

import numpy as np

from fraud_scoring.serving.scorer import Floats64
from fraud_scoring.training.dataset import Flags, Integers


@dataclass(frozen=True, slots=True)
class Ranking:
    """Payments from the highest score to the lowest, prepared for average precision.

    `ends` are the last places of runs of equal scores: a threshold takes all or none.
    """

    order: Integers
    ends: Integers
    fraud: Floats64

    @classmethod
    def of(cls, score: Floats64, fraud: Flags) -> Self:
        """Sort once; weights change, the order does not."""
        order = np.argsort(-score, kind="stable")
        ranked = score[order]
        ends = np.append(np.flatnonzero(np.diff(ranked)), len(ranked) - 1)
        return cls(order, ends, fraud[order].astype(np.float64))

    def average_precision(self, weight: Floats64) -> float:
        """Sum over thresholds of precision times the recall gained; NaN without fraud."""
        w = weight[self.order]
        caught = np.cumsum(w * self.fraud)[self.ends]
        taken = np.cumsum(w)[self.ends]
        if caught[-1] == 0:
            return float("nan")
        precision = caught / np.maximum(taken, 1e-300)
        gained = np.diff(caught, prepend=0.0) / caught[-1]
        return float(np.sum(precision * gained))


@dataclass(frozen=True, slots=True)
class _Day:
    """The cards of one day from the most suspicious to the least."""

    card: Integers
    account: Integers
    compromised: Flags


@dataclass(frozen=True, slots=True)
class CardRanking:
    """Cards of each day, prepared for card precision."""

    days: tuple[_Day, ...]
    cards: int

    @classmethod
    def of(
        cls,
        score: Floats64,
        fraud: Flags,
        day: Integers,
        card: Integers,
        account: Integers,
    ) -> Self:
        """Each card's worst score and whether it was compromised, day by day."""
        owner = np.zeros(int(card.max()) + 1, dtype=np.int64)
        owner[card] = account
        days = []
        for number in np.unique(day):
            here = day == number
            cards, place = np.unique(card[here], return_inverse=True)
            worst = np.full(len(cards), -np.inf)
            np.maximum.at(worst, place, score[here])
            compromised = np.zeros(len(cards), dtype=bool)
            np.logical_or.at(compromised, place, fraud[here])
            order = np.argsort(-worst, kind="stable")
            cards = cards[order]
            days.append(_Day(cards, owner[cards], compromised[order]))
        return cls(tuple(days), len(owner))

    def precision(self, weight: Floats64, most: int) -> float:
        """Card Precision@k: of the k most suspicious cards a day, the share compromised,
        where a card that was found is out on later days (Le Borgne et al.). `weight` is by
        account; a card whose account was drawn twice fills two of the k places."""
        found = np.zeros(self.cards, dtype=bool)
        daily = []
        for day in self.days:
            copies = np.where(found[day.card], 0.0, weight[day.account])
            if not copies.any():
                continue
            room = np.clip(most - (np.cumsum(copies) - copies), 0.0, copies)
            hit = day.compromised & (room > 0)
            daily.append(float(room[hit].sum()) / most)
            found[day.card[hit]] = True
        return float(np.mean(daily)) if daily else 0.0


def per_thousand(cost: Floats64, weight: Floats64) -> float:
    """Mean cost of a thousand payments, in major units of the reference currency."""
    return float(np.sum(cost * weight) / np.sum(weight) * 10)


def kappa(one: Integers, other: Integers) -> float:
    """Cohen's kappa of two lists of verdicts: agreement beyond that of chance."""
    same = float(np.mean(one == other))
    by_chance = sum(float(np.mean(one == v) * np.mean(other == v)) for v in (0, 1, 2))
    return 1.0 if by_chance == 1.0 else (same - by_chance) / (1.0 - by_chance)


def rank_correlation(one: Floats64, other: Floats64) -> float:
    """Spearman's rho: ties share their mean rank; NaN when a side is constant."""
    a, b = _ranks(one), _ranks(other)
    if a.std() == 0 or b.std() == 0:
        return float("nan")
    return float(np.corrcoef(a, b)[0, 1])


def _ranks(values: Floats64) -> Floats64:
    _, place, counts = np.unique(values, return_inverse=True, return_counts=True)
    last = np.cumsum(counts)
    found: Floats64 = ((last - counts + last - 1) / 2.0)[place]
    return found
