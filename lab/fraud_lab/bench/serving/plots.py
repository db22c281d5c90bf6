"""The figures of `fraud bench serving` as pictures."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from matplotlib.figure import Figure

_WIDTH = 9.0
# Inches for one bar, and for title and axis.
_BAR, _REST = 0.3, 1.4
_OURS, _THEIRS = "C0", "C7"


def draw(figures: Mapping[str, Any], folder: Path) -> list[Path]:
    """`engines.png`: one row and a batch by each call; `servers.png`: throughput and p99
    of each server. Returns the files."""
    folder.mkdir(parents=True, exist_ok=True)
    calls = [
        (f"{model}: {way}", found["one_row"][way], found["batch_64"][way])
        for model, found in figures["models"].items()
        for way in found["one_row"]
    ]
    servers = figures["servers"]
    return [
        _bars(
            folder / "engines.png",
            [name for name, _, _ in calls],
            ["ours_faster_by" not in one for _, one, _ in calls],
            {
                "one row, p50, µs": [one["p50_us"] for _, one, _ in calls],
                "64 rows, p50, µs": [many["p50_us"] for _, _, many in calls],
            },
            logarithmic=True,
        ),
        _bars(
            folder / "servers.png",
            list(servers),
            [name.startswith(("gateway", "scorer")) for name in servers],
            {
                "answers a second": [one["per_second"] for one in servers.values()],
                "p99, ms": [one["p99_ms"] for one in servers.values()],
            },
        ),
    ]


def _bars(
    file: Path,
    names: list[str],
    ours: list[bool],
    columns: Mapping[str, list[float]],
    *,
    logarithmic: bool = False,
) -> Path:
    """One panel for each column, a bar for each name, ours in colour, the first on top."""
    figure = Figure(figsize=(_WIDTH, _REST + _BAR * len(names)), layout="constrained")
    panels = figure.subplots(1, len(columns), sharey=True)
    colours = [_OURS if mine else _THEIRS for mine in ours]
    for axes, (title, values) in zip(panels, columns.items(), strict=True):
        bars = axes.barh(names, values, color=colours)
        axes.bar_label(bars, [f" {value:,.4g}" for value in values], fontsize=8)
        axes.set_title(title)
        axes.margins(x=0.25)
        if logarithmic:
            axes.set_xscale("log")
    panels[0].invert_yaxis()
    figure.savefig(file, dpi=120)
    return file
