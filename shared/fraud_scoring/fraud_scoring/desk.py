"""The desk of a scorer service: slots, the explaining thread, and the watch on the registry."""

import asyncio
import time
from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import asynccontextmanager, suppress
from functools import partial

import structlog

from fraud_scoring import telemetry
from fraud_scoring.folder import open_registry
from fraud_scoring.model import MAX_LISTED, Model, Scored, WrongFeatureSet
from fraud_scoring.problems import FeatureSetMismatch, ModelNotHosted, ModelNotLoaded
from fraud_scoring.registry import ModelRegistry
from fraud_scoring.scorer import Floats32, ScorerEngine
from fraud_scoring.settings import ScorerSettings
from fraud_scoring.shelf import Shelf
from fraud_scoring.slot import Slot, Swap
from fraud_shared.contracts.features import FeatureVector
from fraud_shared.contracts.signal import (
    Contribution,
    ScoreBatchRequest,
    ScoreRequest,
    Signal,
    SignalBatch,
)
from fraud_shared.mesh.clock import Clock, SystemClock
from fraud_shared.mesh.deadline import Deadline
from fraud_shared.web.call import Call
from fraud_shared.web.problems import DeadlineSpent

log = structlog.get_logger()
# Rows scored before other requests get a turn: about a millisecond of work.
_TURN = 64
# Explanations that may wait for the one thread; the next one is left out instead.
_WAITING = 16
# Milliseconds kept back from the deadline to build and send the reply.
_TAIL_MS = 1.0


class ScorerDesk:
    """Everything the routes need. `registry` replaces the configured one in tests."""

    def __init__(
        self,
        name: str,
        settings: ScorerSettings,
        engine: ScorerEngine,
        *,
        registry: ModelRegistry | None = None,
        clock: Clock | None = None,
    ) -> None:
        settings.require_keys()
        self.name = name
        self._settings = settings
        self._uri = settings.registry()
        self._registry = registry
        self._shelf: Shelf | None = None
        now = (clock or SystemClock()).now
        self.slots: Mapping[str, Slot] = {
            model: Slot(
                name,
                model,
                settings.aliases,
                engine,
                now=now,
                top_features=settings.top_features,
                limit_ms=settings.score_limit_ms,
            )
            for model in settings.models
        }
        self._default = settings.models[0]
        self._meters = {model: _Meters(name, model) for model in settings.models}
        self._explaining = 0
        self._explainer = ThreadPoolExecutor(1, f"{name}-explain")
        self._swapper = ThreadPoolExecutor(1, f"{name}-swap")

    @property
    def checks(self) -> Mapping[str, Callable[[], bool]]:
        """Ready once the default model is loaded and warm: it decides payments, and must
        not wait for another model that nobody has trained."""
        default = self.slots[self._default]
        return {f"model:{default.name}": partial(_loaded, default)}

    @asynccontextmanager
    async def running(self) -> AsyncIterator[None]:
        """Load what there is and keep watching the registry.

        A slow registry does not hold the start up for long: the service is live, and
        becomes ready later.
        """
        first = asyncio.Event()
        watch = asyncio.create_task(self._watch(first))
        try:
            with suppress(TimeoutError):
                async with asyncio.timeout(self._settings.start_wait_seconds):
                    await first.wait()
            yield
        finally:
            watch.cancel()
            with suppress(asyncio.CancelledError):
                await watch
            self._explainer.shutdown(wait=False, cancel_futures=True)
            self._swapper.shutdown(wait=False, cancel_futures=True)

    async def refresh(self, *, retry: bool = False) -> list[Swap]:
        """Bring every slot to what its alias names now, one after the other."""
        loop = asyncio.get_running_loop()
        return [
            await loop.run_in_executor(
                self._swapper, partial(slot.refresh, self._open_shelf, retry=retry)
            )
            for slot in self.slots.values()
        ]

    async def _watch(self, first: asyncio.Event) -> None:
        while True:
            try:
                await self.refresh()
            except Exception as error:
                log.error("watch_failed", exception=type(error).__name__)
            first.set()
            empty = self.slots[self._default].current is None
            settings = self._settings
            await asyncio.sleep(
                settings.poll_seconds if empty else settings.watch_seconds
            )

    def _open_shelf(self) -> Shelf:
        if self._shelf is None:
            settings = self._settings
            verifier = settings.verifier()
            registry = self._registry or open_registry(self._uri, verifier)
            folder = settings.var_dir / "cache" / "models" / self.name
            self._shelf = Shelf(registry, verifier, folder)
        return self._shelf

    async def score(self, request: ScoreRequest, call: Call) -> Signal:
        """Score one vector; explain it when its score reaches `explain_from`."""
        started = time.perf_counter()
        slot, model = self._model(request.model, call.deadline)
        rows = self._rows(model, (request.features,))
        scored = model.score(rows)[0]
        meters = self._meters[slot]
        meters.scored((scored,), time.perf_counter() - started)
        top: tuple[Contribution, ...] = ()
        detail = None
        if _wanted(request, scored):
            top, detail = await self._explain(model, rows[0], call.deadline, meters)
        elapsed_ms = (time.perf_counter() - started) * 1000
        return model.signal(scored, top, detail, elapsed_ms)

    async def score_batch(self, request: ScoreBatchRequest, call: Call) -> SignalBatch:
        """Score up to 1,000 vectors; other requests get turns in between."""
        signals: dict[int, Signal] = {}
        groups: dict[str | None, list[int]] = {}
        for i, row in enumerate(request.rows):
            groups.setdefault(row.model, []).append(i)
        for name, places in groups.items():
            slot, model = self._model(name, call.deadline)
            meters = self._meters[slot]
            rows = self._rows(model, [request.rows[i].features for i in places])
            for first in range(0, len(places), _TURN):
                started = time.perf_counter()
                turn = slice(first, first + _TURN)
                results = model.score(rows[turn])
                spent = time.perf_counter() - started
                meters.scored(results, spent)
                each_ms = spent * 1000 / len(results)
                for i, row, scored in zip(
                    places[turn], rows[turn], results, strict=True
                ):
                    top: tuple[Contribution, ...] = ()
                    detail = None
                    if _wanted(request.rows[i], scored):
                        top, detail = await self._explain(
                            model, row, call.deadline, meters
                        )
                    signals[i] = model.signal(scored, top, detail, each_ms)
                await asyncio.sleep(0)
        return SignalBatch(signals=tuple(signals[i] for i in range(len(request.rows))))

    async def explain(self, request: ScoreRequest, call: Call) -> Signal:
        """Score one vector and list its twenty strongest features, whatever its score."""
        started = time.perf_counter()
        slot, model = self._model(request.model, call.deadline)
        rows = self._rows(model, (request.features,))
        scored = model.score(rows)[0]
        top, detail = await self._explain(
            model, rows[0], call.deadline, self._meters[slot], most=MAX_LISTED
        )
        if detail is not None:
            raise DeadlineSpent
        return model.signal(scored, top, None, (time.perf_counter() - started) * 1000)

    def _model(self, name: str | None, deadline: Deadline) -> tuple[str, Model]:
        if deadline.expired:
            raise DeadlineSpent
        slot = self.slots.get(name or self._default)
        if slot is None:
            raise ModelNotHosted
        serving = slot.current
        if serving is None:
            raise ModelNotLoaded
        return slot.name, serving.model

    def _rows(self, model: Model, vectors: Sequence[FeatureVector]) -> Floats32:
        try:
            return model.rows(vectors)
        except WrongFeatureSet:
            raise FeatureSetMismatch from None

    async def _explain(
        self,
        model: Model,
        row: Floats32,
        deadline: Deadline,
        meters: "_Meters",
        *,
        most: int | None = None,
    ) -> tuple[tuple[Contribution, ...], str | None]:
        """Contributions, or why there are none: a score is never lost to its explanation.

        One thread of its own, since exact TreeSHAP takes milliseconds.
        """
        left = deadline.remaining_ms() - _TAIL_MS
        if self._explaining >= _WAITING or left <= 0:
            meters.explanation("skipped")
            return (), "EXPLANATION_SKIPPED"
        self._explaining += 1
        work = asyncio.get_running_loop().run_in_executor(
            self._explainer, partial(model.explain, row, most=most)
        )
        work.add_done_callback(self._explained)
        done, _ = await asyncio.wait((work,), timeout=left / 1000)
        if not done:
            work.cancel()
            meters.explanation("late")
            return (), "EXPLANATION_LATE"
        meters.explanation("done")
        return work.result(), None

    def _explained(self, _: object) -> None:
        self._explaining -= 1


def _loaded(slot: Slot) -> bool:
    return slot.current is not None


def _wanted(request: ScoreRequest, scored: Scored) -> bool:
    wanted, score = request.explain_from, scored.score
    return wanted is not None and score is not None and score >= wanted


class _Meters:
    """The instruments of one model, looked up once: a lookup costs more than a count."""

    def __init__(self, service: str, model: str) -> None:
        labels = (service, model)
        self._seconds = telemetry.INFERENCE.labels(*labels)
        self._scores = telemetry.SCORES.labels(*labels)
        self._scored = telemetry.OUTCOMES.labels(*labels, "scored")
        self._failed = telemetry.OUTCOMES.labels(*labels, "failed")
        self._odd = telemetry.OUT_OF_DISTRIBUTION.labels(*labels)
        self._explanations = {
            result: telemetry.EXPLANATIONS.labels(*labels, result)
            for result in ("done", "late", "skipped")
        }

    def scored(self, results: Sequence[Scored], seconds: float) -> None:
        """Record the rows of one turn."""
        self._seconds.observe(seconds)
        for result in results:
            if result.score is None:
                self._failed.inc()
                continue
            self._scored.inc()
            self._scores.observe(result.score)
            if result.ood:
                self._odd.inc()

    def explanation(self, result: str) -> None:
        """Record what became of an explanation."""
        self._explanations[result].inc()
