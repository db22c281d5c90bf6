"""What clients of yente ask besides matches: entities, search, the catalogue, algorithms."""

from typing import Annotated, Any

from fastapi import APIRouter, Depends, Path, Query

from fraud_sanctions.api.match_routes import entity_document
from fraud_sanctions.lists.records import Party
from fraud_sanctions.problems import DatasetUnknown
from fraud_sanctions.service import ScreeningService
from fraud_shared.contracts.matching import SearchParameters
from fraud_shared.web.guard import require_service
from fraud_shared.web.problems import InvalidInput, NotFound

ALGORITHM = "fraud-mesh"
_MOST = 500
EntityId = Annotated[str, Path(max_length=256)]
Dataset = Annotated[str, Path(max_length=64)]


def router(service: ScreeningService) -> APIRouter:
    """The routes; answers have the form of yente's."""
    routes = APIRouter(tags=["matching"], dependencies=[Depends(require_service)])

    @routes.get("/entities/{entity_id}", operation_id="fetchEntity")
    async def entity(
        entity_id: EntityId, nested: Annotated[bool, Query()] = True
    ) -> dict[str, Any]:
        """One listed entity. Lists hold no entities within others, so `nested` changes
        nothing."""
        found = service.edition.by_id.get(entity_id)
        if found is None:
            raise NotFound
        return entity_document(found)

    @routes.get("/search/{dataset}", operation_id="searchEntities")
    async def search(
        dataset: Dataset, given: Annotated[SearchParameters, Query()]
    ) -> dict[str, Any]:
        """Listed entities whose name is like `q`, the likest first."""
        edition = service.edition
        names = {watch.list_id for watch in edition.lists}
        if dataset != "default" and dataset not in names:
            raise DatasetUnknown
        if not any(char.isalnum() for char in given.q):
            raise InvalidInput(errors=[("query.q", "no letter or digit")])
        hits = service.screen(
            edition, Party(given.q), least=given.cutoff, most=_MOST, only=None
        )
        found = [
            entity_document(hit.entity) | {"score": round(hit.score, 4)}
            for hit in hits
            if dataset in ("default", hit.entity.list_id)
        ]
        page = found[given.offset : given.offset + given.limit]
        return {
            "limit": given.limit,
            "offset": given.offset,
            "total": {"value": len(found), "relation": "eq"},
            "results": page,
            "facets": {},
        }

    @routes.get("/catalog", operation_id="getCatalog")
    async def catalog() -> dict[str, Any]:
        """The lists in use as datasets, and `default`, which is all of them."""
        versions = service.versions(service.edition)
        children = [version.list for version in versions]
        datasets: list[dict[str, Any]] = [
            {
                "name": version.list,
                "title": version.list,
                "version": version.version,
                "load": True,
                "children": [],
            }
            for version in versions
        ]
        whole = {"name": "default", "title": "All lists", "load": True}
        return {
            "datasets": [*datasets, whole | {"children": children}],
            "current": children,
            "outdated": [],
            "index_stale": False,
        }

    @routes.get("/algorithms", operation_id="listAlgorithms")
    async def algorithms() -> dict[str, Any]:
        """The one algorithm there is."""
        return {
            "algorithms": [
                {
                    "name": ALGORITHM,
                    "description": "Calibrated likeness of names with the evidence that "
                    "the agreeing words carry.",
                    "features": {},
                }
            ],
            "default": ALGORITHM,
            "best": ALGORITHM,
        }

    return routes
