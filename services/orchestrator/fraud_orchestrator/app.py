"""Composition root of the gateway."""

from functools import cache
from typing import Any

from fastapi import APIRouter, FastAPI

from fraud_features.store.port import OnlineStore
from fraud_orchestrator.api import (
    audit_routes,
    auto_loan,
    decision_routes,
    evidence_routes,
    explanation_routes,
    feeds,
    forwarding,
    key_routes,
    messages,
    privacy_routes,
    proposal_routes,
    routes,
    screening_routes,
    study_routes,
    work_routes,
)
from fraud_orchestrator.api.document import completed
from fraud_orchestrator.api.fraud_score import FraudScoring
from fraud_orchestrator.caller_features import CallerFeatures
from fraud_orchestrator.gateway import Gateway
from fraud_orchestrator.model_catalogue import ModelCatalogue
from fraud_orchestrator.models import Models
from fraud_orchestrator.settings import Settings
from fraud_shared.mesh.addresses import default_urls
from fraud_shared.mesh.client import ServiceClient
from fraud_shared.mesh.clock import Clock, SystemClock
from fraud_shared.mesh.tokens import TokenIssuer
from fraud_shared.mesh.transport import HttpTransport
from fraud_shared.openapi import with_instances
from fraud_shared.web.service import create_service

SERVICE = "orchestrator"


def _routers(gateway: Gateway, models: Models) -> list[APIRouter]:
    """The routes that the framework answers."""
    return [
        routes.router(gateway, models),
        audit_routes.router(gateway),
        decision_routes.router(gateway),
        evidence_routes.router(gateway),
        explanation_routes.router(gateway),
        key_routes.router(gateway),
        messages.router(gateway),
        privacy_routes.router(gateway),
        proposal_routes.router(gateway),
        study_routes.router(gateway),
        work_routes.router(gateway),
        screening_routes.router(gateway),
        forwarding.router(gateway),
    ]


def create_app(
    settings: Settings | None = None,
    *,
    service_client: ServiceClient | None = None,
    online: OnlineStore | None = None,
    clock: Clock | None = None,
) -> FastAPI:
    """The gateway. `service_client`, `online` and `clock` are given by tests and the one-process
    shape; otherwise they come from the settings."""
    settings = settings or Settings()
    service_client = service_client or ServiceClient(
        HttpTransport(default_urls()), TokenIssuer(SERVICE, settings.token_secret())
    )
    # What is asked of scorers must not open a breaker that payments need.
    scorers = service_client.isolated()
    catalogue = ModelCatalogue(scorers, cap_ms=settings.query_cap_ms)
    gateway = Gateway(
        settings,
        service_client=service_client,
        online=online,
        clock=clock or SystemClock(),
        features=CallerFeatures(catalogue.described),
    )
    models = Models(gateway, catalogue, scorers)
    fraud_scoring = FraudScoring(models, threshold=settings.fraud_threshold)
    app = create_service(
        SERVICE,
        settings,
        hot=[
            *routes.hot(gateway, models, fraud_scoring),
            *messages.hot(gateway),
            *auto_loan.hot(gateway),
            *feeds.hot(gateway),
        ],
        routers=_routers(gateway, models),
        limits={
            **screening_routes.LIMITS,
            **forwarding.limits(),
            **messages.LIMITS,
            **work_routes.LIMITS,
        },
        lifespan=gateway.running,
        checks={"decision_log": gateway.ready},
        facts=catalogue.facts,
        summary="Decides payments: APPROVE, CHALLENGE or DECLINE, with reasons.",
        public=True,
        guard=gateway.admission.authenticate,
        cors_origins=settings.cors_origins,
    )
    app.state.engines = gateway.engines
    app.state.gateway = gateway
    framework = app.openapi

    @cache
    def document() -> dict[str, Any]:
        return completed(app, framework())

    def openapi() -> dict[str, Any]:
        """OpenAPI with the rows of the models that serve, as last fetched."""
        return with_instances(document(), catalogue.instances())

    app.openapi = openapi  # type: ignore[method-assign]
    return app
