"""Clearing pairs, looking at them, taking them back."""

from datetime import timedelta
from typing import Annotated

from fastapi import APIRouter, Depends, Query

from fraud_sanctions.clearing.store import ClearedMatchStore, Row
from fraud_sanctions.service import ScreeningService
from fraud_shared.contracts.base import Identifier
from fraud_shared.contracts.clearing import (
    ClearedPair,
    ClearedPairs,
    ClearRequest,
    RevokeRequest,
)
from fraud_shared.mesh.clock import Clock
from fraud_shared.web.context import RequestContext
from fraud_shared.web.guard import current_call, require_service, who_asks
from fraud_shared.web.problems import InvalidInput, NotFound

LONGEST = timedelta(days=90)


Asked = Annotated[Identifier | None, Query()]
Context = Annotated[RequestContext, Depends(current_call)]


def router(
    service: ScreeningService, register: ClearedMatchStore, clock: Clock
) -> APIRouter:
    """The routes of cleared pairs."""
    routes = APIRouter(
        prefix="/v1/cleared", tags=["cleared"], dependencies=[Depends(require_service)]
    )

    @routes.post("", operation_id="clearPair", status_code=201)
    async def clear(request: ClearRequest, context: Context) -> ClearedPair:
        """Clear a pair until a day; it is void as soon as the listing changes."""
        entity = service.edition.by_id.get(request.entity_id)
        if entity is None:
            raise InvalidInput(errors=[("entity_id", "no list in use holds it")])
        if not timedelta(0) < request.until - clock.now() <= LONGEST:
            raise InvalidInput(errors=[("until", "not within the next 90 days")])
        row = await register.clear(
            request.account,
            entity,
            who=who_asks(context, request.who),
            why=request.why,
            until=request.until,
        )
        return _view(row)

    @routes.get("", operation_id="listCleared")
    async def cleared(account: Asked = None, entity_id: Asked = None) -> ClearedPairs:
        """Clearings of an account or entity, also those that ended."""
        rows = await register.rows(account=account, entity_id=entity_id)
        return ClearedPairs(cleared=tuple(map(_view, rows)))

    @routes.post("/{clearing_id}/revoke", operation_id="revokeCleared")
    async def revoke(
        clearing_id: Identifier, request: RevokeRequest, context: Context
    ) -> ClearedPair:
        """Take a clearing back; the record of it stays."""
        row = await register.revoke(clearing_id, who_asks(context, request.who))
        if row is None:
            raise NotFound
        return _view(row)

    return routes


def _view(row: Row) -> ClearedPair:
    return ClearedPair.model_validate(row)
