"""Composition root."""

from fastapi import FastAPI

from fraud_lightgbm.scorer import ENGINE
from fraud_lightgbm.settings import Settings
from fraud_scoring.registry.port import ModelRegistry
from fraud_scoring.serving.runtime import create_scorer_service
from fraud_scoring.serving.sandbox import ModelCheck
from fraud_shared.mesh.clock import Clock


def create_app(
    settings: Settings | None = None,
    *,
    registry: ModelRegistry | None = None,
    trial: ModelCheck | None = None,
    clock: Clock | None = None,
) -> FastAPI:
    """The LightGBM scorer under the common scorer runtime."""
    return create_scorer_service(
        "lightgbm",
        settings or Settings(),
        ENGINE,
        registry=registry,
        trial=trial,
        clock=clock,
        summary="The probability of fraud, as the challenger sees it",
        named_rows=True,
    )
