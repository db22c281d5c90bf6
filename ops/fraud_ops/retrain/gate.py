"""The gate of promotion: better on later payments, beyond noise, and worse nowhere. Pure.

Both models score the same payments, which neither has learned from. Accounts are drawn
again and again with all their payments; a difference counts when its interval leaves zero
out. Segments share the risk of a chance finding (Bonferroni), or one of twenty equal models
would be refused for each segment.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass

import numpy as np

from fraud_engines.policy.policy_schema import PolicyDocument
from fraud_ops.retrain.checks import Check
from fraud_ops.retrain.money import policy_costs
from fraud_scoring.serving.scorer import Floats64
from fraud_scoring.training.bootstrap import CONFIDENCE, account_draws, interval
from fraud_scoring.training.dataset import Flags, Integers
from fraud_scoring.training.ranking import Ranking, per_thousand

DRAWS = 500
# Fewer frauds than this cannot show anything, of all payments and of a segment.
FEWEST_FRAUDS, FEWEST_IN_SEGMENT = 20, 10


@dataclass(frozen=True, slots=True)
class HeldOut:
    """Payments after all that was learned from. `weight`: how much each label counts;
    `segments`: which payments belong to each."""

    fraud: Flags
    weight: Floats64
    account: Integers
    amount_minor: Integers
    segments: Mapping[str, Flags]

    def __len__(self) -> int:
        return len(self.fraud)


@dataclass(frozen=True, slots=True)
class Side:
    """One model's scores of the held-out payments: raw, and calibrated."""

    raw: Floats64
    score: Floats64


@dataclass(frozen=True, slots=True)
class Difference:
    """Challenger minus champion, and the interval of the difference over the draws."""

    champion: float
    challenger: float
    low: float
    high: float

    @property
    def text(self) -> str:
        """For a reader."""
        return (
            f"champion {self.champion:.4g}, challenger {self.challenger:.4g}, "
            f"difference {self.low:+.4g} to {self.high:+.4g}"
        )


Figure = Callable[[Floats64], float]


def judge(
    held: HeldOut,
    champion: Side,
    challenger: Side,
    policy: PolicyDocument,
    *,
    seed: int,
    draws: int = DRAWS,
) -> list[Check]:
    """Every check of quality for the model that decides."""
    frauds = int(held.fraud.sum())
    if frauds < FEWEST_FRAUDS or frauds == len(held):
        return [_enough(frauds)]
    sides = (champion, challenger)
    ranks = [Ranking.of(side.raw, held.fraud) for side in sides]
    costs = [
        policy_costs(policy, side.score, held.amount_minor, held.fraud).cost
        for side in sides
    ]
    weights = _draws(held, seed, draws)
    precision = _difference(held, weights, [rank.average_precision for rank in ranks])
    money = _difference(held, weights, [_money(cost) for cost in costs])
    return [
        _enough(frauds),
        Check(
            "better average precision beyond noise",
            "quality",
            precision.low > 0.0,
            precision.low,
            0.0,
            precision.text,
        ),
        Check(
            "cheaper beyond noise",
            "quality",
            money.high < 0.0,
            money.high,
            0.0,
            f"cost of 1,000 payments: {money.text}",
        ),
        _segments(held, ranks, weights),
    ]


def not_worse(
    name: str, held: HeldOut, before: Floats64, after: Floats64, *, seed: int
) -> Check:
    """A model that does not decide may not be worse beyond its interval."""
    ranks = [Ranking.of(raw, held.fraud) for raw in (before, after)]
    weights = _draws(held, seed, DRAWS)
    found = _difference(held, weights, [rank.average_precision for rank in ranks])
    return Check(
        f"{name} is not worse",
        "quality",
        found.high >= 0.0,
        found.high,
        0.0,
        f"average precision: {found.text}",
    )


def _enough(frauds: int) -> Check:
    return Check(
        "enough frauds to judge by",
        "quality",
        frauds >= FEWEST_FRAUDS,
        float(frauds),
        float(FEWEST_FRAUDS),
        f"{frauds} known frauds among the payments that neither model learned from",
    )


def _draws(held: HeldOut, seed: int, draws: int) -> list[Floats64]:
    return list(account_draws(held.fraud, held.account, draws, seed))


def _money(cost: Floats64) -> Figure:
    return lambda weight: per_thousand(cost, weight)


def _difference(
    held: HeldOut,
    draws: list[Floats64],
    figures: list[Figure],
    confidence: float = CONFIDENCE,
    among: Flags | None = None,
) -> Difference:
    """A figure of both sides over all payments, or `among` some."""
    own = held.weight if among is None else held.weight * among
    plain = [figure(own) for figure in figures]
    drawn = []
    for draw in draws:
        weight = own * draw[held.account]
        if weight[held.fraud].any():
            drawn.append(figures[1](weight) - figures[0](weight))
    low, high = interval(np.array(drawn or [0.0]), confidence)
    return Difference(plain[0], plain[1], low, high)


def _segments(held: HeldOut, ranks: list[Ranking], draws: list[Floats64]) -> Check:
    """No segment with enough frauds is ranked worse, by an interval that all share."""
    judged = {
        name: among
        for name, among in held.segments.items()
        if (held.fraud & among).sum() >= FEWEST_IN_SEGMENT
        and (~held.fraud & among).any()
    }
    if not judged:
        return Check(
            "no segment is worse", "quality", True, None, 0.0, "none has enough frauds"
        )
    confidence = 100.0 - (100.0 - CONFIDENCE) / len(judged)
    figures: list[Figure] = [rank.average_precision for rank in ranks]
    found = {
        name: _difference(held, draws, figures, confidence, among)
        for name, among in judged.items()
    }
    worse = {name: one for name, one in found.items() if one.high < 0.0}
    least = min(one.high for one in found.values())
    detail = "; ".join(f"{name}: {one.text}" for name, one in (worse or found).items())
    return Check("no segment is worse", "quality", not worse, least, 0.0, detail)
