"""What stands about a payment after all that was reported about it: the one rule, for the
online store, for training, for datasets and for a rebuild.

Of each source its newest report counts, and a reversal withdraws that source's. Among what
is left the strongest source decides; what says nothing of fraud (`undetermined`: a dispute
about something else, a refund) counts beside it, and only keeps a payment that nobody calls
fraud from being called legitimate. Only the set of reports matters, neither their order nor
their repetition.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import Generic, Literal, TypeVar

from fraud_shared.contracts.label import LabelName, LabelSource

Label = LabelName
State = Literal["pending", "fraud", "legitimate", "undetermined", "reversed"]
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
        self._newest: dict[tuple[LabelSource, bool], ReportedLabel[Moment]] = {}

    def add(self, report: ReportedLabel[Moment]) -> None:
        """Take a report into account; one that is known, or older, changes nothing."""
        key = (report.source, report.label == "undetermined")
        known = self._newest.get(key)
        if known is None or _newer(report, known):
            self._newest[key] = report

    def standing(self) -> EffectiveLabel[Moment]:
        """What stands after all of them."""
        newest = self._newest
        said, unsaid = self._strongest(False), self._strongest(True)
        if unsaid is not None and (said is None or said.label != "fraud"):
            said = unsaid
        if said is not None:
            return EffectiveLabel(said.label, said.source, said.reported_at)
        withdrawn = max((r.reported_at for r in newest.values()), default=None)
        return EffectiveLabel("reversed" if newest else "pending", None, withdrawn)

    def _strongest(self, undetermined: bool) -> ReportedLabel[Moment] | None:
        """What the strongest source says that has not withdrawn it."""
        reports = (self._newest.get((source, undetermined)) for source in AUTHORITY)
        return next((r for r in reports if r is not None and not r.reversal), None)


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
