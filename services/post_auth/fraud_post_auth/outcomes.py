"""What became of a payment: the fold of everything that was reported about it.

The fold looks at the set of reports only, so neither order nor repetition matters.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Literal

from fraud_shared.contracts.label import LabelSource

Label = Literal["fraud", "legitimate"]
State = Literal["pending", "fraud", "legitimate", "reversed"]
Source = LabelSource | Literal["maturity"]

# Strongest first: when sources disagree, the one whose finding costs it most wins.
AUTHORITY: tuple[LabelSource, ...] = (
    "chargeback",
    "issuer",
    "analyst",
    "customer_report",
    "merchant",
    "challenge",
)
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
class Report:
    """One label report."""

    label_id: str
    label: Label
    source: LabelSource
    reported_at: datetime
    reversal: bool


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


def fold(reports: Iterable[Report]) -> Outcome:
    """The outcome of a set of reports: each source's latest, then the strongest source."""
    latest: dict[LabelSource, Report] = {}
    for report in reports:
        known = latest.get(report.source)
        if known is None or _age(report) > _age(known):
            latest[report.source] = report
    for source in AUTHORITY:
        standing = latest.get(source)
        if standing is not None and not standing.reversal:
            return Outcome(standing.label, source, standing.reported_at)
    withdrawn = max((r.reported_at for r in latest.values()), default=None)
    return Outcome("reversed" if latest else "pending", None, withdrawn)


def _age(report: Report) -> tuple[datetime, bool, str, str]:
    # The tail only makes ties between equal times the same everywhere.
    return report.reported_at, report.reversal, report.label, report.label_id


def settled(
    outcome: Outcome, occurred_at: datetime, as_of: datetime, maturity: timedelta
) -> Outcome | None:
    """The outcome a model may learn from at `as_of`; None while it is too early to say.

    Silence for the whole maturity window is a legitimate payment, and lifts a merely
    passed challenge to full weight. Both times are event times.
    """
    mature = occurred_at + maturity <= as_of
    if outcome.state == "fraud":
        return outcome
    if outcome.state == "legitimate":
        weak = outcome.weight < WEIGHTS["maturity"] and mature
        return Outcome("legitimate", "maturity", as_of) if weak else outcome
    return Outcome("legitimate", "maturity", as_of) if mature else None
