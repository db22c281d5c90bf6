"""Threshold curves and calibration as pictures."""

from pathlib import Path
from typing import Any

from matplotlib.figure import Figure

_SIZE = (7.0, 4.5)


def plots(figures: dict[str, Any], out: Path) -> list[Path]:
    """Write `threshold.png` and `calibration.png` into the folder."""
    out.mkdir(parents=True, exist_ok=True)
    return [
        _curve(figures, out / "threshold.png"),
        _calibration(figures, out / "calibration.png"),
    ]


def _curve(figures: dict[str, Any], path: Path) -> Path:
    figure = Figure(figsize=_SIZE, layout="constrained")
    left = figure.subplots()
    bars = [row["threshold"] for row in figures["curve"]]
    left.plot(bars, [row["recall"] for row in figures["curve"]], label="alias recall")
    left.set(xlabel="threshold on the score", ylabel="alias recall", ylim=(0, 1))
    right = left.twinx()
    for group in sorted(figures["curve"][0]["false_positive_rate"]):
        rates = [100 * row["false_positive_rate"][group] for row in figures["curve"]]
        if group != "all":
            right.plot(bars, rates, "--", label=group)
    right.set(ylabel="innocent names flagged, %", ylim=(0, 3))
    for name, point in figures["points"].items():
        left.axvline(point["threshold"], color="grey", linewidth=0.7)
        left.text(point["threshold"], 0.02, name, rotation=90)
    figure.legend(loc="outside lower center", ncols=4)
    figure.savefig(path, dpi=120)
    return path


def _calibration(figures: dict[str, Any], path: Path) -> Path:
    figure = Figure(figsize=_SIZE, layout="constrained")
    axes = figure.subplots()
    rows = figures["pairs"]["calibration"]
    axes.plot([0, 1], [0, 1], color="grey", linewidth=0.7)
    axes.plot([r["similarity"] for r in rows], [r["matches"] for r in rows], "o-")
    axes.set(
        xlabel="similarity", ylabel="pairs that are one name", xlim=(0, 1), ylim=(0, 1)
    )
    figure.savefig(path, dpi=120)
    return path
