"""Known parties and their rescreenings: looking on, and erasing; and parked events."""

from typing import Annotated

from fastapi import APIRouter, Depends

from fraud_sanctions.lists.consumer import ListUpdateConsumer
from fraud_sanctions.parties.recorder import PartyRecorder
from fraud_sanctions.rescreening import jobs
from fraud_sanctions.store import Store
from fraud_shared.contracts.clearing import Erased, ErasureRequest
from fraud_shared.contracts.rescreening import RescreeningsView, RescreeningView
from fraud_shared.state.parked_routes import parked_router
from fraud_shared.web.context import RequestContext
from fraud_shared.web.guard import current_call, require_service, who_asks


def router(
    store: Store, book: PartyRecorder, list_updates: ListUpdateConsumer
) -> APIRouter:
    """The routes of known parties."""
    routes = APIRouter(
        prefix="/v1", tags=["parties"], dependencies=[Depends(require_service)]
    )

    @routes.get("/rescreenings", operation_id="listRescreenings")
    async def rescreenings() -> RescreeningsView:
        """How far known parties are screened against the latest list updates."""
        await store.open()
        rows = await store.db.run(jobs.latest, write=False)
        return RescreeningsView(
            backlog=await store.db.run(jobs.backlog, write=False),
            rescreenings=tuple(map(RescreeningView.model_validate, rows)),
        )

    @routes.post("/parties/erase", operation_id="eraseParties")
    async def erase(
        request: ErasureRequest,
        context: Annotated[RequestContext, Depends(current_call)],
    ) -> Erased:
        """Forget the known parties of an account. Its next payment makes them known again."""
        who = who_asks(context, request.who)
        return Erased(erased=await book.erase(request.account, who))

    outer = APIRouter()
    outer.include_router(routes)
    outer.include_router(
        parked_router(list_updates.parking, list_updates.handle, store.open)
    )
    return outer
