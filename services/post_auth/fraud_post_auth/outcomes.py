"""What became of a payment: what stands of all that was reported about it, and whether a
model may learn from it yet."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Literal, NamedTuple

from fraud_features.definitions.label_resolution import (
    ReportedLabel,
    State,
    effective_label,
)
from fraud_shared.contracts.label import LabelSource

Source = LabelSource | Literal["maturity", "presumed"]

# Training weight by source. A passed challenge only shows that somebody held the phone, so
# it counts half; customers and merchants are mostly right; the others are findings.
WEIGHTS: Mapping[Source, float] = {
    "chargeback": 1.0,
    "issuer": 1.0,
    "analyst": 1.0,
    "customer_report": 0.9,
    "merchant": 0.8,
    "challenge": 0.5,
    "maturity": 1.0,
    "presumed": 0.0,
}


class SourceTiming(NamedTuple):
    """Of all frauds, the share that a source is the first to report, and the event time
    within which it has done so."""

    share: float
    within: timedelta


# Maturity by source: staff look at a case within days, customers read their statements,
# issuers follow, and a chargeback may take its whole window (Visa and Mastercard: 120 days,
# nearly all within 75).
TIMINGS: Mapping[LabelSource, SourceTiming] = {
    "analyst": SourceTiming(0.05, timedelta(days=3)),
    "customer_report": SourceTiming(0.55, timedelta(days=10)),
    "issuer": SourceTiming(0.10, timedelta(days=30)),
    "chargeback": SourceTiming(0.30, timedelta(days=75)),
}
# A payment this fresh says nothing yet.
LEAST_WEIGHT = 0.05


@dataclass(frozen=True, slots=True)
class Outcome:
    """The standing label. `reversed`: there were reports, and all were withdrawn."""

    state: State
    source: Source | None
    reported_at: datetime | None

    @property
    def weight(self) -> float:
        """How much a training row with this label counts; 0 without one."""
        return WEIGHTS[self.source] if self.source is not None else 0.0


def fold(reports: Iterable[ReportedLabel[datetime]]) -> Outcome:
    """The outcome of a set of reports, by the rule that training uses as well."""
    found = effective_label(reports)
    return Outcome(found.state, found.source, found.reported_at)


def settled(
    outcome: Outcome, occurred_at: datetime, as_of: datetime, maturity: timedelta
) -> Outcome | None:
    """The outcome a model may learn from at `as_of`; None while it is too early to say.

    Silence for the whole maturity window is a legitimate payment, and lifts a merely
    passed challenge to full weight. Both times are event times.
    """
    if outcome.state == "undetermined":
        # A dispute about something else, or a refund, says nothing either way, and the
        # silence about fraud after it proves nothing: such a payment trains no model.
        return None
    mature = occurred_at + maturity <= as_of
    if outcome.state == "fraud":
        return outcome
    if outcome.state == "legitimate":
        weak = outcome.weight < WEIGHTS["maturity"] and mature
        return Outcome("legitimate", "maturity", as_of) if weak else outcome
    return Outcome("legitimate", "maturity", as_of) if mature else None


def silence_weight(age: timedelta, maturity: timedelta) -> float:
    """The chance that a fraud of this age would have been reported by now, 0 to 1: how much
    a payment counts as legitimate that nobody has reported.

    Each source's reports are taken to come in evenly over its time, which the maturity
    window bounds. As frauds that are known at that age are as rare as this, weighting the
    silent ones by it leaves the rate of fraud as it is (inverse probability of reporting).
    """
    if age >= maturity:
        return 1.0
    return sum(
        timing.share * min(1.0, age / min(timing.within, maturity))
        for timing in TIMINGS.values()
    )


def learnable(
    outcome: Outcome, occurred_at: datetime, as_of: datetime, maturity: timedelta
) -> tuple[Outcome, float] | None:
    """What a model may learn from at `as_of`, and its weight: what is settled, and before
    that silence, presumed legitimate with the weight that its age gives it. None while that
    is next to nothing."""
    known = settled(outcome, occurred_at, as_of, maturity)
    if known is not None:
        return known, known.weight
    if outcome.state == "undetermined":
        # It was spoken of: what follows is no silence.
        return None
    weight = silence_weight(as_of - occurred_at, maturity)
    if weight < LEAST_WEIGHT:
        return None
    return Outcome("legitimate", "presumed", None), weight
