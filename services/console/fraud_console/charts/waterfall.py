"""Waterfalls: what moved a score, and where the time went."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

# What must have ended before a stage begins; the record holds only how long each took.
_AFTER: Mapping[str, tuple[str, ...]] = {
    "rules": ("online",),
    "models": ("rules",),
    "screening_wait": ("models",),
    "decision": ("models", "screening_wait"),
    "commit": ("decision",),
    "action": ("commit",),
}
_ORDER = (
    "online", "screening", "rules", "models", "screening_wait", "decision", "commit", "action",
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Step:
    """One row: a bar from `start` for `length` percent; `amount` is what it stands for."""

    name: str
    amount: float
    start: float
    length: float
    value: float | None = None

    @property
    def up(self) -> bool:
        """Whether it adds."""
        return self.amount >= 0


def contributions(
    parts: Sequence[tuple[str, float | None, float]], *, most: int = 8
) -> tuple[list[Step], float]:
    """Rows of a waterfall, the largest first, and where zero is (percent). A part is name,
    value, and how far it moves the score (log-odds)."""
    ordered = sorted(parts, key=lambda part: -abs(part[2]))[:most]
    level, spans = 0.0, []
    for name, value, moved in ordered:
        spans.append((name, value, moved, level))
        level += moved
    ends = [0.0, *(begin + moved for _, _, moved, begin in spans)]
    low, high = min(ends), max(ends)
    width = (high - low) or 1.0

    def percent(at: float) -> float:
        return 100 * (at - low) / width

    steps = [
        Step(
            name,
            moved,
            round(percent(min(begin, begin + moved)), 2),
            round(max(100 * abs(moved) / width, 0.6), 2),
            value,
        )
        for name, value, moved, begin in spans
    ]
    return steps, round(percent(0.0), 2)


def stages(timings_ms: Mapping[str, float]) -> tuple[list[Step], float]:
    """Where the time of a payment went, and its whole length (ms).

    The record says how long each stage took, not when it began: that follows from the order
    in which the pipeline asks.
    """
    ends: dict[str, float] = {}
    spans: list[tuple[str, float, float]] = []
    known = [name for name in _ORDER if name in timings_ms]
    others = [n for n in timings_ms if n not in _ORDER and n != "total"]
    for name in (*known, *others):
        begin = max(
            (ends[one] for one in _AFTER.get(name, ()) if one in ends), default=0
        )
        ends[name] = begin + timings_ms[name]
        spans.append((name, begin, timings_ms[name]))
    total = max([timings_ms.get("total", 0.0), *ends.values()], default=0.0) or 1.0
    steps = [
        Step(
            name,
            took,
            round(100 * begin / total, 2),
            round(max(100 * took / total, 0.4), 2),
        )
        for name, begin, took in spans
    ]
    return steps, total
