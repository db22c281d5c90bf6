"""Figures over time."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

VERDICTS = ("APPROVE", "CHALLENGE", "DECLINE")


@dataclass(frozen=True, slots=True)
class Column:
    """One stretch of time: heights of its parts from the bottom, in percent."""

    left: float
    width: float
    parts: tuple[tuple[str, float, float], ...]
    total: int


@dataclass(frozen=True, slots=True)
class Dot:
    """A payment on a time line."""

    left: float
    top: float
    verdict: str
    title: str
    href: str


def columns(
    items: Iterable[tuple[datetime, str]],
    now: datetime,
    *,
    length: timedelta = timedelta(minutes=10),
    count: int = 60,
) -> list[Column]:
    """Verdicts per stretch of time until now, stacked."""
    step = length / count
    begin = now - length
    found = [dict.fromkeys(VERDICTS, 0) for _ in range(count)]
    for at, verdict in items:
        place = int((at - begin) / step)
        if 0 <= place < count and verdict in VERDICTS:
            found[place][verdict] += 1
    top = max((sum(one.values()) for one in found), default=0) or 1
    width = 100 / count
    return [
        Column(
            round(place * width, 3),
            round(width * 0.8, 3),
            _stack(one, top),
            sum(one.values()),
        )
        for place, one in enumerate(found)
    ]


def _stack(counts: dict[str, int], top: int) -> tuple[tuple[str, float, float], ...]:
    parts, level = [], 0.0
    for verdict in VERDICTS:
        height = 100 * counts[verdict] / top
        if height:
            parts.append((verdict, round(100 - level - height, 2), round(height, 2)))
        level += height
    return tuple(parts)


def percentiles(values: Sequence[float], shares: Sequence[float]) -> list[float | None]:
    """Values that so many of all do not exceed (nearest rank); None without any."""
    ordered = sorted(values)
    if not ordered:
        return [None for _ in shares]
    last = len(ordered) - 1
    return [ordered[min(last, int(share * len(ordered)))] for share in shares]


def line(values: Sequence[float], *, low: float = 0.0, high: float = 1.0) -> str:
    """Points of an SVG polyline over the whole width, larger values higher."""
    if not values:
        return ""
    width = 100 / max(1, len(values) - 1)
    span = (high - low) or 1.0
    return " ".join(
        f"{place * width:.2f},{100 - 100 * (value - low) / span:.2f}"
        for place, value in enumerate(values)
    )
