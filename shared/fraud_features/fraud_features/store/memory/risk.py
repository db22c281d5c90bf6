"""Delayed-label risk in memory: when the labelled frauds of one entity were made."""

from bisect import bisect_left, bisect_right, insort
from typing import Final

from fraud_features.store.schema import RISK_RETENTION

NEVER: Final = -(1 << 62)


class Frauds:
    """Payments of one entity whose last label says fraud, by event time.

    `hole` is when the newest was made that is too old to be kept.
    """

    __slots__ = ("hole", "moments", "payments")

    def __init__(self) -> None:
        self.payments: dict[str, int] = {}
        self.moments: list[int] = []
        self.hole: int = NEVER

    def set(self, transaction_id: str, t: int, *, fraud: bool) -> None:
        """Count or no longer count a payment; repeating it changes nothing."""
        known = self.payments.get(transaction_id)
        if known is not None:
            del self.moments[bisect_left(self.moments, known)]
            del self.payments[transaction_id]
        if fraud:
            self.payments[transaction_id] = t
            insort(self.moments, t)
            self._trim(self.moments[-1] - RISK_RETENTION)

    def count(self, begin: int, end: int) -> int | None:
        """Frauds made in (begin, end]; None where that reaches back too far."""
        if begin < self.hole:
            return None
        return bisect_right(self.moments, end) - bisect_right(self.moments, begin)

    def newest(self) -> int:
        """When the newest of them was made."""
        return self.moments[-1] if self.moments else NEVER

    def _trim(self, upto: int) -> None:
        drop = bisect_right(self.moments, upto)
        if drop:
            self.hole = max(self.hole, self.moments[drop - 1])
            del self.moments[:drop]
            self.payments = {k: t for k, t in self.payments.items() if t > upto}
