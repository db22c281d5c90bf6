"""The service's routes."""

import asyncio
import time
from collections.abc import Sequence
from typing import Annotated

from fastapi import APIRouter, Depends, Path

from fraud_sanctions import telemetry
from fraud_sanctions.clearing.cleared_match import Clearing, split
from fraud_sanctions.clearing.store import ClearedMatchStore
from fraud_sanctions.lists.records import ListedEntity
from fraud_sanctions.matching.answers import hit_of, party_of, readable, worst
from fraud_sanctions.matching.screener import Hit
from fraud_sanctions.parties.recorder import PartyRecorder
from fraud_sanctions.problems import NameUnreadable
from fraud_sanctions.service import Edition, ScreeningService
from fraud_shared.contracts.lists import (
    EntityView,
    IdentifierView,
    ListDetail,
    ListsView,
    NameView,
    RefusedList,
    SkippedRowView,
)
from fraud_shared.contracts.screening import (
    ClearedHit,
    ListVersion,
    PartyQuery,
    ScreeningHit,
    ScreeningRequest,
    ScreeningResult,
)
from fraud_shared.web.guard import require_service
from fraud_shared.web.problems import NotFound
from fraud_shared.web.service import HotRoute, RequestContext

# Parties screened before other requests get their turn (about 1 ms each).
_TURN = 4
_SKIPPED_SHOWN = 100
EntityId = Annotated[str, Path(max_length=128)]


def hot(
    service: ScreeningService, register: ClearedMatchStore, book: PartyRecorder
) -> list[HotRoute]:
    """The route on the payment's path."""

    async def screen(
        request: ScreeningRequest, context: RequestContext
    ) -> ScreeningResult:
        """Each party's hits, and the worst status; every answer cites the lists used."""
        result = await _screen(service, register, book, request, context)
        telemetry.SCREENINGS.labels(result.status).inc()
        context.log(screening=result.status, parties=len(request.parties))
        return result

    return [
        HotRoute(
            "/screen",
            request=ScreeningRequest,
            response=ScreeningResult,
            handler=screen,
            operation_id="screen",
            summary="Screen up to 1,000 parties against all lists",
        )
    ]


async def _screen(
    service: ScreeningService,
    register: ClearedMatchStore,
    book: PartyRecorder,
    request: ScreeningRequest,
    context: RequestContext,
) -> ScreeningResult:
    started = time.perf_counter()
    edition = service.edition  # one edition answers the whole request
    versions = service.versions(edition)
    found: list[ScreeningHit] = []
    cleared: list[ClearedHit] = []
    screened: list[tuple[PartyQuery, list[ListedEntity]]] = []
    for at, query in enumerate(request.parties):
        if at and at % _TURN == 0:
            await asyncio.sleep(0)
        if at and context.deadline.expired:
            return _unavailable("DEADLINE_EXCEEDED", versions, started)
        if query.name is not None and not readable(query.name):
            raise NameUnreadable(errors=[(f"parties.{at}.name", "no letter or digit")])
        standing, apart = _hits(service, edition, query, register.of(query.account))
        found += [hit_of(query.role, hit, service.bands) for hit in standing]
        cleared += [_cleared(query.role, hit, clearing) for hit, clearing in apart]
        screened.append((query, [hit.entity for hit in standing]))
    if request.payment is not None:
        # A hit that comes too late is unknown to the payment, and stays news.
        if context.deadline.expired:
            screened = [(query, []) for query, _ in screened]
        book.note(request.payment, screened, edition)
    return ScreeningResult(
        status=worst(found),
        hits=tuple(found[:5000]),
        cleared=tuple(cleared[:5000]),
        lists=versions,
        detail="SANCTIONS_STALE" if service.stale(versions) else None,
        elapsed_ms=_elapsed(started),
    )


def _unavailable(
    detail: str, versions: tuple[ListVersion, ...], started: float
) -> ScreeningResult:
    return ScreeningResult(
        status="unavailable",
        lists=versions,
        detail=detail,
        elapsed_ms=_elapsed(started),
    )


def _elapsed(started: float) -> float:
    return round((time.perf_counter() - started) * 1000, 3)


def _hits(
    service: ScreeningService,
    edition: Edition,
    query: PartyQuery,
    clearings: Sequence[Clearing],
) -> tuple[list[Hit], list[tuple[Hit, Clearing]]]:
    # As many more as may be cleared, so that none of those takes another one's place.
    hits = service.screen(edition, party_of(query), beyond=len(clearings))
    return split(hits, clearings, service.now())


def _cleared(role: str, hit: Hit, clearing: Clearing) -> ClearedHit:
    return ClearedHit(
        role=role,
        entity_id=hit.entity.entity_id,
        list=hit.entity.list_id,
        clearing_id=clearing.clearing_id,
        until=clearing.until,
    )


def router(service: ScreeningService) -> APIRouter:
    """Looking at lists and entities, and reloading."""
    routes = APIRouter(
        prefix="/v1", tags=["lists"], dependencies=[Depends(require_service)]
    )

    @routes.get("/lists", operation_id="getLists")
    async def lists() -> ListsView:
        """The lists in use: version, hash, date, entities, age."""
        return _view(service)

    @routes.post("/lists/reload", operation_id="reloadLists")
    async def reload() -> ListsView:
        """Read the folder again. What is damaged is refused, and the old version stays."""
        await service.reload()
        return _view(service)

    @routes.get("/entities/{entity_id}", operation_id="getEntity")
    async def entity(entity_id: EntityId) -> EntityView:
        """One listed entity with all its names."""
        found = service.edition.by_id.get(entity_id)
        if found is None:
            raise NotFound
        return _entity(found, service.versions(service.edition))

    return routes


def _entity(found: ListedEntity, versions: tuple[ListVersion, ...]) -> EntityView:
    return EntityView(
        entity_id=found.entity_id,
        list=found.list_id,
        kind=found.kind,
        caption=found.caption,
        names=tuple(NameView(name=n.text, quality=n.quality) for n in found.names),
        birth_dates=found.birth_dates,
        countries=found.countries,
        programs=found.programs,
        identifiers=tuple(
            IdentifierView(kind=paper.kind, value=paper.value)
            for paper in found.identifiers
        ),
        listed_on=found.listed_on,
        lists=versions,
    )


def _view(service: ScreeningService) -> ListsView:
    edition = service.edition
    details = [
        ListDetail(
            **version.model_dump(),
            sha256=watch.sha256,
            dated=watch.dated.isoformat() if watch.dated else None,
            rows_skipped=len(watch.skipped),
            skipped=tuple(
                SkippedRowView(row=bad.row, code=bad.code)
                for bad in watch.skipped[:_SKIPPED_SHOWN]
            ),
        )
        for version, watch in zip(service.versions(edition), edition.lists, strict=True)
    ]
    refused = [
        RefusedList(list=r.list_id, code=r.code, files=r.files) for r in service.refused
    ]
    return ListsView(lists=tuple(details), refused=tuple(refused))
