"""Plots of a judged evaluation, as PNG files."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np

from fraud_lab.evaluate.judge import Judged
from fraud_scoring.serving.scorer import Floats64
from fraud_scoring.training.dataset import Flags
from fraud_scoring.training.metrics import daily_card_precision

_BINS = 15


def draw(judged: Sequence[Judged], folder: Path) -> list[Path]:
    """Precision and recall, daily Card Precision@100, calibration; returns the files."""
    folder.mkdir(parents=True, exist_ok=True)
    return [
        _saved(folder / "precision_recall.png", _precision_recall, judged),
        _saved(folder / "card_precision_100.png", _card_precision, judged),
        _saved(folder / "calibration.png", _calibration, judged),
    ]


def _saved(file: Path, drawn: Any, judged: Sequence[Judged]) -> Path:
    # The object interface: no window, no global state.
    from matplotlib.figure import Figure

    figure = Figure(figsize=(8, 5), layout="constrained")
    axes = figure.subplots()
    drawn(axes, judged)
    axes.grid(alpha=0.3)
    axes.legend()
    figure.savefig(file, dpi=120)
    return file


def _precision_recall(axes: Any, judged: Sequence[Judged]) -> None:
    from sklearn.metrics import precision_recall_curve

    for one in judged:
        precision, recall, _ = precision_recall_curve(one.rows.fraud, one.score)
        area = one.figures["average_precision"]
        axes.plot(recall, precision, label=f"{one.fold.start}: AP {area:.3f}")
    axes.set(xlabel="recall", ylabel="precision", title="Test weeks by training week")


def _card_precision(axes: Any, judged: Sequence[Judged]) -> None:
    colours = [f"C{i}" for i in range(len(judged))]
    for colour, one in zip(colours, judged, strict=True):
        found = list(daily_card_precision(one.rows, one.score, 100).values())
        truth = one.rows.fraud.astype(float)
        best = list(daily_card_precision(one.rows, truth, 100).values())
        days = np.array(one.fold.test)
        axes.plot(days, found, "o-", color=colour, label=f"{one.fold.start}")
        axes.plot(days, best, ":", color=colour)
    axes.set(
        xlabel="day since 2018-04-01",
        ylabel="Card Precision@100",
        title="Day by day; dotted: perfect scores",
        ylim=(0, None),
    )


def _calibration(axes: Any, judged: Sequence[Judged]) -> None:
    fraud = np.concatenate([one.rows.fraud for one in judged])
    score = np.concatenate([one.score for one in judged])
    said, seen = reliability(fraud, score)
    axes.plot([1e-4, 1], [1e-4, 1], ":", color="grey", label="perfect")
    axes.plot(said, seen, "o-", label=f"{len(judged)} folds")
    axes.set(
        xscale="log",
        yscale="log",
        xlabel="mean probability said",
        ylabel="share of frauds seen",
        title=f"Calibration in {_BINS} bins with as many frauds each",
    )


def reliability(fraud: Flags, score: Floats64) -> tuple[Floats64, Floats64]:
    """Mean score and share of frauds, in bins that hold as many frauds each: rare events
    leave bins of equal size empty."""
    order = np.argsort(score, kind="stable")
    frauds = np.cumsum(fraud[order])
    total = int(frauds[-1])
    edges = np.searchsorted(frauds, np.linspace(0, total, _BINS + 1)[1:-1])
    parts = [part for part in np.split(order, np.unique(edges)) if len(part)]
    said = np.array([score[part].mean() for part in parts])
    return said, np.array([fraud[part].mean() for part in parts])
