"""The service's routes."""

from fastapi import APIRouter

from fraud_decision.service import PolicyService
from fraud_shared.contracts.decision import DecideRequest, Ruling
from fraud_shared.state import version_routes
from fraud_shared.web.service import HotRoute, RequestContext


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
    """Policies: versions, and their way into force."""
    return version_routes.router(service, path="/v1/policies", noun="Policy")
