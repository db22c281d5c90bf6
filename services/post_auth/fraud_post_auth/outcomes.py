"""What became of a payment: what stands of all that was reported about it, and whether a
model may learn from it yet."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Literal

from fraud_features.definitions.label_resolution import (
    ReportedLabel,
    State,
    effective_label,
)
from fraud_shared.contracts.label import LabelSource

Source = LabelSource | Literal["maturity"]

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
}


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
