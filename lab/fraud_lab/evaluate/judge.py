"""One learner on one fold, and what several folds say together."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from fraud_lab.evaluate.learners import Learner
from fraud_lab.evaluate.protocol import Fold, Places, judged_rows, train_rows
from fraud_lab.handbook.inputs import Inputs
from fraud_scoring.serving.scorer import Floats64
from fraud_scoring.training.dataset import Rows
from fraud_scoring.training.metrics import measure

# In the order of the published tables.
FIGURES = ("roc_auc", "average_precision", "card_precision_100")


@dataclass(frozen=True, slots=True)
class Judged:
    """Scores of the test rows of one fold, and all figures that follow from them."""

    fold: Fold
    rows: Rows
    score: Floats64
    figures: Mapping[str, float]


@dataclass(frozen=True, slots=True)
class Summary:
    """Mean and standard deviation over folds, and each fold's figures, latest first."""

    mean: Mapping[str, float]
    std: Mapping[str, float]
    folds: tuple[Mapping[str, float], ...]


def judge(
    learner: Learner, fold: Fold, inputs: Inputs, *, calibrated: bool, threads: int
) -> Judged:
    """Train on the fold's training rows, score its test rows. `calibrated` says that the
    scores are probabilities."""
    paid = inputs.payments
    train = train_rows(fold, paid.day)
    test = judged_rows(fold, paid.day, paid.card, paid.fraud)
    score = learner(inputs.x[train], paid.fraud[train], inputs.x[test], threads=threads)
    rows = slice_of(inputs, test)
    return Judged(
        fold, rows, score, measure(rows, score, score if calibrated else None)
    )


def slice_of(inputs: Inputs, places: Places) -> Rows:
    """These payments as rows of a slice."""
    paid = inputs.payments
    return Rows(
        x=inputs.x[places],
        fraud=paid.fraud[places],
        weight=np.ones(len(places)),
        day=paid.day[places],
        card=paid.card[places],
    )


def summary(judged: Sequence[Judged]) -> Summary:
    """Mean and standard deviation (of these folds, not of a larger population)."""
    return _summary(tuple(one.figures for one in judged))


def gain(ours: Sequence[Judged], theirs: Sequence[Judged]) -> Summary:
    """Differences fold by fold: how hard a week is does not blur them."""
    pairs = zip(ours, theirs, strict=True)
    return _summary(
        tuple({f: a.figures[f] - b.figures[f] for f in FIGURES} for a, b in pairs)
    )


def _summary(folds: tuple[Mapping[str, float], ...]) -> Summary:
    together = {name: np.array([fold[name] for fold in folds]) for name in folds[0]}
    return Summary(
        mean={name: float(values.mean()) for name, values in together.items()},
        std={name: float(values.std()) for name, values in together.items()},
        folds=folds,
    )
