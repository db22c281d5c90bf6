"""Stage: the exemption from strong customer authentication that a payment asks for."""

from fraud_orchestrator.measured_rates import MeasuredRates
from fraud_orchestrator.stores.sca import ScaCounters, instrument_of
from fraud_orchestrator.telemetry import EXEMPTIONS
from fraud_shared.contracts.acceptance import Exemption
from fraud_shared.contracts.decision import ExemptionOffer, Ruling
from fraud_shared.contracts.transaction import Transaction
from fraud_shared.mesh.deadline import Deadline
from fraud_shared.web.problems import Unavailable


class Exemptions:
    """Takes the first of the policy's offers for which the figures are there."""

    def __init__(self, counters: ScaCounters, rates: MeasuredRates) -> None:
        self._counters = counters
        self._rates = rates

    async def choose(
        self,
        ruling: Ruling,
        payment: Transaction,
        client: str,
        amount_ref_minor: int,
        deadline: Deadline,
    ) -> Exemption | None:
        """What is asked for, None for nothing: then the payer is authenticated. Without
        counters or a fresh rate nothing is asked for."""
        for offer in ruling.exemptions:
            if offer.exemption == "low_value":
                outcome = await self._low_value(
                    offer, payment, client, amount_ref_minor, deadline
                )
            else:
                outcome = self._risk_analysis(offer, payment)
            EXEMPTIONS.labels(offer.exemption, outcome).inc()
            if outcome == "asked":
                return offer.exemption
        return None

    async def _low_value(
        self,
        offer: ExemptionOffer,
        payment: Transaction,
        client: str,
        amount_ref_minor: int,
        deadline: Deadline,
    ) -> str:
        assert offer.payments_max is not None
        assert offer.sum_max_minor is not None
        try:
            claimed = await self._counters.claim(
                instrument_of(client, payment),
                amount_ref_minor,
                deadline,
                payments_max=offer.payments_max,
                sum_max_minor=offer.sum_max_minor,
            )
        except Unavailable:
            return "unknown"
        return "asked" if claimed else "used_up"

    def _risk_analysis(self, offer: ExemptionOffer, payment: Transaction) -> str:
        assert offer.rate_max_bp is not None
        rate = self._rates.rate_bp("transfer" if payment.kind == "transfer" else "card")
        if rate is None:
            return "unknown"
        return "asked" if rate <= offer.rate_max_bp else "rate_too_high"

    async def authenticated(self, payment: Transaction, client: str) -> None:
        """The payer of a payment was strongly authenticated: counting begins again."""
        await self._counters.reset(instrument_of(client, payment))
