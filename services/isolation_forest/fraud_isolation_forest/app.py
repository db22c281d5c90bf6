"""Composition root."""

from fastapi import FastAPI

from fraud_isolation_forest.scorer import ENGINE
from fraud_isolation_forest.settings import Settings
from fraud_scoring.registry import ModelRegistry
from fraud_scoring.runtime import create_scorer_service
from fraud_scoring.trial import Trial
from fraud_shared.mesh.clock import Clock


def create_app(
    settings: Settings | None = None,
    *,
    registry: ModelRegistry | None = None,
    trial: Trial | None = None,
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
