"""Routes of feeds: what became of payments, and what happened to them."""

from fraud_orchestrator.gateway import Gateway
from fraud_shared.contracts.disputes import ReportIncomplete, report_of
from fraud_shared.contracts.label import LabelAccepted, LabelReportIn
from fraud_shared.contracts.payment_events import PaymentEvent, PaymentEventAccepted
from fraud_shared.web.context import RequestContext
from fraud_shared.web.problems import InvalidInput
from fraud_shared.web.service import HotRoute


def hot(gateway: Gateway) -> list[HotRoute]:
    """Labels and payment events, for keys that may report."""

    async def label(given: LabelReportIn, context: RequestContext) -> LabelAccepted:
        """Report what happened to a payment, or withdraw such a report.

        With an `event` in the words of schemes and processors, label and source follow
        from it: only fraud reports and fraud reason codes say fraud.
        """
        gateway.check_past("reported_at", given.reported_at)
        try:
            report = report_of(given)
        except ReportIncomplete as error:
            raise InvalidInput(errors=[(error.field, error.problem)]) from None
        return await gateway.labels.report(report, context)

    async def payment_event(
        given: PaymentEvent, context: RequestContext
    ) -> PaymentEventAccepted:
        """Report what happened to a payment besides its decision: authorised, declined,
        captured, voided, refunded, 3-D Secure finished. Stored and published once."""
        gateway.check_past("occurred_at", given.occurred_at)
        accepted = await gateway.payment_events.report(given, context)
        await gateway.heed(given, context.caller)
        return accepted

    charge = gateway.admission.charge
    return [
        HotRoute(
            "/v1/labels",
            LabelReportIn,
            LabelAccepted,
            label,
            "reportLabel",
            "Report the outcome of a payment",
            guard=gateway.admission.guard("label"),
            strict=True,
            tags=("labels",),
            charge=charge,
            lane="questions",
        ),
        HotRoute(
            "/v1/events",
            PaymentEvent,
            PaymentEventAccepted,
            payment_event,
            "reportEvent",
            "Report what happened to a payment",
            guard=gateway.admission.guard("label"),
            strict=True,
            tags=("labels",),
            charge=charge,
            lane="questions",
        ),
    ]
