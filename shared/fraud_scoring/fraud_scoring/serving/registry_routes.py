"""Routes over the registry: what it names, cards, retraining runs."""

from typing import Annotated

from fastapi import APIRouter, Depends, Path, Query

from fraud_scoring.serving.catalogue import RegistryCatalogue
from fraud_shared.contracts.models import ModelCard, ModelList, RetrainingRun
from fraud_shared.contracts.paging import Page, PageQuery
from fraud_shared.web.guard import require_service

_Segment = Annotated[str, Path(max_length=64)]


def router(catalogue: RegistryCatalogue) -> APIRouter:
    """What the registry holds; nothing is changed here."""
    routes = APIRouter(
        prefix="/v1/registry",
        tags=["models"],
        dependencies=[Depends(require_service)],
    )

    @routes.get("/models", operation_id="listRegistered")
    async def models() -> ModelList:
        """Every alias of every model, and their bundles."""
        return await catalogue.models()

    @routes.get("/models/{name}/{version}/card", operation_id="getRegisteredCard")
    async def card(name: _Segment, version: _Segment) -> ModelCard:
        """Card and metadata of one genuine version."""
        return await catalogue.card(name, version)

    @routes.get("/retrainings", operation_id="listRetrainings")
    async def retrainings(query: Annotated[PageQuery, Query()]) -> Page[RetrainingRun]:
        """Records of retraining runs, newest first."""
        return await catalogue.retrainings(query.limit, query.cursor)

    return routes
