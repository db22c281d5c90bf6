"""Exact sliding windows in memory: an event log, a running maximum, and a seen set.

Sorted lists and bisection: an event in order costs an append, and a window two searches
in C, whether it holds 100 events or 100,000. Windows are (t - length, t].
"""

from bisect import bisect_left, bisect_right, insort
from collections.abc import Sequence

_NEVER = -(1 << 62)


class Log:
    """Events of one entity in order of event time; ties in order of arrival."""

    __slots__ = ("before", "hole", "moments", "retention", "total", "trim_at")

    def __init__(self, retention: int) -> None:
        self.moments: list[int] = []
        # Sum of the amounts before each event, so that a window's sum is one subtraction.
        self.before: list[int] = []
        self.total = 0
        self.retention = retention
        # Newest event that the cap has dropped.
        self.hole = _NEVER
        self.trim_at = 256

    def newest(self) -> int:
        """Event time of the newest event, or a moment before all others."""
        return self.moments[-1] if self.moments else _NEVER

    def add(self, t: int, amount: int, cap: int) -> None:
        """Insert an event in its place; one older than the retention is left out."""
        moments, before = self.moments, self.before
        if not moments or t >= moments[-1]:
            moments.append(t)
            before.append(self.total)
        else:
            if t <= moments[-1] - self.retention:
                return
            place = bisect_right(moments, t)
            moments.insert(place, t)
            before.insert(place, before[place])
            before[place + 1 :] = [sum_ + amount for sum_ in before[place + 1 :]]
        self.total += amount
        if len(moments) > cap or len(moments) > self.trim_at:
            self._trim(cap)

    def _trim(self, cap: int) -> None:
        moments = self.moments
        drop = bisect_right(moments, moments[-1] - self.retention)
        if len(moments) - drop > cap:
            drop = len(moments) - cap
            self.hole = max(self.hole, moments[drop - 1])
        del moments[:drop], self.before[:drop]
        self.trim_at = max(256, 2 * len(moments))

    def read(self, t: int, lengths: Sequence[int], out: list[int | None]) -> None:
        """Append count and sum of each window that ends at t; longest window first."""
        moments, before = self.moments, self.before
        size = len(moments)
        if not size:
            out += (0, 0) * len(lengths)
            return
        newest = moments[-1]
        if newest <= t:
            end, upto = size, self.total
        else:
            end = bisect_right(moments, t)
            upto = before[end]
        known_from = newest - self.retention
        known_from = max(known_from, self.hole)
        start = 0
        for length in lengths:
            begin = t - length
            if begin < known_from:
                out += (None, None)
                continue
            start = bisect_right(moments, begin, start, end)
            out.append(end - start)
            out.append(upto - before[start] if start < end else 0)


class Peaks:
    """Maxima of sliding windows: only events that no later one reaches are kept."""

    __slots__ = ("amounts", "moments")

    def __init__(self) -> None:
        self.moments: list[int] = []
        self.amounts: list[int] = []

    def add(self, t: int, amount: int) -> None:
        """Insert an event; one that a later event reaches can never be a maximum again."""
        moments, amounts = self.moments, self.amounts
        place = bisect_right(moments, t)
        if place < len(moments) and amounts[place] >= amount:
            return
        first = place
        while first and amounts[first - 1] <= amount:
            first -= 1
        moments[first:place] = [t]
        amounts[first:place] = [amount]

    def read(self, t: int, length: int) -> int:
        """Largest amount in (t - length, t], for t no earlier than any event."""
        place = bisect_right(self.moments, t - length)
        return self.amounts[place] if place < len(self.moments) else 0

    def trim(self, upto: int) -> None:
        """Forget events at or before a moment that no window can reach."""
        drop = bisect_right(self.moments, upto)
        del self.moments[:drop], self.amounts[:drop]


class SeenSet:
    """When each value was last seen; holds the `cap` most recently seen ones."""

    __slots__ = ("hole", "last", "order")

    def __init__(self) -> None:
        self.last: dict[str, int] = {}
        self.order: list[tuple[int, str]] = []
        # Newest moment at which a value that the cap has dropped was seen.
        self.hole = _NEVER

    def touch(self, value: str, t: int, cap: int) -> bool:
        """Note that the value was seen at t; says whether it was known before."""
        seen = self.last.get(value)
        if seen is not None:
            if seen < t:
                del self.order[bisect_left(self.order, (seen, value))]
                self.last[value] = t
                insort(self.order, (t, value))
            return True
        self.last[value] = t
        insort(self.order, (t, value))
        if len(self.order) > cap:
            moment, oldest = self.order.pop(0)
            del self.last[oldest]
            self.hole = max(self.hole, moment)
        return False

    def rename(self, value: str, other: str) -> None:
        """Let a value have been another all along."""
        seen = self.last.pop(value, None)
        if seen is not None:
            self.order.remove((seen, value))
            self.last[other] = seen
            insort(self.order, (seen, other))

    def distinct(self, t: int, length: int) -> int | None:
        """Values seen in (t - length, t], for t no earlier than any event of the owner."""
        begin = t - length
        if begin < self.hole:
            return None
        return len(self.order) - bisect_left(self.order, (begin + 1,))
