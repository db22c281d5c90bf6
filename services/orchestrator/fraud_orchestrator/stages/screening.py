"""Stage: sanctions screening of everybody whom a payment names, beside everything else."""

from collections.abc import Mapping

from pydantic import ValidationError

from fraud_shared.contracts.screening import (
    PartyQuery,
    PaymentRef,
    ScreeningRequest,
    ScreeningResult,
)
from fraud_shared.contracts.transaction import Kind
from fraud_shared.mesh.client import ServiceClient
from fraud_shared.mesh.deadline import Deadline
from fraud_shared.mesh.errors import DependencyError
from fraud_shared.web.context import RequestContext

NOBODY_NAMED = ScreeningResult(status="clear", detail="NO_NAMES")
INCOMPLETE = "SCREENING_INCOMPLETE"
# Who must be named, by kind of payment: whoever is sent money to. Where a card pays, the
# acquirer knows the merchant by its id.
MUST_BE_NAMED: Mapping[Kind, frozenset[str]] = {
    "card_payment": frozenset(),
    "transfer": frozenset({"counterparty"}),
    "withdrawal": frozenset(),
    "refund": frozenset(),
    "account_verification": frozenset(),
    "payout": frozenset({"counterparty"}),
    "login": frozenset(),
    "signup": frozenset({"customer"}),
}


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
        kind: Kind | None = None,
    ) -> ScreeningResult:
        """The result, or `unavailable` when there is none in time: never clear.

        `payment`: whose parties these are; they are then screened again when a list changes.
        `kind`: what is paid; where somebody who must be named is not, what would be clear is
        `incomplete`.
        """
        result = await self._ask(parties, context, deadline, payment)
        named = {party.role for party in parties if party.name is not None}
        if kind is None or MUST_BE_NAMED[kind] <= named or result.status != "clear":
            return result
        # That lists are old is said as well as that a name is missing.
        stale = result.detail not in (None, NOBODY_NAMED.detail)
        detail = result.detail if stale else INCOMPLETE
        return result.model_copy(update={"status": "incomplete", "detail": detail})

    async def _ask(
        self,
        parties: tuple[PartyQuery, ...],
        context: RequestContext,
        deadline: Deadline,
        payment: PaymentRef | None,
    ) -> ScreeningResult:
        if not parties:
            return NOBODY_NAMED
        request = ScreeningRequest(parties=parties, payment=payment)
        try:
            return await self._service_client.ask(
                "sanctions",
                "/screen",
                request,
                ScreeningResult,
                deadline=deadline,
                cap_ms=deadline.remaining_ms(),
                context=context,
                idempotent=True,
            )
        except (DependencyError, ValidationError):
            return ScreeningResult(status="unavailable", detail="SANCTIONS_UNAVAILABLE")
