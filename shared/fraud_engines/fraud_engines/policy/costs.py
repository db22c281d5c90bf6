"""What each verdict costs in expectation, in minor units of the reference currency."""

from collections.abc import Sequence
from typing import Annotated

from pydantic import Field

from fraud_shared.contracts.base import AmountMinor, Contract, Probability
from fraud_shared.contracts.decision import Verdict


class Costs(Contract):
    """The cost table. Shares are of the amount; the rest is fixed, per payment."""

    loss_share: Probability
    loss_fee_minor: AmountMinor
    challenge_minor: AmountMinor
    # Share of fraud that a challenge stops, and of good payments that it loses.
    challenge_stops: Probability
    challenge_loses: Probability
    false_decline_share: Annotated[float, Field(ge=0.0, le=10.0)]
    false_decline_minor: AmountMinor

    def exposure(self, amount_minor: int) -> float:
        """What an approved fraud of this amount loses."""
        return amount_minor * self.loss_share + self.loss_fee_minor

    def of(self, verdict: Verdict, risk: float, amount_minor: int) -> float:
        """The expected cost of a verdict for a payment with this probability of fraud."""
        loss = self.exposure(amount_minor)
        lost_sale = amount_minor * self.false_decline_share + self.false_decline_minor
        if verdict is Verdict.APPROVE:
            return risk * loss
        if verdict is Verdict.CHALLENGE:
            return (
                self.challenge_minor
                + risk * (1.0 - self.challenge_stops) * loss
                + (1.0 - risk) * self.challenge_loses * lost_sale
            )
        return (1.0 - risk) * lost_sale

    def cheapest(
        self, allowed: Sequence[Verdict], risk: float, amount_minor: int
    ) -> Verdict:
        """The cheapest allowed verdict; between equals the milder (listed first)."""
        if len(allowed) == 1:
            return allowed[0]
        return min(allowed, key=lambda verdict: self.of(verdict, risk, amount_minor))
