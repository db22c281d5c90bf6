"""Explanations on one thread of their own, since exact TreeSHAP takes milliseconds."""

import asyncio
from concurrent.futures import ThreadPoolExecutor
from functools import partial

import structlog

from fraud_scoring.serving.meters import Meters
from fraud_scoring.serving.model import Model
from fraud_scoring.serving.scorer import Floats32
from fraud_shared.contracts.signal import Contribution
from fraud_shared.mesh.deadline import Deadline

log = structlog.get_logger()
# Explanations that may wait for the one thread; the next one is left out instead.
_WAITING = 16
# Milliseconds kept back from the deadline to build and send the reply.
_TAIL_MS = 1.0


class Explainer:
    """Explains rows, or says why not: a score is never lost to its explanation."""

    def __init__(self, service: str) -> None:
        self._thread = ThreadPoolExecutor(1, f"{service}-explain")
        self._waiting = 0

    async def explain(
        self,
        model: Model,
        row: Floats32,
        deadline: Deadline,
        meters: Meters,
        *,
        most: int | None = None,
    ) -> tuple[tuple[Contribution, ...], str | None]:
        """Contributions, or the code of why there are none."""
        left = deadline.remaining_ms() - _TAIL_MS
        if self._waiting >= _WAITING or left <= 0:
            meters.explanation("skipped")
            return (), "EXPLANATION_SKIPPED"
        self._waiting += 1
        work = asyncio.get_running_loop().run_in_executor(
            self._thread, partial(model.explain, row, most=most)
        )
        work.add_done_callback(self._done)
        done, _ = await asyncio.wait((work,), timeout=left / 1000)
        if not done:
            work.cancel()
            meters.explanation("late")
            return (), "EXPLANATION_LATE"
        error = work.exception()
        if error is not None:
            log.error("explaining_failed", exception=type(error).__name__)
            meters.explanation("failed")
            return (), "EXPLANATION_FAILED"
        meters.explanation("done")
        return work.result(), None

    def close(self) -> None:
        """Drop what waits."""
        self._thread.shutdown(wait=False, cancel_futures=True)

    def _done(self, _: object) -> None:
        self._waiting -= 1
