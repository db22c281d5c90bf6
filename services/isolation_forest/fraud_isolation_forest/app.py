"""Composition root."""

from fastapi import FastAPI

from fraud_isolation_forest.scorer import ENGINE
from fraud_isolation_forest.settings import Settings
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
    """The isolation forest under the common scorer runtime."""
    return create_scorer_service(
        "isolation_forest",
        settings or Settings(),
        ENGINE,
        registry=registry,
        trial=trial,
        clock=clock,
        summary="How unusual a payment is among all payments",
    )
