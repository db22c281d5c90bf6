"""Accounts, cards, devices, merchants, counterparties; and blocking them."""

import asyncio
from datetime import timedelta
from typing import Annotated, Any
from urllib.parse import quote

from fastapi import APIRouter, Form, Response
from fastapi.responses import RedirectResponse

from fraud_console.api.guards import Visit, changing, seeing
from fraud_console.fetch import Fetched, fetch
from fraud_console.service import ConsoleService
from fraud_console.views.entity import KINDS, EntityView

Short = Annotated[str, Form(max_length=128)]
Days = Annotated[int, Form(ge=1, le=365)]
Why = Annotated[str, Form(min_length=3, max_length=256)]
# By which filter of the decision log an entity's payments are found.
FILTER = {"account": "account_id", "card": "card_token", "merchant": "merchant_id"}
PAGE = 100


def router(service: ConsoleService) -> APIRouter:
    """Looking an entity up, its page, and its blocks."""
    routes = APIRouter(prefix="/entities", include_in_schema=False)
    sees, changes = seeing(service, "entities"), changing(service, "entities")

    @routes.get("")
    async def look_up(visit: sees, kind: str = "account", id: str = "") -> Response:  # type: ignore[valid-type]
        """The form, or the page of what it names; and the blocks in force."""
        found: Visit = visit
        if id.strip() and kind in KINDS:
            return RedirectResponse(place(kind, id.strip()), 303)
        blocks = await fetch(found.client.blocks.list(limit=PAGE), "Blocks")
        return found.page("pages/entities.html", kinds=KINDS, blocks=blocks)

    @routes.get("/{kind}/{id:path}")
    async def entity(kind: str, id: str, visit: sees) -> Response:  # type: ignore[valid-type]
        """What it did, what is usual for it, whom it is linked with."""
        found: Visit = visit
        one, rows = await asyncio.gather(
            fetch(found.client.entities.get(kind, id), f"The {kind}"),
            _decisions(found, kind, id),
        )
        profile: Fetched[Any] = Fetched()
        if kind == "account":
            profile = await fetch(found.client.entities.profile(id), "The profile")
        items = rows.value.items if rows.value else ()
        view = EntityView.of(kind, id, one.value, items)
        return found.page(
            "pages/entity.html", view=view, entity=one, rows=rows, profile=profile
        )

    @routes.post("/block")
    async def block(
        visit: changes,  # type: ignore[valid-type]
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
            to=place(kind, id),
            done=f"Blocked for {days} days.",
        )

    @routes.post("/unblock")
    async def unblock(
        visit: changes,  # type: ignore[valid-type]
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
            to=place(kind, id),
            done="The block is lifted.",
        )

    return routes


def place(kind: str, id: str) -> str:
    """The page of an entity."""
    return f"/entities/{quote(kind, safe='')}/{quote(id, safe='')}"


async def _decisions(visit: Visit, kind: str, id: str) -> Fetched[Any]:
    if kind not in FILTER:
        return Fetched()
    asked = {FILTER[kind]: id}
    return await fetch(visit.client.decisions.list(limit=PAGE, **asked), "Its payments")
