"""Searching the sanctions lists, and clearing who is not meant."""

import asyncio
from datetime import timedelta
from typing import Annotated, Any

from fastapi import APIRouter, Form, Response

from fraud_console.api.guards import Visit, changing, seeing
from fraud_console.fetch import Fetched, fetch
from fraud_console.service import ConsoleService

Short = Annotated[str, Form(max_length=128)]
Why = Annotated[str, Form(min_length=3, max_length=256)]
Days = Annotated[int, Form(ge=1, le=3650)]
_FIELDS = ("name", "birth_date", "country", "entity_type")


def router(service: ConsoleService) -> APIRouter:
    """The search, a listed entity, and clearings."""
    routes = APIRouter(prefix="/screening", include_in_schema=False)
    sees, changes = seeing(service, "screening"), changing(service, "clearing")

    @routes.get("")
    async def search(visit: Annotated[Visit, sees]) -> Response:
        """Who resembles a name, and why; the lists with their age."""
        found: Visit = visit
        given = found.request.query_params
        party = {k: given.get(k, "").strip() for k in _FIELDS}
        asked = {k: v for k, v in party.items() if v}
        result: Fetched[Any] = Fetched()
        lists = fetch(found.client.screening.lists(), "The lists")
        if asked.get("name"):
            question = found.client.screening.screen([{"role": "customer", **asked}])
            result, known = await asyncio.gather(
                fetch(question, "The screening"), lists
            )
        else:
            known = await lists
        return found.page(
            "pages/screening.html",
            asked=party,
            result=result,
            lists=known,
            may_clear=found.may("clearing"),
        )

    @routes.get("/entities/{entity_id:path}")
    async def entity(entity_id: str, visit: Annotated[Visit, sees]) -> Response:
        """One listed entity in full, and who was cleared of being it."""
        found: Visit = visit
        one = await fetch(found.client.screening.entity(entity_id), "The listed entity")
        cleared: Fetched[Any] = Fetched()
        if found.may("clearing"):
            cleared = await fetch(
                found.client.screening.cleared(entity_id=entity_id), "Cleared pairs"
            )
        return found.page(
            "pages/listed.html",
            entity=one,
            entity_id=entity_id,
            cleared=cleared,
            may_clear=found.may("clearing"),
        )

    @routes.post("/clear")
    async def clear(
        visit: Annotated[Visit, changes],
        account: Short,
        entity_id: Short,
        why: Why,
        days: Days = 90,
    ) -> Response:
        """Clear a pair of account and listed entity."""
        found: Visit = visit
        until = service.clock.now() + timedelta(days=days)
        asked = found.client.screening.clear(account, entity_id, why, until)
        return await found.change(
            "Clear pair",
            f"{account} / {entity_id}",
            asked,
            to=f"/screening/entities/{entity_id}",
            done=f"Cleared for {days} days, unless the listing changes.",
        )

    return routes
