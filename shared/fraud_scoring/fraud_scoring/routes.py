"""Routes of a scorer service: thin, and the same for every kind of model."""

from collections.abc import Sequence
from datetime import datetime

from fastapi import APIRouter, Depends
from pydantic import BaseModel, ConfigDict

from fraud_scoring.desk import ScorerDesk
from fraud_scoring.metadata import Metadata
from fraud_scoring.settings import ScorerSettings
from fraud_scoring.slot import Serving, Slot, Swap, SwapStatus
from fraud_shared.contracts.signal import (
    ModelRef,
    ScoreBatchRequest,
    ScoreRequest,
    Signal,
    SignalBatch,
)
from fraud_shared.web.guard import require_service
from fraud_shared.web.service import HotRoute


class ServingInfo(BaseModel):
    """A loaded model, described by its own artefact."""

    model_config = ConfigDict(frozen=True)

    ref: ModelRef
    alias: str
    serving_since: datetime
    metadata: Metadata
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


def hot(desk: ScorerDesk, settings: ScorerSettings) -> Sequence[HotRoute]:
    """The routes on the payment's path."""
    return (
        HotRoute(
            "/score",
            ScoreRequest,
            Signal,
            desk.score,
            operation_id="scoreVector",
            summary="Score one feature vector",
            tags=("scoring",),
        ),
        HotRoute(
            "/score_batch",
            ScoreBatchRequest,
            SignalBatch,
            desk.score_batch,
            operation_id="scoreVectors",
            summary="Score up to 1,000 feature vectors",
            max_body_bytes=settings.max_batch_bytes,
            tags=("scoring",),
        ),
        HotRoute(
            "/explain",
            ScoreRequest,
            Signal,
            desk.explain,
            operation_id="explainVector",
            summary="Score one feature vector and explain it",
            tags=("scoring",),
        ),
    )


def router(desk: ScorerDesk) -> APIRouter:
    """What is served and how to change it."""
    routes = APIRouter(
        prefix="/v1", tags=["models"], dependencies=[Depends(require_service)]
    )

    @routes.get("/model", operation_id="describeModels", summary="What is served")
    async def describe() -> ModelInfo:
        return ModelInfo(
            service=desk.name, models=[_slot(slot) for slot in desk.slots.values()]
        )

    @routes.post(
        "/refresh", operation_id="refreshModels", summary="Serve what the alias names"
    )
    async def refresh() -> RefreshReply:
        swaps = await desk.refresh(retry=True)
        return RefreshReply(service=desk.name, results=[_swap(s) for s in swaps])

    return routes


def _slot(slot: Slot) -> SlotInfo:
    current, previous = slot.current, slot.previous
    return SlotInfo(
        name=slot.name,
        current=None if current is None else _serving(current),
        previous=None if previous is None else previous.model.ref,
        problem=slot.problem,
    )


def _serving(serving: Serving) -> ServingInfo:
    artifact = serving.model.artifact
    return ServingInfo(
        ref=artifact.ref,
        alias=serving.alias,
        serving_since=serving.since,
        metadata=artifact.metadata,
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
