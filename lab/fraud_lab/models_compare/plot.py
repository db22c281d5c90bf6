"""The comparison as a picture: precision and recall, money, calibration."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np

from fraud_lab.models_compare.cases import CHALLENGER, CHAMPION, Cases
from fraud_lab.models_compare.comparison import Figure
from fraud_scoring.training.ranking import Ranking

NAMES = (f"champion ({CHAMPION})", f"challenger ({CHALLENGER})")
COLOURS = ("#1b6ca8", "#d1495b")
BINS = 8


def draw(cases: Cases, figures: Sequence[Figure], path: Path) -> None:
    """Write a PNG."""
    import matplotlib as mpl

    mpl.use("Agg")
    from matplotlib import pyplot as plt

    figure, axes = plt.subplots(1, 3, figsize=(15, 4.6), constrained_layout=True)
    _precision_recall(axes[0], cases)
    _differences(axes[1], next(f for f in figures if not f.more_is_better))
    _calibration(axes[2], cases)
    frauds = int(cases.fraud.sum())
    figure.suptitle(f"{len(cases):,} settled payments, {frauds:,} fraudulent")
    path.parent.mkdir(parents=True, exist_ok=True)
    figure.savefig(path, dpi=120)
    plt.close(figure)


def _precision_recall(axis: Any, cases: Cases) -> None:
    for side, name in enumerate(NAMES):
        ranking = Ranking.of(cases.raw(side), cases.fraud)
        caught = np.cumsum(ranking.fraud)[ranking.ends]
        axis.step(
            caught / caught[-1],
            caught / (ranking.ends + 1),
            where="post",
            color=COLOURS[side],
            label=name,
        )
    axis.set(xlabel="recall", ylabel="precision", xlim=(0, 1), ylim=(0, 1.02))
    axis.set_title("Precision and recall")
    axis.legend()


def _differences(axis: Any, money: Figure) -> None:
    axis.hist(money.differences, bins=40, color="#888888")
    axis.axvline(0.0, color="black", linewidth=1)
    axis.axvline(money.difference, color=COLOURS[1], linewidth=2)
    axis.set(xlabel="EUR for 1,000 payments, challenger minus champion", ylabel="draws")
    axis.set_title("What the challenger would cost more")


def _calibration(axis: Any, cases: Cases) -> None:
    """Among payments of similar score, the share that were fraud."""
    for side, name in enumerate(NAMES):
        score = cases.score(side)
        risky = np.argsort(score, kind="stable")[-max(BINS, len(score) // 10) :]
        parts = [part for part in np.array_split(risky, BINS) if len(part)]
        axis.plot(
            [float(score[part].mean()) for part in parts],
            [float(cases.fraud[part].mean()) for part in parts],
            marker="o",
            color=COLOURS[side],
            label=name,
        )
    axis.plot([0, 1], [0, 1], color="black", linewidth=1, linestyle=":")
    axis.set(xlabel="calibrated score", ylabel="share of fraud")
    axis.set_title("The riskiest tenth: said and seen")
    axis.legend()
