"""Decisions as they happen."""

from collections.abc import AsyncIterator
from typing import Annotated

from fastapi import APIRouter, Response
from fastapi.responses import StreamingResponse

from fraud_console.api.guards import Visit, seeing
from fraud_console.service import ConsoleService
from fraud_console.views.live import LiveView, wanted_of

SHOWN = 40


def router(service: ConsoleService) -> APIRouter:
    """The first page, and its stream."""
    routes = APIRouter(include_in_schema=False)
    sees = seeing(service, "live")

    @routes.get("/")
    async def live(visit: Annotated[Visit, sees]) -> Response:
        """Rate, latency, outcomes and the newest decisions."""
        found: Visit = visit
        if not found.may("live"):
            return found.page("pages/welcome.html")
        feed = await service.live.once(found.client, found.session.name)
        view = LiveView.of(feed, wanted_of(found.request), service.clock.now(), SHOWN)
        paused = "paused" in found.request.query_params
        return found.page("pages/live.html", live=view, paused=paused)

    @routes.get("/live/stream")
    async def stream(visit: Annotated[Visit, sees]) -> Response:
        """Server-sent events: the page's parts again whenever there is something new."""
        return StreamingResponse(
            _events(service, visit),
            media_type="text/event-stream",
            headers={"x-accel-buffering": "no"},
        )

    return routes


async def _events(service: ConsoleService, visit: Visit) -> AsyncIterator[bytes]:
    wanted = wanted_of(visit.request)
    last: dict[str, str] = {}
    yield b"retry: 2000\n\n"
    async for feed in service.live.rounds(visit.client, visit.session.name):
        now = service.clock.now()
        view = LiveView.of(feed, wanted, now, SHOWN)
        for name in ("figures", "rows"):
            text = service.renderer.text(f"parts/live_{name}.html", live=view)
            if last.get(name) != text:
                last[name] = text
                yield event(name, text)
        yield b": still here\n\n"


def event(name: str, text: str) -> bytes:
    """One server-sent event."""
    lines = "".join(f"data: {line}\n" for line in text.splitlines())
    return f"event: {name}\n{lines}\n".encode()
