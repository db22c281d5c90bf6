"""The desk of a scorer service: one request in, one signal out."""

import asyncio
import math
import time
from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from contextlib import asynccontextmanager
from functools import partial
from typing import Any

import structlog

from fraud_scoring.registry.port import ModelRegistry
from fraud_scoring.serving import named
from fraud_scoring.serving.explainer import Explainer
from fraud_scoring.serving.invocations import Invocation, Invoked
from fraud_scoring.serving.manager import ModelManager
from fraud_scoring.serving.meters import Meters
from fraud_scoring.serving.model import MAX_LISTED, Model, Scored, WrongFeatureSet
from fraud_scoring.serving.named import NamedRequest, NamedScore
from fraud_scoring.serving.problems import (
    FeatureSetMismatch,
    ModelNotHosted,
    ModelNotLoaded,
    NoScore,
)
from fraud_scoring.serving.sandbox import ModelCheck
from fraud_scoring.serving.schema import InstanceProblems
from fraud_scoring.serving.scorer import Floats32, ScorerEngine
from fraud_scoring.serving.settings import ScorerSettings
from fraud_scoring.serving.slot import ModelSlot, ServedModel, Swap
from fraud_shared.contracts.features import FeatureVector
from fraud_shared.contracts.predict import PredictReply, PredictRequest
from fraud_shared.contracts.signal import (
    Contribution,
    ScoreBatchRequest,
    ScoreRequest,
    Signal,
    SignalBatch,
)
from fraud_shared.mesh.clock import Clock, SystemClock
from fraud_shared.mesh.deadline import Deadline
from fraud_shared.web.context import RequestContext
from fraud_shared.web.problems import DeadlineSpent, InvalidInput, field_name

log = structlog.get_logger()
# Rows scored before other requests get a turn: about a millisecond of work.
_TURN = 64
_FAILED = Scored(math.nan, None, ())


class ScorerService:
    """Everything the routes need. `registry`, `trial` and `clock` replace the configured
    ones in tests."""

    def __init__(
        self,
        name: str,
        settings: ScorerSettings,
        engine: ScorerEngine,
        *,
        registry: ModelRegistry | None = None,
        trial: ModelCheck | None = None,
        clock: Clock | None = None,
    ) -> None:
        self.name = name
        now = (clock or SystemClock()).now
        self._manager = ModelManager(
            name, settings, engine, registry=registry, trial=trial, now=now
        )
        self.slots: Mapping[str, ModelSlot] = self._manager.slots
        self._default = settings.models[0]
        self._slow_s = settings.score_limit_ms / 1000
        self._meters = {model: Meters(name, model) for model in settings.models}
        self._explainer = Explainer(name)

    @property
    def checks(self) -> Mapping[str, Callable[[], bool]]:
        """Ready once the default model is loaded and warm: it decides payments, and must
        not wait for another model that nobody has trained."""
        default = self.slots[self._default]
        return {f"model:{default.name}": partial(_loaded, default)}

    def facts(self) -> Mapping[str, Any]:
        """What the probes say of the default model."""
        serving = self.slots[self._default].current
        if serving is None:
            return {
                "model_loaded": False,
                "model_version": None,
                "calibration_version": None,
            }
        return {
            "model_loaded": True,
            "model_version": serving.model.ref.version,
            "calibration_version": named.calibration_version(serving.model),
        }

    @asynccontextmanager
    async def running(self) -> AsyncIterator[None]:
        """Models are loaded and watched while inside."""
        try:
            async with self._manager.running():
                yield
        finally:
            self._explainer.close()

    async def refresh(
        self, names: Sequence[str] | None = None, *, retry: bool = False
    ) -> list[Swap]:
        """Bring the slots to what their aliases name now."""
        return await self._manager.refresh(names, retry=retry)

    async def score(self, request: ScoreRequest, context: RequestContext) -> Signal:
        """Score one vector; explain it when its score reaches `explain_from`."""
        started = time.perf_counter()
        slot, serving = self._serving(request.model, context.deadline)
        model = serving.model
        rows = self._rows(model, (request.features,))
        scored = self._scored(slot, serving, rows)[0]
        top: tuple[Contribution, ...] = ()
        detail = None
        if _wanted(request, scored):
            top, detail = await self._explain(slot, serving, rows[0], context.deadline)
        elapsed_ms = (time.perf_counter() - started) * 1000
        return model.signal(scored, top, detail, elapsed_ms)

    async def score_batch(
        self, request: ScoreBatchRequest, context: RequestContext
    ) -> SignalBatch:
        """Score up to 1,000 vectors; other requests get turns in between."""
        signals: dict[int, Signal] = {}
        groups: dict[str | None, list[int]] = {}
        for i, row in enumerate(request.rows):
            groups.setdefault(row.model, []).append(i)
        for name, places in groups.items():
            slot, serving = self._serving(name, context.deadline)
            model = serving.model
            rows = self._rows(model, [request.rows[i].features for i in places])
            started = time.perf_counter()
            results = await self._in_turns(slot, serving, rows)
            each_ms = (time.perf_counter() - started) * 1000 / len(results)
            for i, row, scored in zip(places, rows, results, strict=True):
                top: tuple[Contribution, ...] = ()
                detail = None
                if _wanted(request.rows[i], scored):
                    top, detail = await self._explain(
                        slot, serving, row, context.deadline
                    )
                signals[i] = model.signal(scored, top, detail, each_ms)
        return SignalBatch(signals=tuple(signals[i] for i in range(len(request.rows))))

    async def explain(self, request: ScoreRequest, context: RequestContext) -> Signal:
        """Score one vector and list its twenty strongest features, whatever its score."""
        started = time.perf_counter()
        slot, serving = self._serving(request.model, context.deadline)
        rows = self._rows(serving.model, (request.features,))
        scored = self._scored(slot, serving, rows)[0]
        top, detail = await self._explain(
            slot, serving, rows[0], context.deadline, most=MAX_LISTED
        )
        if detail is not None:
            raise DeadlineSpent
        elapsed_ms = (time.perf_counter() - started) * 1000
        return serving.model.signal(scored, top, None, elapsed_ms)

    async def predict(
        self, request: PredictRequest, context: RequestContext
    ) -> PredictReply:
        """Score rows of named features with one model.

        The features are those of the model's own registry: each must be there, null where
        unknown. 422 names every field that is not as that registry says.
        """
        slot, serving = self._serving(request.model, context.deadline)
        model = serving.model
        try:
            rows = model.schema.rows(request.instances)
        except InstanceProblems as problems:
            raise InvalidInput(
                errors=[
                    (field_name(("instances", number, *place)), problem)
                    for number, place, problem in problems.errors
                ]
            ) from None
        results = await self._in_turns(slot, serving, rows)
        return PredictReply(
            model=model.ref,
            predictions=[named.prediction(model, scored) for scored in results],
        )

    async def invoke(self, request: Invocation, context: RequestContext) -> Invoked:
        """Score rows as clients of MLflow's scoring server send them, with the default
        model or the one that `params.model` names."""
        try:
            rows = request.rows()
        except ValueError:
            problem = "a row or column is longer than another"
            raise InvalidInput(errors=[("rows", problem)]) from None
        model = (request.params or {}).get("model") or self._default
        asked = PredictRequest.model_construct(model=model, instances=rows)
        reply = await self.predict(asked, context)
        return Invoked(predictions=[one.score for one in reply.predictions])

    async def score_named(
        self, request: NamedRequest, context: RequestContext
    ) -> NamedScore:
        """Score one row given as values and names, with its three strongest features."""
        started = time.perf_counter()
        slot, serving = self._named(request, context.deadline)
        model = serving.model
        try:
            rows = model.schema.rows([request.instance])
        except InstanceProblems as problems:
            raise InvalidInput(
                errors=[
                    (field_name(("features", *place)), problem)
                    for _, place, problem in problems.errors
                ]
            ) from None
        scored = self._scored(slot, serving, rows)[0]
        if scored.score is None:
            raise NoScore
        top, _ = await self._explain(
            slot, serving, rows[0], context.deadline, most=named.TOP
        )
        return NamedScore(
            request_id=request.request_id,
            confidence_score=scored.score,
            top_features=named.top_features(model, top),
            model_version=model.ref.version,
            model_hash=model.ref.hash,
            calibration_version=named.calibration_version(model),
            inference_time_ms=round((time.perf_counter() - started) * 1000),
        )

    def _named(
        self, request: NamedRequest, deadline: Deadline
    ) -> tuple[ModelSlot, ServedModel]:
        mistakes = request.mistakes()
        if mistakes:
            raise InvalidInput(errors=mistakes)
        if request.model is not None:
            return self._serving(request.model, deadline)
        loaded = [s.current.model for s in self.slots.values() if s.current is not None]
        model = named.closest(loaded, request.feature_names)
        return self._serving(None if model is None else model.ref.name, deadline)

    def _serving(
        self, name: str | None, deadline: Deadline
    ) -> tuple[ModelSlot, ServedModel]:
        if deadline.expired:
            raise DeadlineSpent
        slot = self.slots.get(name or self._default)
        if slot is None:
            raise ModelNotHosted
        serving = slot.current
        if serving is None:
            raise ModelNotLoaded
        return slot, serving

    def _rows(self, model: Model, vectors: Sequence[FeatureVector]) -> Floats32:
        try:
            return model.rows(vectors)
        except WrongFeatureSet:
            raise FeatureSetMismatch from None

    async def _in_turns(
        self, slot: ModelSlot, serving: ServedModel, rows: Floats32
    ) -> list[Scored]:
        results = self._scored(slot, serving, rows[:_TURN])
        for first in range(_TURN, len(rows), _TURN):
            await asyncio.sleep(0)
            results += self._scored(slot, serving, rows[first : first + _TURN])
        return results

    def _scored(
        self, slot: ModelSlot, serving: ServedModel, rows: Floats32
    ) -> list[Scored]:
        """Score rows. What the model cannot score is a failed row, never an exception;
        and it counts against a new version."""
        started = time.perf_counter()
        try:
            results = serving.model.score(rows)
        except Exception as error:
            log.error("scoring_failed", model=slot.name, exception=type(error).__name__)
            results = [_FAILED] * len(rows)
        spent = time.perf_counter() - started
        failed = self._meters[slot.name].scored(results, spent)
        late = len(rows) if spent > self._slow_s * len(rows) else 0
        self._manager.served(slot, serving, len(rows), failed=failed, degraded=late)
        return results

    async def _explain(
        self,
        slot: ModelSlot,
        serving: ServedModel,
        row: Floats32,
        deadline: Deadline,
        *,
        most: int | None = None,
    ) -> tuple[tuple[Contribution, ...], str | None]:
        top, detail = await self._explainer.explain(
            serving.model, row, deadline, self._meters[slot.name], most=most
        )
        if detail == "EXPLANATION_FAILED":
            # No row of its own: the row was counted when it was scored.
            self._manager.served(slot, serving, 0, failed=0, degraded=1)
        return top, detail


def _loaded(slot: ModelSlot) -> bool:
    return slot.current is not None


def _wanted(request: ScoreRequest, scored: Scored) -> bool:
    wanted, score = request.explain_from, scored.score
    return wanted is not None and score is not None and score >= wanted
