"""Time per stage of one payment."""

import time
from functools import cache

from fraud_orchestrator.telemetry import STAGE_SECONDS


class Stopwatch:
    """Collects milliseconds by stage name; stages may overlap."""

    __slots__ = ("_started", "ms")

    def __init__(self) -> None:
        self._started = time.perf_counter()
        self.ms: dict[str, float] = {}

    def stage(self, name: str) -> "Stage":
        """Time what happens inside `with`, also when it raises."""
        return Stage(self.ms, name)

    def total_ms(self) -> float:
        """Milliseconds since the payment was parsed."""
        return round((time.perf_counter() - self._started) * 1000, 3)

    def observe(self) -> None:
        """Put every stage into the histogram: once, after the reply is made."""
        for name, ms in self.ms.items():
            _seconds(name).observe(ms / 1000)


# Of each stage, once: finding an instrument costs more than observing with it.
_seconds = cache(STAGE_SECONDS.labels)


class Stage:
    """One stage's stretch of time."""

    __slots__ = ("_ms", "_name", "_started")

    def __init__(self, ms: dict[str, float], name: str) -> None:
        self._ms = ms
        self._name = name
        self._started = 0.0

    def __enter__(self) -> None:
        self._started = time.perf_counter()

    def __exit__(self, *_: object) -> None:
        self._ms[self._name] = round((time.perf_counter() - self._started) * 1000, 3)
