"""Screening for clients of yente: handed over as asked."""

from typing import Annotated, Any
from urllib.parse import urlencode

from fastapi import APIRouter, Path, Query

from fraud_orchestrator.api import passthrough
from fraud_orchestrator.api.guards import Caller, needs
from fraud_orchestrator.gateway import Gateway
from fraud_shared.contracts.matching import MatchAnswer, MatchParameters, MatchRequest
from fraud_shared.contracts.screening import LARGEST_BODY

# A hundred queries of many names are as large as a thousand names to screen.
LIMITS = {"/match/": LARGEST_BODY}
Dataset = Annotated[str, Path(pattern=r"^[A-Za-z0-9][A-Za-z0-9._-]{0,62}$")]


def router(gateway: Gateway) -> APIRouter:
    """What the screening service answers, for keys that may ask it."""
    routes = APIRouter()

    @routes.post(
        "/match/{dataset}",
        operation_id="matchEntities",
        tags=["questions"],
        dependencies=[needs(gateway, "score")],
        response_model=MatchAnswer,
    )
    async def match(
        dataset: Dataset,
        request: MatchRequest,
        given: Annotated[MatchParameters, Query()],
        call: Caller,
    ) -> Any:
        """Up to 100 entities to compare with one list, or with all (`default`), as clients
        of yente ask: candidates with `score` and `match`. Nothing is kept.
        """
        if len(request.queries) > 1:  # the first is paid for
            await gateway.admission.charge(call, len(request.queries) - 1)
        asked = urlencode(given.model_dump(exclude_unset=True), doseq=True)
        path = f"/match/{dataset}" + (f"?{asked}" if asked else "")
        return await passthrough.ask(gateway, "sanctions", path, request, call)

    return routes
