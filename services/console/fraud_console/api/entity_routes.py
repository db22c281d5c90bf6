"""Accounts, cards, devices, merchants, counterparties; and blocking them."""

import asyncio
from datetime import timedelta
from typing import Annotated

from fastapi import APIRouter, Form, Response
from fastapi.responses import RedirectResponse

from fraud_console.api.guards import Visit, changing, seeing
from fraud_console.charts.graph import Link
from fraud_console.fetch import fetch
from fraud_console.service import ConsoleService
from fraud_console.views.entity import (
    FILTERS,
    KINDS,
    EntityView,
    href,
    links_of,
    named_in,
)
from fraud_shared.web.problems import NotFound

Short = Annotated[str, Form(max_length=128)]
Days = Annotated[int, Form(ge=1, le=365)]
Why = Annotated[str, Form(min_length=3, max_length=256)]
PAGE, NEAR = 100, 50


def router(service: ConsoleService) -> APIRouter:
    """Looking an entity up, its page, and its blocks."""
    routes = APIRouter(prefix="/entities", include_in_schema=False)
    sees, changes = seeing(service, "entities"), changing(service, "entities")

    @routes.get("")
    async def look_up(
        visit: Annotated[Visit, sees], kind: str = "account", id: str = ""
    ) -> Response:
        """The form, or the page of what it names; and the blocks in force."""
        found: Visit = visit
        if id.strip() and kind in KINDS:
            return RedirectResponse(href(kind, id.strip()), 303)
        blocks = await fetch(found.client.blocks.list(limit=PAGE), "Blocks")
        return found.page("pages/entities.html", kinds=KINDS, blocks=blocks)

    @routes.get("/{kind}/{id:path}")
    async def entity(kind: str, id: str, visit: Annotated[Visit, sees]) -> Response:
        """What it did, what is usual for it, whom it is linked with."""
        found: Visit = visit
        if kind not in KINDS:
            raise NotFound
        one, links = await asyncio.gather(
            fetch(found.client.entities.get(kind, id), f"The {kind}"),
            fetch(_links(found, kind, id), "Links"),
        )
        view = EntityView.of(kind, id, one.value, links.value or ())
        return found.page("pages/entity.html", view=view, entity=one, links=links)

    @routes.post("/block")
    async def block(
        visit: Annotated[Visit, changes],
        kind: Short,
        id: Short,
        why: Why,
        days: Days = 7,
    ) -> Response:
        """Block it for some days."""
        found: Visit = visit
        until = service.clock.now() + timedelta(days=days)
        return await found.change(
            "Block",
            f"{kind} {id}",
            found.client.blocks.add(kind, id, why, until),
            to=href(kind, id),
            done=f"Blocked for {days} days.",
        )

    @routes.post("/unblock")
    async def unblock(
        visit: Annotated[Visit, changes],
        block_id: Short,
        kind: Short,
        id: Short,
        why: Why,
    ) -> Response:
        """Lift a block."""
        found: Visit = visit
        return await found.change(
            "Lift block",
            f"{kind} {id}",
            found.client.blocks.remove(block_id, why),
            to=href(kind, id),
            done="The block is lifted.",
        )

    return routes


async def _links(visit: Visit, kind: str, id: str) -> list[Link]:
    """Two hops: what its payments name, and what the payments of those name."""
    export = visit.client.decisions.export
    own = await export(limit=PAGE, **{FILTERS[kind]: id})
    near = named_in(own.items, (kind, id))
    far = await asyncio.gather(
        *(export(limit=NEAR, **{FILTERS[k]: name}) for k, name in near)
    )
    return links_of(near, [page.items for page in far], (kind, id))
