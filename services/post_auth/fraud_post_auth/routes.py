"""The routes: thin, each one call into the desk."""

import asyncio
import json
from datetime import date
from typing import Annotated

from fastapi import APIRouter, Depends, Query, Request, Response
from pydantic import AwareDatetime, Field

from fraud_post_auth.dataset_pages import day_page, version_page
from fraud_post_auth.service import PostAuthService
from fraud_shared.contracts.base import Contract, Identifier
from fraud_shared.contracts.datasets import NDJSON, DatasetQuery, DatasetVersion
from fraud_shared.contracts.label import StandingLabel
from fraud_shared.contracts.paging import Page, PageQuery
from fraud_shared.contracts.profile import BehaviourProfile
from fraud_shared.contracts.ratios import Ratios, RatiosQuery
from fraud_shared.state.parked_routes import parked_router
from fraud_shared.state.parking import parking_events_route
from fraud_shared.state.subject_data import subject_router
from fraud_shared.web.guard import ForActor, require_service
from fraud_shared.web.problems import Conflict
from fraud_shared.web.service import HotRoute


class NothingToExport(Conflict):
    """No event has arrived yet."""

    type = "nothing-to-export"


class ExportRequest(Contract):
    """`POST /v1/datasets/export`. `as_of` is event time; absent, it is the newest event's."""

    # Cold routes validate parsed JSON, where a time is still text.
    as_of: Annotated[AwareDatetime, Field(strict=False)] | None = None


class Reprojection(Contract):
    """How many labels will be told to the online store again."""

    labels: int


def hot(service: PostAuthService) -> list[HotRoute]:
    """The door for events over HTTP."""
    return [parking_events_route(service.parking, service.handle)]


def router(service: PostAuthService) -> APIRouter:
    """Profiles, datasets, labels and parked events."""
    routes = APIRouter(dependencies=[Depends(require_service)])

    @routes.get("/profile/{account_id}", operation_id="getProfile", tags=["profiles"])
    async def profile(account_id: Identifier, tenant: Identifier) -> BehaviourProfile:
        """What a tenant's account has done so far, and how it turned out."""
        return await service.profile(tenant, account_id)

    @routes.get("/v1/datasets", operation_id="listDatasets", tags=["datasets"])
    async def datasets(asked: Annotated[PageQuery, Query()]) -> Page[DatasetVersion]:
        """Complete dataset versions, newest first."""
        return version_page(await service.exporter.versions(), asked)

    @routes.get("/v1/datasets/{day}", operation_id="getDataset", tags=["datasets"])
    async def rows(
        day: date, asked: Annotated[DatasetQuery, Query()], request: Request
    ) -> Response:
        """The rows of a day, as the newest version (or the one named) has them."""
        page = await asyncio.to_thread(
            day_page, service.exporter.store, day.isoformat(), asked
        )
        if request.headers.get("accept") == NDJSON:
            lines = (json.dumps(row) + "\n" for row in page.items)
            return Response("".join(lines), media_type=NDJSON)
        return Response(page.model_dump_json(), media_type="application/json")

    @routes.post("/v1/datasets/export", operation_id="exportDataset", tags=["datasets"])
    async def export(request: ExportRequest | None = None) -> DatasetVersion:
        """Write the rows that are settled, as one version. The same content is the same
        version."""
        written = await service.exporter.export(request.as_of if request else None)
        if written is None:
            raise NothingToExport
        return written

    @routes.post(
        "/v1/labels/reproject", operation_id="reprojectLabels", tags=["labels"]
    )
    async def reproject() -> Reprojection:
        """Tell the online store every label again, after it lost its memory."""
        return Reprojection(labels=await service.projector.again())

    @routes.get("/v1/projection", operation_id="getProjection", tags=["labels"])
    async def projection() -> Reprojection:
        """How many labels of known payments the online store has still to be told."""
        return Reprojection(labels=await service.projector.waiting())

    @routes.get("/v1/labels/{transaction_id}", operation_id="getLabel", tags=["labels"])
    async def label(transaction_id: Identifier, tenant: Identifier) -> StandingLabel:
        """What stands about a tenant's payment, and whether the risk windows know."""
        return await service.label(tenant, transaction_id)

    @routes.get("/v1/ratios", operation_id="getRatios", tags=["labels"])
    async def ratios(query: Annotated[RatiosQuery, Query()], actor: ForActor) -> Ratios:
        """VAMP, ECM and the fraud rates by value, of the tenants that the client sees."""
        return await service.ratios(actor.tenants, query)

    outer = APIRouter()
    outer.include_router(routes)
    outer.include_router(parked_router(service.parking, service.handle))
    subjects = service.subjects
    outer.include_router(subject_router(subjects.erase, subjects.export))
    return outer
