"""Bundles and models: what serves, how good it is, and who changes that."""

import asyncio
from typing import Annotated, Any, Literal

from fastapi import APIRouter, Form, Response

from fraud_console.api.guards import Visit, changing, seeing
from fraud_console.fetch import Fetched, fetch
from fraud_console.service import ConsoleService
from fraud_console.views.model import CardView, ModelsView

PROPOSALS = 20
Short = Annotated[str, Form(max_length=128)]
Why = Annotated[str, Form(min_length=3, max_length=256)]


def router(service: ConsoleService) -> APIRouter:
    """The models and their cards, and proposals about them."""
    routes = APIRouter(prefix="/models", include_in_schema=False)
    _proposals(routes, service)
    _pages(routes, service)
    return routes


def _proposals(routes: APIRouter, service: ConsoleService) -> None:
    sees, changes = seeing(service, "models"), changing(service, "promoting")

    @routes.get("/proposals")
    async def proposals(visit: Annotated[Visit, sees]) -> Response:
        """The part of the page that says how far proposals are."""
        found: Visit = visit
        listed = await fetch(
            found.client.model_proposals.list(limit=PROPOSALS), "Proposals"
        )
        return found.page("parts/proposals.html", proposals=listed)

    @routes.post("/proposals")
    async def propose(
        visit: Annotated[Visit, changes], action: Short, bundle: Short, why: Why
    ) -> Response:
        """Propose a promotion or a rollback."""
        found: Visit = visit
        return await found.change(
            "Propose models",
            f"{action} {bundle}: {why}",
            found.client.model_proposals.create(action, bundle, why),
            to="/models",
            done="Proposed. Another person has to approve it.",
        )

    @routes.post("/proposals/{proposal_id}/{verb}")
    async def decide(
        proposal_id: str,
        verb: Literal["approve", "reject"],
        visit: Annotated[Visit, changes],
        why: Why,
    ) -> Response:
        """Approve or reject what was proposed."""
        found: Visit = visit
        gateway = found.client.model_proposals
        ask = gateway.approve if verb == "approve" else gateway.reject
        return await found.change(
            f"{verb.capitalize()} models",
            f"{proposal_id}: {why}",
            ask(proposal_id, why),
            to="/models",
            done=lambda made: (
                f"It waits for {made.waits_for}." if made.waits_for else "Rejected."
            ),
        )


def _pages(routes: APIRouter, service: ConsoleService) -> None:
    sees = seeing(service, "models")

    @routes.get("")
    async def models(visit: Annotated[Visit, sees]) -> Response:
        """What serves, champion against challenger, bundles and runs."""
        found: Visit = visit
        listed, runs, version, proposals = await asyncio.gather(
            fetch(found.client.models.list(), "Models"),
            fetch(found.client.models.retrainings(limit=20), "Retraining runs"),
            fetch(found.client.operations.version(), "Versions that serve"),
            fetch(found.client.model_proposals.list(limit=PROPOSALS), "Proposals"),
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
            proposals=proposals,
            may_promote=found.may("promoting"),
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
