"""The mesh's health, parked events, and who changed what."""

import asyncio
from datetime import timedelta
from typing import Annotated, Any

from fastapi import APIRouter, Response

from fraud_console.api.guards import Visit, changing, seeing
from fraud_console.fetch import Fetched, fetch
from fraud_console.service import ConsoleService
from fraud_console.views.mesh import MeshView

PAGE = 50
# How far back the gateway's own audit log is shown.
AUDITED = timedelta(hours=24)


def router(service: ConsoleService) -> APIRouter:
    """For operators and auditors."""
    routes = APIRouter(include_in_schema=False)
    sees = seeing(service, "mesh")
    audits = seeing(service, "activity")
    replays = changing(service, "parked")

    @routes.get("/mesh")
    async def mesh(visit: Annotated[Visit, sees]) -> Response:
        """Health, breakers, outbox, versions."""
        found: Visit = visit
        operations = found.client.operations
        ready, version, metrics = await asyncio.gather(
            fetch(operations.ready(), "Readiness"),
            fetch(operations.version(), "Versions"),
            service.gateways.text(service.settings.metrics),
        )
        parked: Fetched[object] = Fetched()
        if found.may("parked"):
            parked = await fetch(operations.parked(limit=PAGE), "Parked events")
        view = MeshView.of(ready.value or {}, version.value or {}, metrics)
        template = "parts/mesh.html" if found.is_fragment else "pages/mesh.html"
        return found.page(
            template,
            view=view,
            ready=ready,
            version=version,
            parked=parked,
            may_replay=found.may("parked"),
        )

    @routes.post("/mesh/parked/{parked_id}/replay")
    async def replay(parked_id: str, visit: Annotated[Visit, replays]) -> Response:
        """Handle a parked event again."""
        found: Visit = visit
        return await found.change(
            "Replay parked event",
            parked_id,
            found.client.operations.replay_parked(parked_id),
            to="/mesh",
            done="The event was handled again.",
        )

    @routes.get("/activity")
    async def activity(
        visit: Annotated[Visit, audits], before: int | None = None, name: str = ""
    ) -> Response:
        """Who changed what here, newest first."""
        found: Visit = visit
        lines = await service.activity.list(
            before=before, name=name.strip(), limit=PAGE
        )
        more = lines[-1].number if len(lines) == PAGE else None
        acts: Fetched[Any] = Fetched()
        if found.may("audit"):
            since = service.clock.now() - AUDITED
            acts = await fetch(
                found.client.operations.audit(since=since, limit=PAGE), "The audit log"
            )
        return found.page(
            "pages/activity.html", lines=lines, more=more, name=name, acts=acts
        )

    return routes
