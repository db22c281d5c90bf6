"""The quarter as a picture: recall of the new fraud by week, and the promotions."""

from pathlib import Path

from fraud_lab.demo.learning.play import FRICTION, WINDOW, Played
from fraud_lab.demo.learning.quarter import BEGINS, DAYS, Quarter


def draw(quarter: Quarter, played: Played, path: Path) -> None:
    """Write a PNG."""
    import matplotlib as mpl

    mpl.use("agg")
    from matplotlib import pyplot as plt

    days = list(range(BEGINS, DAYS))
    recall = [played.recall(quarter, day - WINDOW + 1, day) for day in days]
    figure, axes = plt.subplots(figsize=(8, 4), layout="constrained")
    axes.plot(
        days,
        [float("nan") if r is None else r for r in recall],
        color="#1b6ca8",
        label=f"recall of the new fraud, last {WINDOW} days",
    )
    axes.axhline(0.6, color="#8a8a8a", linestyle=":", linewidth=1)
    for record in played.records[1:]:
        day = (record.started_at - quarter.start).days
        promoted = record.outcome == "promoted"
        axes.axvline(
            day,
            color="#2e7d32" if promoted else "#c9a227",
            linewidth=1.5 if promoted else 0.8,
            linestyle="-" if promoted else "--",
        )
    axes.plot([], [], color="#2e7d32", label="promoted")
    axes.plot([], [], color="#c9a227", linestyle="--", label="kept as challenger")
    axes.set(
        xlabel="day",
        ylabel="recall",
        ylim=(0, 1),
        title=f"A new fraud from day {BEGINS} on, {FRICTION:.1%} of honest payments stopped",
    )
    axes.legend(loc="lower right")
    path.parent.mkdir(parents=True, exist_ok=True)
    figure.savefig(path, dpi=120)
    plt.close(figure)
