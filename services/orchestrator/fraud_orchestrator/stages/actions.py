"""Stage: what is done about the verdict; queued for later when the service is away."""

from pydantic import ValidationError

from fraud_shared.contracts.action import ActionReply, ActionRequest, ActionResult
from fraud_shared.mesh.client import ServiceClient
from fraud_shared.mesh.deadline import Deadline
from fraud_shared.mesh.errors import DependencyError
from fraud_shared.web.context import RequestContext


class Actions:
    """Asks the action service."""

    def __init__(self, service_client: ServiceClient, *, cap_ms: float) -> None:
        self._service_client = service_client
        self._cap_ms = cap_ms

    async def execute(
        self, request: ActionRequest, context: RequestContext | None, deadline: Deadline
    ) -> tuple[ActionResult, ...] | None:
        """The results, or None when they must be queued. Repeating changes nothing."""
        try:
            reply = await self._service_client.ask(
                "action",
                "/execute",
                request,
                ActionReply,
                deadline=deadline,
                cap_ms=self._cap_ms,
                context=context,
            )
            return reply.results
        except (DependencyError, ValidationError):
            return None
