"""A circuit breaker: a pure state machine with an injected monotonic clock.

Opens on 5 consecutive failures, or on at least half of at least 20 calls in 2 s; stays
open 250 ms, doubling to 1 s; then lets one probe through at a time.
"""

from collections import deque
from collections.abc import Callable
from typing import Literal

State = Literal["closed", "open", "half_open"]


class Breaker:
    """Protects one dependency. Count timeouts, connection errors and 5xx; never 4xx."""

    CONSECUTIVE = 5
    WINDOW_S = 2.0
    WINDOW_CALLS = 20
    FIRST_OPEN_S = 0.25
    # A service that is back is asked within this time: recovery is promised in 2 s.
    LONGEST_OPEN_S = 1.0

    def __init__(self, monotonic: Callable[[], float]) -> None:
        self._monotonic = monotonic
        self._recent: deque[tuple[float, bool]] = deque()
        self._failed = 0
        self._in_a_row = 0
        self._open_for = self.FIRST_OPEN_S
        self._opened_at: float | None = None
        self._probing_since: float | None = None

    @property
    def state(self) -> State:
        """closed: calls pass; open: calls are refused; half_open: one probe may pass."""
        if self._opened_at is None:
            return "closed"
        waited = self._monotonic() - self._opened_at
        return "half_open" if waited >= self._open_for else "open"

    def allow(self) -> bool:
        """May a call be made now? In half-open state only one caller gets a yes."""
        if self._opened_at is None:
            return True
        if self.state == "open":
            return False
        now = self._monotonic()
        # One probe at a time, or every waiter would knock a recovering service over.
        # A probe whose caller vanished must not keep the breaker open for ever.
        if (
            self._probing_since is not None
            and now - self._probing_since < self.WINDOW_S
        ):
            return False
        self._probing_since = now
        return True

    def succeeded(self) -> None:
        """A call was answered."""
        self._in_a_row = 0
        if self._opened_at is not None:
            if self._probing_since is None:
                return  # it began before the breaker opened, and proves nothing now
            self._opened_at = self._probing_since = None
            self._open_for = self.FIRST_OPEN_S
            self._recent.clear()
            self._failed = 0
            return
        self._note(failed=False)

    def failed(self) -> None:
        """A call timed out, could not connect, or was answered with 5xx."""
        now = self._monotonic()
        if self._opened_at is not None:
            if self._probing_since is not None:
                self._open_for = min(self._open_for * 2, self.LONGEST_OPEN_S)
                self._opened_at, self._probing_since = now, None
            return
        self._in_a_row += 1
        self._note(failed=True)
        calls = len(self._recent)
        half_failed = calls >= self.WINDOW_CALLS and self._failed * 2 >= calls
        if self._in_a_row >= self.CONSECUTIVE or half_failed:
            self._opened_at, self._in_a_row = now, 0

    def abandoned(self) -> None:
        """The probe's caller left before an answer: the next caller may probe."""
        self._probing_since = None

    def _note(self, *, failed: bool) -> None:
        now = self._monotonic()
        self._recent.append((now, failed))
        self._failed += failed
        while self._recent and now - self._recent[0][0] > self.WINDOW_S:
            self._failed -= self._recent.popleft()[1]
