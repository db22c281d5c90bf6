"""What stands about a payment after all that was reported about it: the one rule, for the
online store, for training, for datasets and for a rebuild.

Of each source its newest report counts, and a reversal withdraws that source's. Among what
is left the strongest source decides. Only the set of reports matters, neither their order
nor their repetition.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import Generic, Literal, TypeVar

from fraud_shared.contracts.label import LabelSource

Label = Literal["fraud", "legitimate"]
State = Literal["pending", "fraud", "legitimate", "reversed"]
# A time, or microseconds since 1970: whatever the caller compares.
Moment = TypeVar("Moment", datetime, int)

# Strongest first: when sources disagree, the one whose finding costs it most wins.
AUTHORITY: tuple[LabelSource, ...] = (
    "chargeback",
    "issuer",
    "analyst",
    "customer_report",
    "merchant",
    "challenge",
)


@dataclass(frozen=True, slots=True)
class ReportedLabel(Generic[Moment]):
    """What one source said about a payment, or that it takes back what it said."""

    label: Label
    source: LabelSource
    reported_at: Moment
    reversal: bool = False


@dataclass(frozen=True, slots=True)
class EffectiveLabel(Generic[Moment]):
    """The label that stands, whose it is, and since when. `pending`: nothing was ever
    reported. `reversed`: all was withdrawn, the last of it at `reported_at`."""

    state: State
    source: LabelSource | None
    reported_at: Moment | None


class LabelResolver(Generic[Moment]):
    """What stands about one payment, as its reports come in."""

    __slots__ = ("_newest",)

    def __init__(self) -> None:
        self._newest: dict[LabelSource, ReportedLabel[Moment]] = {}

    def add(self, report: ReportedLabel[Moment]) -> None:
        """Take a report into account; one that is known, or older, changes nothing."""
        known = self._newest.get(report.source)
        if known is None or _newer(report, known):
            self._newest[report.source] = report

    def standing(self) -> EffectiveLabel[Moment]:
        """What stands after all of them."""
        newest = self._newest
        for source in AUTHORITY:
            report = newest.get(source)
            if report is not None and not report.reversal:
                return EffectiveLabel(report.label, source, report.reported_at)
        withdrawn = max((r.reported_at for r in newest.values()), default=None)
        return EffectiveLabel("reversed" if newest else "pending", None, withdrawn)


def effective_label(reports: Iterable[ReportedLabel[Moment]]) -> EffectiveLabel[Moment]:
    """What stands after a set of reports."""
    fold: LabelResolver[Moment] = LabelResolver()
    for report in reports:
        fold.add(report)
    return fold.standing()


def _newer(report: ReportedLabel[Moment], known: ReportedLabel[Moment]) -> bool:
    if report.reported_at != known.reported_at:
        return report.reported_at > known.reported_at
    # Two words of one source at one instant: which comes first must not matter.
    return (report.reversal, report.label) > (known.reversal, known.label)
