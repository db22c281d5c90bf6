"""Composition root."""

from fastapi import FastAPI

from fraud_scoring.registry.port import ModelRegistry
from fraud_scoring.serving.runtime import create_scorer_service
from fraud_scoring.serving.sandbox import ModelCheck
from fraud_shared.mesh.clock import Clock
from fraud_xgboost.scorer import ENGINE
from fraud_xgboost.settings import Settings


def create_app(
    settings: Settings | None = None,
    *,
    registry: ModelRegistry | None = None,
    trial: ModelCheck | None = None,
    clock: Clock | None = None,
) -> FastAPI:
    """The XGBoost scorer under the common scorer runtime."""
    return create_scorer_service(
        "xgboost",
        settings or Settings(),
        ENGINE,
        registry=registry,
        trial=trial,
        clock=clock,
        summary="The probability that a payment is fraudulent",
    )
