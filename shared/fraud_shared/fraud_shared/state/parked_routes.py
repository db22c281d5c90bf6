"""`/v1/parked` of a service that consumes events: list, show, replay."""

from collections.abc import Awaitable, Callable
from typing import Annotated

from fastapi import APIRouter, Depends, Query

from fraud_shared.contracts.events import CloudEvent
from fraud_shared.contracts.paging import Page, PageQuery
from fraud_shared.contracts.parked import ParkedDocument, ParkedEvent
from fraud_shared.state.bus import EventHandler
from fraud_shared.state.parking import Parking
from fraud_shared.web.guard import require_service

Opened = Callable[[], Awaitable[object]]


async def _open() -> None:
    """The store is open as long as the service runs."""


def parked_router(
    parking: Parking, handler: EventHandler, opened: Opened = _open
) -> APIRouter:
    """The routes of parked events; `opened` opens a store that opens at need."""
    routes = APIRouter(
        prefix="/v1/parked", tags=["events"], dependencies=[Depends(require_service)]
    )

    @routes.get("", operation_id="listParked")
    async def parked(asked: Annotated[PageQuery, Query()]) -> Page[ParkedEvent]:
        """Events that could not be used, oldest first."""
        await opened()
        return await parking.page(asked)

    @routes.get("/{parked_id}", operation_id="getParked")
    async def shown(parked_id: str) -> ParkedDocument:
        """One parked event with what it says."""
        await opened()
        return await parking.show(parked_id)

    @routes.post("/{parked_id}/replay", operation_id="replayParked")
    async def replay(
        parked_id: str, corrected: CloudEvent | None = None
    ) -> ParkedEvent:
        """Handle a parked event again, or the corrected one in the body."""
        await opened()
        return await parking.replay(parked_id, corrected, handler)

    return routes
