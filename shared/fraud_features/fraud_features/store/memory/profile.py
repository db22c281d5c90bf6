"""What an account has done so far, in memory."""

from fraud_features.definitions.facts import Facts
from fraud_features.store.schema import SQUARES_BASE


class Profile:
    """Running integers of one account; `read` gives `schema.PROFILE`, in order."""

    __slots__ = (
        "first",
        "hours",
        "last",
        "lat",
        "located",
        "lon",
        "payments",
        "squares_hi",
        "squares_lo",
        "total",
        "typical",
    )

    def __init__(self) -> None:
        self.payments = self.typical = self.total = 0
        self.squares_hi = self.squares_lo = 0
        self.first: int | None = None
        self.last: int | None = None
        self.located: int | None = None
        self.lat: int | None = None
        self.lon: int | None = None
        self.hours = [0] * 24

    def read(self, hour: int) -> tuple[int | None, ...]:
        """The profile as it stands, with the hours around `hour`."""
        hours = self.hours
        return (
            self.payments,
            self.typical,
            self.total,
            self.squares_hi,
            self.squares_lo,
            self.first,
            self.last,
            self.located,
            self.lat,
            self.lon,
            hours[hour - 1],
            hours[hour],
            hours[(hour + 1) % 24],
        )

    def add(self, facts: Facts) -> None:
        """Let a payment count; the last payment and place only move forward in time."""
        t, moved = facts.t, facts.moved
        self.payments += 1
        self.hours[facts.hour] += 1
        if moved:
            self.typical += 1
            self.total += moved
            high, low = divmod(moved * moved, SQUARES_BASE)
            self.squares_hi += high
            self.squares_lo += low
        if self.first is None or t < self.first:
            self.first = t
        if self.last is None or t >= self.last:
            self.last = t
        if facts.lat is not None and (self.located is None or t >= self.located):
            self.located, self.lat, self.lon = t, facts.lat, facts.lon
