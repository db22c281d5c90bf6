"""A deadline: passed as an argument, sent as milliseconds *remaining*.

Remaining time, not a wall-clock instant, so that skewed clocks cannot stretch it.
"""

import math
import time
from dataclasses import dataclass
from typing import Self

HEADER = "x-deadline-ms"


@dataclass(frozen=True, slots=True)
class Deadline:
    """An instant on this process's monotonic clock."""

    at: float

    @classmethod
    def after(cls, ms: float) -> Self:
        """The deadline `ms` milliseconds from now."""
        return cls(time.monotonic() + ms / 1000)

    def remaining_ms(self) -> float:
        """Milliseconds left; negative when spent."""
        return (self.at - time.monotonic()) * 1000

    @property
    def expired(self) -> bool:
        """True when no time is left."""
        return time.monotonic() >= self.at

    def capped(self, ms: float) -> Self:
        """This deadline, or `ms` from now if that is earlier."""
        return type(self)(min(self.at, time.monotonic() + ms / 1000))

    def minus(self, ms: float) -> Self:
        """This deadline moved `ms` milliseconds earlier: what a tail reserves."""
        return type(self)(self.at - ms / 1000)


def milliseconds(value: str | None) -> float | None:
    """What a deadline header says; None when there is none, or no number in it."""
    try:
        ms = float(value) if value is not None else math.nan
    except ValueError:
        return None
    return None if math.isnan(ms) else ms


def from_header(value: str | None, *, default_ms: float, cap_ms: float) -> Deadline:
    """The deadline a caller sent, clamped to `cap_ms`; `default_ms` when there is none.

    Two milliseconds are kept back, so that the callee gives up before its caller does.
    """
    given = milliseconds(value)
    ms = default_ms if given is None else given - 2.0
    return Deadline.after(max(0.0, min(ms, cap_ms)))
