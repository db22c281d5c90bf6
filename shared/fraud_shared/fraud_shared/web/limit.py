"""How many requests may be under way at once, learned from how long they take.

A pure core with an injected clock. The measure is the share of its time that a request
used, from when its last byte had arrived: what waited, for the event loop or for the
processors, is in it. By Little's law that share grows in proportion to what is under way
once a machine is busy, so the limit that brings it to the target is one multiplication
away (the gradient of Netflix's concurrency-limits, with a fixed target in place of the
smallest latency seen: the budget of a payment is known).
"""

from collections.abc import Callable


class AdaptiveLimit:
    """Follows `target`: the share of their time that nine of ten requests may use.

    `first`, `least` and `most` are numbers of requests.
    """

    WINDOW_S = 0.2
    SAMPLES = 20
    QUANTILE = 0.9
    # Down at once, up with care: too many late costs verdicts, too few only throughput.
    SHRINK = 0.7
    GROW = 1.1

    def __init__(
        self,
        *,
        first: int,
        least: int,
        most: int,
        target: float,
        monotonic: Callable[[], float],
    ) -> None:
        self._least = min(least, most)
        self._most = float(most)
        self._target = target
        self._monotonic = monotonic
        self._limit = float(max(self._least, min(first, most)))
        self._shares: list[float] = []
        self._peak = 0
        self._began = monotonic()

    @property
    def places(self) -> int:
        """How many may be under way."""
        return int(self._limit)

    def admits(self, busy: int, *, own: int, clients: int) -> bool:
        """Whether one more may begin while `busy` are under way, `own` of them of its
        client, and `clients` of them have some under way, this one included.

        A client below its equal part is always taken, and who has more waits for it: one
        client's flood fills no other's places. So at most twice the limit are under way.
        """
        places = self.places
        if busy < places or own < places // clients:
            self._peak = max(self._peak, busy + 1)
            return True
        self._peak = max(self._peak, places)
        return False

    def finished(self, share: float) -> None:
        """A request ended after `share` of its time (above 1: too late)."""
        self._shares.append(share)
        now = self._monotonic()
        if len(self._shares) >= self.SAMPLES and now - self._began >= self.WINDOW_S:
            self._adjust()
            self._shares, self._peak, self._began = [], 0, now

    def _adjust(self) -> None:
        shares = sorted(self._shares)
        used = shares[int(len(shares) * self.QUANTILE)]
        ratio = self._target / max(used, 1e-9)
        if ratio < 1.0:
            # From what was under way: a limit that nobody reached says nothing.
            reached = min(self._limit, float(self._peak))
            smaller = reached * max(ratio, self.SHRINK)
            self._limit = max(float(self._least), min(self._limit, smaller))
        elif self._peak >= self.places:
            step = max(1.0, self._limit * (min(ratio, self.GROW) - 1.0))
            self._limit = min(self._most, self._limit + step)
