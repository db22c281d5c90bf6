"""The one scorer runtime: a service supplies an engine, everything else is here."""

from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from typing import Any

from fastapi import FastAPI

from fraud_scoring.registry.port import ModelRegistry
from fraud_scoring.serving import metric_aliases, registry_routes, routes
from fraud_scoring.serving.catalogue import RegistryCatalogue
from fraud_scoring.serving.sandbox import ModelCheck
from fraud_scoring.serving.scorer import ScorerEngine
from fraud_scoring.serving.service import ScorerService
from fraud_scoring.serving.settings import ScorerSettings
from fraud_shared.mesh.clock import Clock
from fraud_shared.openapi import with_instances
from fraud_shared.state.consumer import consuming
from fraud_shared.web.service import create_service


def create_scorer_service(
    name: str,
    settings: ScorerSettings,
    engine: ScorerEngine,
    *,
    registry: ModelRegistry | None = None,
    trial: ModelCheck | None = None,
    clock: Clock | None = None,
    summary: str = "",
    named_rows: bool = False,
) -> FastAPI:
    """A scorer app: live at once, ready when its default model is loaded and warm.

    `registry`, `trial` and `clock` replace the configured ones. With `named_rows`, rows
    are also taken as values and names. Raises `SecretMissing` in production when the
    registry, the public key or the token key is not set.
    """
    service = ScorerService(
        name, settings, engine, registry=registry, trial=trial, clock=clock
    )

    @asynccontextmanager
    async def running() -> AsyncIterator[None]:
        handle = routes.promotions(service)
        async with (
            service.running(),
            consuming(settings.amqp_url, service=name, handler=handle),
        ):
            yield

    app = create_service(
        name,
        settings,
        hot=routes.hot(service, settings, named_rows=named_rows),
        routers=[
            routes.router(service),
            registry_routes.router(RegistryCatalogue(settings, registry)),
        ],
        lifespan=running,
        checks=service.checks,
        facts=service.facts,
        summary=summary,
    )
    metric_aliases.register()
    app.openapi = _living(app.openapi, service)  # type: ignore[method-assign]
    return app


def _living(
    document: Callable[[], dict[str, Any]], service: ScorerService
) -> Callable[[], dict[str, Any]]:
    """OpenAPI with the rows of the models that serve when it is asked for."""

    def openapi() -> dict[str, Any]:
        rows = {
            name: slot.current.model.schema.json_schema()
            for name, slot in service.slots.items()
            if slot.current is not None
        }
        return with_instances(document(), rows)

    return openapi
