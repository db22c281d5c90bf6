"""The service's routes."""

from typing import Annotated, Any

from fastapi import APIRouter, Depends
from pydantic import BaseModel, ConfigDict, Field

from fraud_decision.service import PolicyService
from fraud_engines.policy.policy import Policy
from fraud_shared.contracts.decision import DecideRequest, Ruling
from fraud_shared.web.guard import require_service
from fraud_shared.web.service import HotRoute, RequestContext


class PolicyView(BaseModel):
    """The policy in force; `hash` is the SHA-256 of its file."""

    model_config = ConfigDict(frozen=True)

    policy: str
    hash: Annotated[str, Field(pattern=r"^[0-9a-f]{64}$")]
    document: dict[str, Any]


def hot(service: PolicyService) -> list[HotRoute]:
    """The route on the payment's path."""

    async def decide(request: DecideRequest, context: RequestContext) -> Ruling:
        """The verdict on everything that was found out, with its reasons."""
        ruling = service.decide(request)
        context.log(verdict=ruling.decision, policy=ruling.policy)
        return ruling

    return [
        HotRoute(
            "/decide",
            request=DecideRequest,
            response=Ruling,
            handler=decide,
            operation_id="decide",
            summary="Rule on one payment",
        )
    ]


def router(service: PolicyService) -> APIRouter:
    """Looking at the policy, and reloading it."""
    routes = APIRouter(
        prefix="/v1/policies",
        tags=["policies"],
        dependencies=[Depends(require_service)],
    )

    @routes.get("", operation_id="getPolicy")
    async def show() -> PolicyView:
        """The policy in force, in full."""
        return _view(service.policy)

    @routes.post("/reload", operation_id="reloadPolicy")
    async def reload() -> PolicyView:
        """Load the policy file again; 422 with its errors, and no change, if it is bad."""
        return _view(await service.reload())

    return routes


def _view(policy: Policy) -> PolicyView:
    return PolicyView(
        policy=policy.version,
        hash=policy.content_hash,
        document=policy.document.model_dump(mode="json", by_alias=True),
    )
