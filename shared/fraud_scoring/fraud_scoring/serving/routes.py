"""Routes of a scorer service: thin, and the same for every kind of model."""

from collections.abc import Sequence
from datetime import datetime
from typing import Annotated, Any

import structlog
from fastapi import APIRouter, Depends
from pydantic import BaseModel, ConfigDict, Field, ValidationError

from fraud_scoring.artifacts.metadata import Metadata
from fraud_scoring.serving.invocations import Invocation, Invoked
from fraud_scoring.serving.named import (
    NamedRequest,
    NamedScore,
    calibration_version,
)
from fraud_scoring.serving.service import ScorerService
from fraud_scoring.serving.settings import ScorerSettings
from fraud_scoring.serving.slot import ModelSlot, ServedModel, Swap, SwapStatus
from fraud_shared.contracts.events import MODEL_PROMOTED, CloudEvent, ModelPromoted
from fraud_shared.contracts.predict import PredictReply, PredictRequest, fast_parse
from fraud_shared.contracts.signal import (
    ModelRef,
    ScoreBatchRequest,
    ScoreRequest,
    Signal,
    SignalBatch,
)
from fraud_shared.state.bus import EventHandler
from fraud_shared.state.consumer import events_route
from fraud_shared.web.context import RequestContext
from fraud_shared.web.guard import require_service
from fraud_shared.web.problems import InvalidInput
from fraud_shared.web.service import HotRoute

log = structlog.get_logger()


class ServingInfo(BaseModel):
    """A loaded model, described by its own artefact. `instance` is the JSON Schema of one
    row of `POST /v1/predict`."""

    model_config = ConfigDict(frozen=True)

    ref: ModelRef
    alias: str
    serving_since: datetime
    metadata: Metadata
    calibration_version: str
    instance: dict[str, Any]
    model_card: str


class SlotInfo(BaseModel):
    """One hosted model; `current` is null until one is loaded, `problem` says why not."""

    model_config = ConfigDict(frozen=True)

    name: str
    current: ServingInfo | None
    previous: ModelRef | None
    problem: str | None


class ModelInfo(BaseModel):
    """The reply of `GET /v1/model`: the default model first."""

    model_config = ConfigDict(frozen=True)

    service: str
    models: list[SlotInfo]


class SwapInfo(BaseModel):
    """What a refresh did to one model."""

    model_config = ConfigDict(frozen=True)

    model: str
    status: SwapStatus
    before: ModelRef | None
    after: ModelRef | None
    problem: str | None


class RefreshReply(BaseModel):
    """The reply of `POST /v1/refresh`, one result per hosted model."""

    model_config = ConfigDict(frozen=True)

    service: str
    results: list[SwapInfo]


# Tried in this order: a vector, which decides payments, is recognised at once.
Scorable = Annotated[ScoreRequest | NamedRequest, Field(union_mode="left_to_right")]
Batch = Annotated[
    ScoreBatchRequest
    | Annotated[list[NamedRequest], Field(min_length=1, max_length=1000)],
    Field(union_mode="left_to_right"),
]


def hot(
    service: ScorerService, settings: ScorerSettings, *, named_rows: bool
) -> Sequence[HotRoute]:
    """The routes on the payment's path; with `named_rows`, `/score` and `/score_batch`
    also take rows as values and names."""
    scoring = (
        _named_scoring(service, settings) if named_rows else _scoring(service, settings)
    )
    return (
        *scoring,
        HotRoute(
            "/explain",
            ScoreRequest,
            Signal,
            service.explain,
            operation_id="explainVector",
            summary="Score one feature vector and explain it",
            tags=("scoring",),
        ),
        HotRoute(
            "/v1/predict",
            PredictRequest,
            PredictReply,
            service.predict,
            operation_id="predictRows",
            summary="Score up to 1,000 rows of named features",
            fast_parse=fast_parse,
            max_body_bytes=settings.max_batch_bytes,
            tags=("scoring",),
        ),
        HotRoute(
            "/invocations",
            Invocation,
            Invoked,
            service.invoke,
            operation_id="invocations",
            summary="Score rows as clients of MLflow send them",
            max_body_bytes=settings.max_batch_bytes,
            tags=("scoring",),
        ),
        events_route(promotions(service)),
    )


def _scoring(
    service: ScorerService, settings: ScorerSettings
) -> tuple[HotRoute, HotRoute]:
    return (
        HotRoute(
            "/score",
            ScoreRequest,
            Signal,
            service.score,
            operation_id="scoreVector",
            summary="Score one feature vector",
            tags=("scoring",),
        ),
        HotRoute(
            "/score_batch",
            ScoreBatchRequest,
            SignalBatch,
            service.score_batch,
            operation_id="scoreVectors",
            summary="Score up to 1,000 feature vectors",
            max_body_bytes=settings.max_batch_bytes,
            tags=("scoring",),
        ),
    )


def _named_scoring(
    service: ScorerService, settings: ScorerSettings
) -> tuple[HotRoute, HotRoute]:
    async def score(
        request: ScoreRequest | NamedRequest, context: RequestContext
    ) -> Signal | NamedScore:
        """Score one row: a feature vector, or `{features, feature_names, request_id}`."""
        if isinstance(request, ScoreRequest):
            return await service.score(request, context)
        return await service.score_named(request, context)

    async def score_batch(
        request: ScoreBatchRequest | list[NamedRequest], context: RequestContext
    ) -> SignalBatch | list[NamedScore]:
        """Score up to 1,000 rows, in either form."""
        if isinstance(request, ScoreBatchRequest):
            return await service.score_batch(request, context)
        scored = []
        for number, row in enumerate(request):
            try:
                scored.append(await service.score_named(row, context))
            except InvalidInput as wrong:
                errors = [(f"{number}.{field}", text) for field, text in wrong.errors]
                raise InvalidInput(errors=errors) from None
        return scored

    return (
        HotRoute(
            "/score",
            Scorable,
            Signal | NamedScore,
            score,
            operation_id="scoreVector",
            summary="Score one row",
            tags=("scoring",),
        ),
        HotRoute(
            "/score_batch",
            Batch,
            SignalBatch | list[NamedScore],
            score_batch,
            operation_id="scoreVectors",
            summary="Score up to 1,000 rows",
            max_body_bytes=settings.max_batch_bytes,
            tags=("scoring",),
        ),
    )


def promotions(service: ScorerService) -> EventHandler:
    """Handles `fraud.model.promoted.v1`: serve what the alias names now. The event only
    says when to look; what is served comes from the signed registry."""

    async def handle(events: Sequence[CloudEvent]) -> None:
        names = set()
        for event in events:
            if event.type == MODEL_PROMOTED:
                try:
                    names.add(ModelPromoted.model_validate(event.data).name)
                except ValidationError:
                    log.warning("event_unreadable", event=event.id)
        hosted = sorted(names & service.slots.keys())
        if hosted:
            await service.refresh(hosted)

    return handle


def router(service: ScorerService) -> APIRouter:
    """What is served and how to change it."""
    routes = APIRouter(
        prefix="/v1", tags=["models"], dependencies=[Depends(require_service)]
    )

    @routes.get("/model", operation_id="describeModels", summary="What is served")
    async def describe() -> ModelInfo:
        return ModelInfo(
            service=service.name,
            models=[_slot(slot) for slot in service.slots.values()],
        )

    @routes.post(
        "/refresh", operation_id="refreshModels", summary="Serve what the alias names"
    )
    async def refresh() -> RefreshReply:
        swaps = await service.refresh(retry=True)
        return RefreshReply(service=service.name, results=[_swap(s) for s in swaps])

    return routes


def _slot(slot: ModelSlot) -> SlotInfo:
    current, previous = slot.current, slot.previous
    return SlotInfo(
        name=slot.name,
        current=None if current is None else _serving(current),
        previous=None if previous is None else previous.model.ref,
        problem=slot.problem,
    )


def _serving(serving: ServedModel) -> ServingInfo:
    artifact = serving.model.artifact
    return ServingInfo(
        ref=artifact.ref,
        alias=serving.alias,
        serving_since=serving.since,
        metadata=artifact.metadata,
        calibration_version=calibration_version(serving.model),
        instance=serving.model.schema.json_schema(),
        model_card=artifact.card,
    )


def _swap(swap: Swap) -> SwapInfo:
    return SwapInfo(
        model=swap.model,
        status=swap.status,
        before=swap.before,
        after=swap.after,
        problem=swap.problem,
    )
