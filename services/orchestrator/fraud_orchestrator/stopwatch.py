"""Time per stage of one payment."""

import time
from collections.abc import Iterator
from contextlib import contextmanager

from fraud_orchestrator.telemetry import STAGE_SECONDS


class Stopwatch:
    """Collects milliseconds by stage name; stages may overlap."""

    def __init__(self) -> None:
        self._started = time.perf_counter()
        self.ms: dict[str, float] = {}

    @contextmanager
    def stage(self, name: str) -> Iterator[None]:
        """Time what happens inside, also when it raises."""
        started = time.perf_counter()
        try:
            yield
        finally:
            elapsed = time.perf_counter() - started
            self.ms[name] = round(elapsed * 1000, 3)
            STAGE_SECONDS.labels(name).observe(elapsed)

    def total_ms(self) -> float:
        """Milliseconds since the payment was parsed."""
        return round((time.perf_counter() - self._started) * 1000, 3)
