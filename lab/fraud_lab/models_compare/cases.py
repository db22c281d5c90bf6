"""Recorded decisions with both scores and a settled label, as columns.

A payment counts once its label is settled: reported fraud, a report to the contrary, or
silence for the maturity window. Payments that a rule blocked before any model was asked,
and those that only one model scored, are counted and left out.
"""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta

import numpy as np

from fraud_engines.policy.policy import Policy
from fraud_features.definitions.label_resolution import ReportedLabel
from fraud_post_auth.outcomes import fold, settled
from fraud_scoring.serving.scorer import Floats64
from fraud_scoring.training.dataset import Flags, Integers
from fraud_shared.contracts.decision import DecisionMade, RiskModel, Verdict
from fraud_shared.contracts.label import LabelReported
from fraud_shared.contracts.signal import ModelRef, Signal

CHAMPION: RiskModel = "xgboost"
CHALLENGER: RiskModel = "lightgbm"
PAIR: tuple[RiskModel, RiskModel] = (CHAMPION, CHALLENGER)
Reports = Mapping[tuple[str, str], Sequence[LabelReported]]
DAY_S = 86_400


@dataclass(frozen=True, slots=True)
class Case:
    """One payment. `raw` and `score` (calibrated), `verdict` (its severity under the
    policy, had this model decided) and `cost` (minor units, given what the payment turned
    out to be) are of champion and challenger."""

    account: str
    card: str
    day: int
    fraud: bool
    amount_minor: int
    raw: tuple[float, float]
    score: tuple[float, float]
    verdict: tuple[int, int]
    cost: tuple[float, float]


@dataclass
class Cases:
    """Columns of all cases; `left_out` counts the rest by reason."""

    rows: list[Case] = field(default_factory=list)
    left_out: Counter[str] = field(default_factory=Counter)
    versions: Counter[tuple[str, str]] = field(default_factory=Counter)
    # Payments that the challenger decided, in the log as it is.
    decided_by_challenger: int = 0

    def __len__(self) -> int:
        return len(self.rows)

    @property
    def fraud(self) -> Flags:
        """Whether each payment was fraudulent."""
        return np.array([case.fraud for case in self.rows], dtype=bool)

    @property
    def day(self) -> Integers:
        """The UTC day of each payment, counted from 1970."""
        return np.array([case.day for case in self.rows], dtype=np.int64)

    @property
    def account(self) -> Integers:
        """Accounts by number."""
        return _numbers([case.account for case in self.rows])

    @property
    def card(self) -> Integers:
        """Cards (accounts, where there is none) by number."""
        return _numbers([case.card for case in self.rows])

    def raw(self, side: int) -> Floats64:
        """The raw scores of champion (0) or challenger (1)."""
        return np.array([case.raw[side] for case in self.rows])

    def score(self, side: int) -> Floats64:
        """The calibrated scores."""
        return np.array([case.score[side] for case in self.rows])

    def verdict(self, side: int) -> Integers:
        """Severities of the verdicts: 0 approve, 1 challenge, 2 decline."""
        return np.array([case.verdict[side] for case in self.rows], dtype=np.int64)

    def cost(self, side: int) -> Floats64:
        """What the verdicts cost, in minor units of the reference currency."""
        return np.array([case.cost[side] for case in self.rows])

    def add(
        self,
        records: Iterable[DecisionMade],
        reports: Reports,
        policy: Policy,
        *,
        as_of: datetime,
        maturity: timedelta,
    ) -> None:
        """Take in a page of the decision log."""
        for record in records:
            found = _case(record, reports, policy, as_of, maturity)
            if isinstance(found, str):
                self.left_out[found] += 1
                continue
            case, versions = found
            self.rows.append(case)
            self.versions[versions] += 1
            self.decided_by_challenger += record.context.risk_model == CHALLENGER


def _case(
    record: DecisionMade,
    reports: Reports,
    policy: Policy,
    as_of: datetime,
    maturity: timedelta,
) -> tuple[Case, tuple[str, str]] | str:
    """The case of one decision, or why there is none."""
    payment, signals = record.transaction, record.decision.signals
    pair = [_scored(signals, source) for source in PAIR]
    if pair[0] is None or pair[1] is None:
        blocked = record.decision.rules_flag == "BLOCK"
        return "blocked by a rule" if blocked else "not scored by both"
    key = (record.owner, payment.transaction_id)
    outcome = settled(
        fold(reported_label(report) for report in reports.get(key, ())),
        payment.occurred_at,
        as_of,
        maturity,
    )
    if outcome is None:
        return "too early to say"
    fraud, amount = outcome.state == "fraud", record.context.amount_ref_minor
    rulings = [_ruled(policy, record, source) for source in PAIR]
    costs = policy.document.costs
    case = Case(
        account=payment.account_id,
        card=payment.card.token if payment.card else payment.account_id,
        day=int(payment.occurred_at.timestamp()) // DAY_S,
        fraud=fraud,
        amount_minor=amount,
        raw=(_raw(pair[0]), _raw(pair[1])),
        score=(pair[0].score or 0.0, pair[1].score or 0.0),
        verdict=(rulings[0].severity, rulings[1].severity),
        cost=(
            costs.of(rulings[0], float(fraud), amount),
            costs.of(rulings[1], float(fraud), amount),
        ),
    )
    return case, (_version(pair[0].model), _version(pair[1].model))


def _scored(signals: Sequence[Signal], source: RiskModel) -> Signal | None:
    for signal in signals:
        if signal.source == source and signal.outcome == "scored":
            return signal
    return None


def _ruled(policy: Policy, record: DecisionMade, source: RiskModel) -> Verdict:
    request = record.request().model_copy(update={"risk_model": source})
    return policy.decide(request).decision


def _raw(signal: Signal) -> float:
    return signal.raw["fraud_score"]


def _version(model: ModelRef | None) -> str:
    return "?" if model is None else f"{model.name}@{model.version}+{model.hash[:8]}"


def reported_label(report: LabelReported) -> ReportedLabel[datetime]:
    """A report as it is resolved with others."""
    return ReportedLabel(
        label=report.label,
        source=report.source,
        reported_at=report.reported_at,
        reversal=report.reversal,
    )


def _numbers(names: Sequence[str]) -> Integers:
    numbers: dict[str, int] = {}
    found = [numbers.setdefault(name, len(numbers)) for name in names]
    return np.array(found, dtype=np.int64)
