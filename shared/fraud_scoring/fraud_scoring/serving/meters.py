"""The instruments of one model, looked up once: a lookup costs more than a count."""

from collections.abc import Sequence

from fraud_scoring.serving import telemetry
from fraud_scoring.serving.model import Scored


class Meters:
    """Counts what one model of one service did."""

    def __init__(self, service: str, model: str) -> None:
        labels = (service, model)
        self._seconds = telemetry.INFERENCE.labels(*labels)
        self._scores = telemetry.SCORES.labels(*labels)
        self._scored = telemetry.OUTCOMES.labels(*labels, "scored")
        self._failed = telemetry.OUTCOMES.labels(*labels, "failed")
        self._odd = telemetry.OUT_OF_DISTRIBUTION.labels(*labels)
        self._explanations = {
            result: telemetry.EXPLANATIONS.labels(*labels, result)
            for result in ("done", "late", "skipped", "failed")
        }

    def scored(self, results: Sequence[Scored], seconds: float) -> int:
        """Record the rows of one turn; returns how many failed."""
        self._seconds.observe(seconds)
        failed = 0
        for result in results:
            if result.score is None:
                failed += 1
                continue
            self._scored.inc()
            self._scores.observe(result.score)
            if result.ood:
                self._odd.inc()
        if failed:
            self._failed.inc(failed)
        return failed

    def explanation(self, result: str) -> None:
        """Record what became of an explanation."""
        self._explanations[result].inc()
