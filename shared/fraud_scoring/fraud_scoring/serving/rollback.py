"""The watch over a new version: how many of its latest rows failed, or were late.

Pure: seconds come in as figures. Rows are counted by whole seconds in a sliding window.
"""

from collections import deque
from dataclasses import dataclass

FAILING, DEGRADED = "error-rate", "degraded-rate"


@dataclass(frozen=True, slots=True)
class RollbackLimits:
    """When a new version has to go. Rates are shares of the rows of the last `window_s`
    seconds, and mean nothing below `least` rows."""

    window_s: float = 60.0
    least: int = 100
    failed: float = 0.01
    degraded: float = 0.2


class RollbackMonitor:
    """Counts the rows of one version. Not safe for several threads."""

    def __init__(self, limits: RollbackLimits) -> None:
        self._limits = limits
        self._seconds: deque[list[int]] = deque()
        self._rows = self._failed = self._degraded = 0

    def record(
        self, now: float, rows: int, *, failed: int = 0, degraded: int = 0
    ) -> str | None:
        """Count rows, of which so many failed and so many were degraded; says why the
        version has to go (`error-rate`, `degraded-rate`), or None. `now` never falls."""
        second = int(now)
        if not self._seconds or self._seconds[-1][0] != second:
            self._seconds.append([second, 0, 0, 0])
            self._forget(second)
        bucket = self._seconds[-1]
        bucket[1] += rows
        bucket[2] += failed
        bucket[3] += degraded
        self._rows += rows
        self._failed += failed
        self._degraded += degraded
        return self._breach() if failed or degraded else None

    def _breach(self) -> str | None:
        limits = self._limits
        if self._rows < limits.least:
            return None
        if self._failed > limits.failed * self._rows:
            return FAILING
        if self._degraded > limits.degraded * self._rows:
            return DEGRADED
        return None

    def _forget(self, second: int) -> None:
        while self._seconds[0][0] <= second - self._limits.window_s:
            _, rows, failed, degraded = self._seconds.popleft()
            self._rows -= rows
            self._failed -= failed
            self._degraded -= degraded
