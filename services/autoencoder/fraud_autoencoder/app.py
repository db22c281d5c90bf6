"""Composition root."""

from fastapi import FastAPI

from fraud_autoencoder.scorer import ENGINE
from fraud_autoencoder.settings import Settings
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
    """The autoencoder under the common scorer runtime."""
    return create_scorer_service(
        "autoencoder",
        settings or Settings(),
        ENGINE,
        registry=registry,
        trial=trial,
        clock=clock,
        summary="How badly a payment fits what legitimate payments look like",
    )
