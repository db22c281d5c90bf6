"""Bars, histograms and strips."""

import math
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Bar:
    """One bar: where it begins and how long it is, in percent."""

    label: str
    value: float
    start: float
    length: float
    mark: bool = False


def shares(counts: Mapping[str, float], *, most: int = 6, mark: str = "") -> list[Bar]:
    """Bars of the largest counts, longest first; the rest together, `mark` always there."""
    ordered = sorted(counts.items(), key=lambda item: (-item[1], item[0]))
    shown = ordered[:most]
    if mark and mark not in dict(shown) and mark in counts:
        shown = [*shown[: most - 1], (mark, counts[mark])]
    rest = sum(counts.values()) - sum(value for _, value in shown)
    if rest > 0:
        shown.append(("others", rest))
    top = max((value for _, value in shown), default=0) or 1
    return [
        Bar(name, value, 0.0, 100 * value / top, name == mark) for name, value in shown
    ]


def hours(times: Iterable[int], mark: int | None) -> list[Bar]:
    """How often each hour of the day (UTC) occurs; 24 columns by height in percent."""
    counts = Counter(times)
    top = max(counts.values(), default=0) or 1
    width = 100 / 24
    return [
        Bar(
            f"{hour:02d}",
            counts[hour],
            hour * width,
            100 * counts[hour] / top,
            hour == mark,
        )
        for hour in range(24)
    ]


def strip(values: Sequence[float], mark: float) -> tuple[list[float], float]:
    """Places of amounts on a logarithmic scale that holds them all, and of `mark`."""
    known = [value for value in (*values, mark) if value > 0]
    low, high = min(known, default=1.0), max(known, default=10.0)
    low, high = math.log10(low) - 0.05, math.log10(high) + 0.05

    def place(value: float) -> float:
        share = (math.log10(max(value, 10**low)) - low) / (high - low)
        return round(2 + 96 * share, 2)

    return [place(value) for value in values], place(mark)


def bands(edges: Sequence[tuple[float, str]]) -> list[Bar]:
    """Adjacent bands up to each edge (0 to 1), with its label."""
    found, start = [], 0.0
    for edge, label in edges:
        end = 100 * min(1.0, max(0.0, edge))
        found.append(Bar(label, edge, round(start, 2), round(max(0.0, end - start), 2)))
        start = end
    return found
