"""Pictures of backtests, thresholds and rules, as PNG files."""

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from fraud_lab.rules.backtest import Changes, RuleFigures
from fraud_lab.rules.history import History


def _saved(file: Path, drawn: Callable[..., None], *about: Any) -> Path:
    # The object interface: no window, no global state.
    from matplotlib.figure import Figure

    file.parent.mkdir(parents=True, exist_ok=True)
    figure = Figure(figsize=(8, 5), layout="constrained")
    axes = figure.subplots()
    drawn(axes, *about)
    axes.grid(alpha=0.3)
    if axes.get_legend_handles_labels()[0]:
        axes.legend()
    figure.savefig(file, dpi=120)
    return file


def draw_backtest(
    rules: Sequence[RuleFigures], history: History, found: Changes, folder: Path
) -> list[Path]:
    """Precision and recall of every rule, and payments stopped by day, before and after."""
    return [
        _saved(folder / "rules-precision-recall.png", _precision_recall, rules),
        _saved(folder / "rules-stopped-by-day.png", _by_day, history, found),
    ]


def _precision_recall(axes: Any, rules: Sequence[RuleFigures]) -> None:
    hit = [one for one in rules if one.precision["value"] is not None]
    for one in hit:
        x, y = one.recall["value"], one.precision["value"]
        if x is None:
            continue
        low, high = one.precision["interval"]
        live = one.state == "live"
        axes.plot([x, x], [low, high], color="C0" if live else "C7", alpha=0.5)
        axes.plot(x, y, "o", color="C0" if live else "C7")
        axes.annotate(one.rule.partition("@")[0], (x, y), fontsize=7)
    axes.set(
        xlabel="recall (share of fraudulent payments)",
        ylabel="precision, with Wilson's interval",
        ylim=(0, 1),
        title="Every rule by itself; grey: shadow",
    )


def _by_day(axes: Any, history: History, found: Changes) -> None:
    day = history.frame["occurred_at"].dt.truncate("1d").dt.timestamp("ms").to_numpy()
    days = np.unique(day)
    for name, verdict, style in (("before", found.old, ":"), ("after", found.new, "-")):
        for what, mask, colour in (
            ("fraud", history.fraud, "C3"),
            ("good", history.good, "C0"),
        ):
            stopped = [int((mask & (verdict > 0) & (day == d)).sum()) for d in days]
            axes.plot(stopped, style, color=colour, label=f"{what}, {name}")
    axes.set(xlabel="day", ylabel="payments challenged or declined", ylim=(0, None))


def draw_thresholds(rows: Sequence[dict[str, Any]], chosen: float, file: Path) -> Path:
    """Cost against the factor on the thresholds, with the one that is cheapest."""
    return _saved(file, _thresholds, rows, chosen)


def _thresholds(axes: Any, rows: Sequence[dict[str, Any]], chosen: float) -> None:
    factors = [row["factor"] for row in rows]
    cost = [row["cost_per_1000"]["value"] / 100 for row in rows]
    low = [row["cost_per_1000"]["interval"][0] / 100 for row in rows]
    high = [row["cost_per_1000"]["interval"][1] / 100 for row in rows]
    axes.fill_between(factors, low, high, alpha=0.2)
    axes.plot(factors, cost, "o-", label="cost per 1,000 payments")
    axes.axvline(chosen, color="C3", linestyle=":", label=f"cheapest: x {chosen:g}")
    axes.set(
        xscale="log",
        xlabel="factor on every threshold of risk below DECLINE",
        ylabel="major units per 1,000 payments",
    )
