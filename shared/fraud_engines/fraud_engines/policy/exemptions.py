"""The policy step after risk: which exemptions from strong customer authentication an
approved payment may ask for (RTS on SCA, Delegated Regulation (EU) 2018/389).

Low value: article 16. Transaction risk analysis: article 18 and the reference fraud rates
of its annex. What needs figures from elsewhere (the counters since the last authentication,
the measured fraud rate) is offered with its limits, and whoever has the figures decides.
"""

from collections.abc import Iterator
from typing import Annotated

from pydantic import Field

from fraud_shared.contracts.base import AmountMinor, Contract, NonNegative, Probability
from fraud_shared.contracts.decision import (
    DecideRequest,
    ExemptionOffer,
    Ruling,
    Verdict,
)
from fraud_shared.contracts.degraded import is_whole
from fraud_shared.contracts.transaction import Channel, Kind

_REMOTE: frozenset[Channel] = frozenset({"ecommerce", "mobile", "online_banking"})
_KINDS: frozenset[Kind] = frozenset({"card_payment", "transfer"})


class LowValue(Contract):
    """Remote payments of little value: each, in a row, and together since the last
    authentication. Reference minor units."""

    amount_max_minor: AmountMinor
    payments_max: Annotated[int, Field(ge=1)]
    sum_max_minor: AmountMinor


class RateBand(Contract):
    """Up to which amount an exemption may be asked for at which measured fraud rate."""

    to_minor: AmountMinor
    rate_bp: NonNegative


class RiskAnalysis(Contract):
    """Transaction risk analysis: payments of low risk, by band of the amount."""

    risk_max: Probability
    card: tuple[RateBand, ...]
    transfer: tuple[RateBand, ...]


class ExemptionsSection(Contract):
    """Which exemptions are asked for; one that is absent is never asked for."""

    low_value: LowValue | None = None
    risk_analysis: RiskAnalysis | None = None


def offers(
    section: ExemptionsSection, request: DecideRequest, ruling: Ruling
) -> Iterator[ExemptionOffer]:
    """What may be asked for, the first that fits first: only for an approval on whole
    evidence that no rule and no list speaks against."""
    if (
        ruling.decision is not Verdict.APPROVE
        or ruling.stand_in
        or not request.may_be_exempt
        or not is_whole(ruling.degraded)
        or request.kind not in _KINDS
        or request.channel not in _REMOTE
        or request.rules.rules_flag != "ALLOW"
        or request.screening.status != "clear"
    ):
        return
    amount, low = request.amount_ref_minor, section.low_value
    if low is not None and amount <= low.amount_max_minor:
        yield ExemptionOffer(
            exemption="low_value",
            payments_max=low.payments_max,
            sum_max_minor=low.sum_max_minor,
        )
    analysis = section.risk_analysis
    if analysis is None or ruling.risk is None or ruling.risk > analysis.risk_max:
        return
    bands = analysis.card if request.kind == "card_payment" else analysis.transfer
    fitting = sorted(
        (b for b in bands if amount <= b.to_minor), key=lambda band: band.to_minor
    )
    if fitting:
        yield ExemptionOffer(
            exemption="transaction_risk_analysis", rate_max_bp=fitting[0].rate_bp
        )
