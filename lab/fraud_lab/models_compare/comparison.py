"""Champion against challenger: figures, differences, and how sure they are. Pure."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np

from fraud_lab.models_compare.cases import Cases
from fraud_scoring.serving.scorer import Floats64
from fraud_scoring.training.bootstrap import account_draws, interval
from fraud_scoring.training.ranking import (
    CardRanking,
    Ranking,
    kappa,
    per_thousand,
    rank_correlation,
)

CHAMPION, CHALLENGER = 0, 1
DRAWS = 1000
MOST_CARDS = 100
VERDICTS = ("approve", "challenge", "decline")


@dataclass(frozen=True)
class Figure:
    """One figure of both sides, and its bootstrap distribution: draws x sides."""

    name: str
    more_is_better: bool
    value: tuple[float, float]
    drawn: Floats64

    @property
    def difference(self) -> float:
        """Challenger minus champion."""
        return self.value[CHALLENGER] - self.value[CHAMPION]

    @property
    def differences(self) -> Floats64:
        """Of each draw."""
        found: Floats64 = self.drawn[:, CHALLENGER] - self.drawn[:, CHAMPION]
        return found

    @property
    def challenger_better(self) -> float:
        """Share of draws in which the challenger is better; a tie counts half."""
        gain = self.differences if self.more_is_better else -self.differences
        return float(np.mean(gain > 0) + np.mean(gain == 0) / 2)

    def to_dict(self) -> dict[str, Any]:
        """As the command prints it."""
        sides = (CHAMPION, CHALLENGER)
        champion, challenger = (interval(self.drawn[:, side]) for side in sides)
        return {
            "champion": self.value[CHAMPION],
            "champion_interval": champion,
            "challenger": self.value[CHALLENGER],
            "challenger_interval": challenger,
            "difference": self.difference,
            "difference_interval": interval(self.differences),
            "challenger_better": self.challenger_better,
        }


def compare(
    cases: Cases,
    *,
    seed: int,
    draws: int = DRAWS,
    most: int = MOST_CARDS,
    progress: Callable[[int], None] = lambda _: None,
) -> list[Figure]:
    """Figures over all cases; both sides see the same draws of accounts.

    Raises NothingToCompare without a fraud or without an honest payment.
    """
    fraud = cases.fraud
    if not fraud.any() or fraud.all():
        raise NothingToCompare(f"{fraud.sum()} of {len(fraud)} payments are fraud")
    account = cases.account
    measures = _measures(cases, account, most)
    plain = _row(measures, np.ones(int(account.max()) + 1))
    drawn = np.empty((draws, len(measures), 2))
    for number, weight in enumerate(account_draws(fraud, account, draws, seed)):
        drawn[number] = _row(measures, weight)
        progress(1)
    return [
        Figure(
            one.name,
            one.more_is_better,
            (float(plain[i, 0]), float(plain[i, 1])),
            drawn[:, i],
        )
        for i, one in enumerate(measures)
    ]


def agreement(cases: Cases) -> dict[str, Any]:
    """How alike the two are: verdicts, ranks, and which of them stops which fraud."""
    one, other = cases.verdict(CHAMPION), cases.verdict(CHALLENGER)
    fraud = cases.fraud
    table = np.zeros((3, 3), dtype=int)
    np.add.at(table, (one, other), 1)
    stops, also = (one > 0) & fraud, (other > 0) & fraud
    return {
        "same_verdict": float(np.mean(one == other)),
        "kappa": kappa(one, other),
        "rank_correlation": rank_correlation(
            cases.raw(CHAMPION), cases.raw(CHALLENGER)
        ),
        "verdicts": {
            f"{VERDICTS[i]} / {VERDICTS[j]}": int(table[i, j])
            for i in range(3)
            for j in range(3)
        },
        "fraud_stopped_by": {
            "both": int(np.sum(stops & also)),
            "champion only": int(np.sum(stops & ~also)),
            "challenger only": int(np.sum(also & ~stops)),
            "neither": int(np.sum(fraud & ~stops & ~also)),
        },
    }


class NothingToCompare(Exception):
    """The settled decisions hold no fraud, or nothing else."""


@dataclass(frozen=True)
class _Measure:
    """One figure of both sides, as functions of the weights of the accounts."""

    name: str
    more_is_better: bool
    sides: tuple[Callable[[Floats64], float], Callable[[Floats64], float]]


def _measures(cases: Cases, account: Any, most: int) -> list[_Measure]:
    fraud, day, card = cases.fraud, cases.day, cases.card

    def precision(side: int) -> Callable[[Floats64], float]:
        ranking = Ranking.of(cases.raw(side), fraud)
        return lambda weight: ranking.average_precision(weight[account])

    def cards(side: int) -> Callable[[Floats64], float]:
        ranking = CardRanking.of(cases.raw(side), fraud, day, card, account)
        return lambda weight: ranking.precision(weight, most)

    def money(side: int) -> Callable[[Floats64], float]:
        cost = cases.cost(side)
        return lambda weight: per_thousand(cost, weight[account])

    def both(make: Callable[[int], Callable[[Floats64], float]]) -> Any:
        return make(CHAMPION), make(CHALLENGER)

    return [
        _Measure("average precision", True, both(precision)),
        _Measure(f"card precision@{most}", True, both(cards)),
        _Measure("cost of 1,000 payments", False, both(money)),
    ]


def _row(measures: list[_Measure], weight: Floats64) -> Floats64:
    return np.array([[side(weight) for side in one.sides] for one in measures])
