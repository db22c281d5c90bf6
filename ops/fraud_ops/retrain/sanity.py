"""Whether a dataset can be learned from: labels that mean what they say, and no feature
that knows the answer. Pure."""

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np

from fraud_ops.retrain.checks import Check
from fraud_scoring.serving.scorer import Floats32, Floats64
from fraud_scoring.training.dataset import Flags, Rows

# The rate of frauds may move by so much against the champion's training data.
RATE_FACTOR = 5.0
# Without a champion no payment system has more fraud than this.
MOST_FRAUD = 0.3
# Of the reported frauds, how many may look more ordinary than the median payment to both
# models: honest frauds hide, but not among the calmest half.
MOST_CONTRADICTED = 0.15
# One feature alone may find at most this share of the frauds at this precision.
LEAK_PRECISION, MOST_FOUND_ALONE = 0.95, 0.35
_FEWEST_TO_JUDGE = 20


class Leak(NamedTuple):
    """How many of the frauds one feature finds alone, at the precision of a leak."""

    feature: str
    recall: float


def leakage(slices: Sequence[Rows], names: Sequence[str]) -> Check:
    """No feature may know the label. A feature leaks when one cut through it (or whether it
    is known at all) finds most frauds of a slice and next to nothing else: served at the time of the
    payment, none can do that."""
    leaks = sorted(
        (
            Leak(
                name,
                max(found_alone(s.x[:, place], s.fraud, s.weight) for s in slices),
            )
            for place, name in enumerate(names)
        ),
        key=lambda leak: -leak.recall,
    )
    worst = leaks[0]
    leaking = [leak for leak in leaks if leak.recall > MOST_FOUND_ALONE]
    named = ", ".join(f"{leak.feature} ({leak.recall:.0%})" for leak in leaking[:5])
    return Check(
        "no feature knows the label",
        "data",
        not leaking,
        worst.recall,
        MOST_FOUND_ALONE,
        f"features that alone find frauds at {LEAK_PRECISION:.0%} precision: {named}"
        if leaking
        else f"at most {worst.recall:.0%} of frauds, by {worst.feature}",
    )


def found_alone(x: Floats32, fraud: Flags, weight: Floats64) -> float:
    """The largest share of the frauds that `x >= t`, `x <= t`, or x being unknown (or
    known) marks with the precision of a leak; 0 when there are too few frauds to tell."""
    total = float(weight[fraud].sum())
    if fraud.sum() < _FEWEST_TO_JUDGE:
        return 0.0
    missing = np.isnan(x)
    best = max(_pure(missing, fraud, weight), _pure(~missing, fraud, weight))
    known, hits, w = x[~missing], fraud[~missing], weight[~missing]
    if len(known):
        for sign in (1.0, -1.0):
            order = np.argsort(sign * known, kind="stable")
            ranked = known[order]
            ends = np.append(np.flatnonzero(np.diff(ranked)), len(ranked) - 1)
            caught = np.cumsum(w[order] * hits[order])[ends]
            taken = np.cumsum(w[order])[ends]
            pure = caught >= LEAK_PRECISION * taken
            best = max(best, float(caught[pure].max(initial=0.0)))
    return best / total


def _pure(marked: Flags, fraud: Flags, weight: Floats64) -> float:
    taken = float(weight[marked].sum())
    caught = float(weight[marked & fraud].sum())
    return caught if taken and caught >= LEAK_PRECISION * taken else 0.0


def fraud_rate(rows: Rows, before: float | None) -> Check:
    """The weighted rate of frauds against that of the champion's training data."""
    total = float(rows.weight.sum())
    rate = float(rows.weight[rows.fraud].sum()) / total
    if before is None:
        return Check(
            "rate of frauds is plausible",
            "data",
            0.0 < rate <= MOST_FRAUD,
            rate,
            MOST_FRAUD,
            f"{rate:.2%} of the payments are frauds",
        )
    factor = max(rate, 1e-9) / max(before, 1e-9)
    return Check(
        "rate of frauds is that of before",
        "data",
        1.0 / RATE_FACTOR <= factor <= RATE_FACTOR,
        factor,
        RATE_FACTOR,
        f"{rate:.2%} of the payments are frauds, {before:.2%} when the champion learned",
    )


def contradicted(
    fraud: Flags, weight: Floats64, scores: Sequence[Floats64]
) -> list[Check]:
    """On payments that no model learned from: labels that every model contradicts are
    wrong, or made up. A new pattern is not contradicted: the model that learned it sees it.
    """
    ordinary = np.ones(len(fraud), dtype=bool)
    for score in scores:
        ordinary &= score <= _median(score[~fraud], weight[~fraud])
    frauds = float(weight[fraud].sum())
    share = float(weight[fraud & ordinary].sum()) / frauds if frauds else 1.0
    return [
        Check(
            "labels agree with the models",
            "data",
            share <= MOST_CONTRADICTED,
            share,
            MOST_CONTRADICTED,
            f"{share:.0%} of the reported frauds look more ordinary than the median "
            "payment to every model",
        )
    ]


def _median(values: Floats64, weight: Floats64) -> float:
    order = np.argsort(values, kind="stable")
    reached = np.cumsum(weight[order])
    place = int(np.searchsorted(reached, reached[-1] / 2))
    return float(values[order][place])
