"""Clocks that tests move."""

from datetime import UTC, datetime, timedelta


class FakeClock:
    """A clock that stands still until told to advance."""

    def __init__(self, at: datetime = datetime(2026, 3, 2, 12, 0, tzinfo=UTC)) -> None:
        self._now = at
        self._monotonic = 1000.0

    def now(self) -> datetime:
        """The time that was set."""
        return self._now

    def monotonic(self) -> float:
        """Seconds, moved together with `now`."""
        return self._monotonic

    def advance(self, step: timedelta) -> None:
        """Move both."""
        self._now += step
        self._monotonic += step.total_seconds()
