"""Stage: sanctions screening of customer and counterparty, beside everything else."""

from pydantic import ValidationError

from fraud_shared.contracts.screening import (
    PartyQuery,
    PaymentRef,
    ScreeningRequest,
    ScreeningResult,
)
from fraud_shared.mesh.client import ServiceClient
from fraud_shared.mesh.deadline import Deadline
from fraud_shared.mesh.errors import DependencyError
from fraud_shared.web.context import RequestContext

NOBODY_NAMED = ScreeningResult(status="clear", detail="NO_NAMES")


class Screening:
    """Asks the sanctions service."""

    def __init__(self, service_client: ServiceClient) -> None:
        self._service_client = service_client

    async def screen(
        self,
        parties: tuple[PartyQuery, ...],
        context: RequestContext,
        deadline: Deadline,
        *,
        payment: PaymentRef | None = None,
    ) -> ScreeningResult:
        """The result, or `unavailable` when there is none in time: never clear.

        `payment`: whose parties these are; they are then screened again when a list changes.
        """
        if not parties:
            return NOBODY_NAMED
        request = ScreeningRequest(parties=parties, payment=payment)
        body = request.model_dump_json().encode()
        try:
            reply = await self._service_client.call(
                "sanctions",
                "/screen",
                body,
                deadline=deadline,
                cap_ms=deadline.remaining_ms(),
                context=context,
                idempotent=True,
            )
            return ScreeningResult.model_validate_json(reply)
        except (DependencyError, ValidationError):
            return ScreeningResult(status="unavailable", detail="SANCTIONS_UNAVAILABLE")
