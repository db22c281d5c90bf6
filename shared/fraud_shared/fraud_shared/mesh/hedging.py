"""When a call is sent a second time, and how often that may happen.

Dean and Barroso, "The Tail at Scale": after the time that 95 of 100 calls take, a second
request costs little and cuts the tail. The budget bounds the extra load for the case that
everything is slow, when a second request would only make it slower.
"""


class HedgeDelay:
    """Follows the 95th percentile of answer times, in milliseconds."""

    FIRST_MS = 10.0
    LEAST_MS = 3.0
    MOST_MS = 40.0
    QUANTILE = 0.95
    _STEP = 0.05

    def __init__(self) -> None:
        self._ms = self.FIRST_MS

    def answered(self, ms: float) -> None:
        """A call was answered after `ms`."""
        # Rises and falls balance where 5 of 100 answers are slower.
        slower = ms > self._ms
        change = self.QUANTILE if slower else self.QUANTILE - 1.0
        moved = self._ms * (1.0 + self._STEP * change)
        self._ms = min(max(moved, self.LEAST_MS), self.MOST_MS)

    def ms(self, remaining_ms: float = MOST_MS * 2) -> float:
        """How long to wait before a second address is asked; at most half of what is
        left, so that the second has as long as the first had."""
        return min(self._ms, remaining_ms / 2)


class RetryBudget:
    """A token bucket of second attempts: each call adds a tenth, up to `MOST`. Hedges and
    retries of one dependency share it, so that together they add a tenth to its load."""

    PER_CALL = 0.1
    MOST = 20.0

    def __init__(self) -> None:
        self._tokens = self.MOST

    def called(self) -> None:
        """A call was made."""
        self._tokens = min(self._tokens + self.PER_CALL, self.MOST)

    def take(self) -> bool:
        """Whether one more is within the budget; takes it if so."""
        # Ten additions of 0.1 are a little less than 1.
        if self._tokens < 1.0 - 1e-9:
            return False
        self._tokens -= 1.0
        return True
