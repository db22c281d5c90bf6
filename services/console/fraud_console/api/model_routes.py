"""Bundles and models: what serves, how good it is, and who changes it."""

import asyncio
from typing import Annotated, Any

from fastapi import APIRouter, Form, Response

from fraud_console.api.guards import Visit, changing, seeing
from fraud_console.fetch import Fetched, fetch
from fraud_console.service import ConsoleService
from fraud_console.views.model import CardView, ModelsView

Short = Annotated[str, Form(max_length=128)]
Why = Annotated[str, Form(min_length=3, max_length=256)]


def router(service: ConsoleService) -> APIRouter:
    """The models, a card, and promotion by two people."""
    routes = APIRouter(prefix="/models", include_in_schema=False)
    sees, changes = seeing(service, "models"), changing(service, "models")

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

    @routes.post("/promote")
    async def promote(
        visit: Annotated[Visit, changes], bundle: Short, why: Why
    ) -> Response:
        """Ask for a bundle to serve, or, by a second person, let it."""
        found: Visit = visit
        return await found.change(
            "Promote bundle",
            f"{bundle}: {why}",
            found.client.models.promote(bundle, why),
            to="/models",
            done="Noted. It serves once a second person has promoted it too.",
        )

    @routes.post("/rollback")
    async def rollback(visit: Annotated[Visit, changes], why: Why) -> Response:
        """The bundle before, at once."""
        found: Visit = visit
        return await found.change(
            "Roll back models",
            why,
            found.client.models.rollback(why),
            to="/models",
            done="The bundle before serves again.",
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
