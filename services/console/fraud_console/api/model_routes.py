"""Bundles and models: what serves, and how good it is."""

import asyncio
from typing import Annotated, Any

from fastapi import APIRouter, Response

from fraud_console.api.guards import Visit, seeing
from fraud_console.fetch import Fetched, fetch
from fraud_console.service import ConsoleService
from fraud_console.views.model import CardView, ModelsView


def router(service: ConsoleService) -> APIRouter:
    """The models and their cards."""
    routes = APIRouter(prefix="/models", include_in_schema=False)
    sees = seeing(service, "models")

    @routes.get("")
    async def models(visit: Annotated[Visit, sees]) -> Response:
        """What serves, champion against challenger, bundles and runs."""
        found: Visit = visit
        listed, runs, version = await asyncio.gather(
            fetch(found.client.models.list(), "Models"),
            fetch(found.client.models.retrainings(limit=20), "Retraining runs"),
            fetch(found.client.operations.version(), "Versions that serve"),
        )
        view = ModelsView.of(
            listed.value or {},
            version.value or {},
            runs.value.items if runs.value else (),
        )
        cards = await _cards(found, view)
        return found.page(
            "pages/models.html",
            listed=listed,
            runs=runs,
            version=version,
            view=view,
            cards=cards,
        )

    @routes.get("/{name}/{version}")
    async def card(name: str, version: str, visit: Annotated[Visit, sees]) -> Response:
        """A model's card."""
        found: Visit = visit
        one, serving = await asyncio.gather(
            fetch(found.client.models.card(name, version), "The card"),
            fetch(found.client.models.info(name), "The model that serves"),
        )
        return found.page(
            "pages/card.html",
            name=name,
            version=version,
            card=one,
            view=CardView.of(one.value or serving.value or {}),
            serving=serving,
        )

    return routes


async def _cards(visit: Visit, view: ModelsView) -> dict[str, Fetched[Any]]:
    """What each model that serves says of itself."""
    names = [one.name for one in view.models]
    found = await asyncio.gather(
        *(
            fetch(visit.client.models.info(name), f"The card of {name}")
            for name in names
        )
    )
    return dict(zip(names, found, strict=True))
