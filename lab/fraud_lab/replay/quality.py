"""How good the decisions were, day by day."""

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from datetime import date, timedelta
from pathlib import Path

import numpy as np
from rich.table import Table
from sklearn.metrics import average_precision_score, roc_auc_score

from fraud_lab.handbook.payments import transaction_name
from fraud_lab.replay.plan import Plan
from fraud_lab.replay.player import Outcome
from fraud_scoring.serving.scorer import Floats64
from fraud_scoring.training.dataset import Flags, Rows
from fraud_scoring.training.metrics import daily_card_precision


@dataclass(frozen=True)
class Quality:
    """Figures of some payments; None where there was no fraud to find. Cards found on an
    earlier day are out of the card precision; over all days it is the mean."""

    day: str
    payments: int
    frauds: int
    stopped: float | None
    disturbed: float
    average_precision: float | None
    roc_auc: float | None
    card_precision_100: float | None


def by_day(plan: Plan, outcome: Outcome, first: date) -> list[Quality]:
    """One row per day of the data, and one over all of them."""
    numbers = plan.data.transaction_id[plan.past :].tolist()
    names = [transaction_name(number) for number in numbers]
    decided = np.array([name in outcome.verdicts for name in names])
    stopped = np.array([outcome.verdicts.get(name) != "APPROVE" for name in names])
    # Without a risk model a payment ranks last: its risk is unknown, not high.
    risk = np.array([outcome.risks.get(name) or 0.0 for name in names])
    fraud = plan.data.fraud[plan.past :]
    card = plan.data.card[plan.past :]
    day = plan.data.day[plan.past :] - plan.data.day[plan.past]
    none = np.empty((int(decided.sum()), 0), dtype=np.float32)
    rows = Rows(none, fraud[decided], np.ones(len(none)), day[decided], card[decided])
    daily = daily_card_precision(rows, risk[decided], 100)
    found = []
    for number in np.unique(day).tolist():
        here = decided & (day == number)
        title = str(first + timedelta(days=number))
        found.append(
            _quality(title, fraud[here], stopped[here], risk[here], daily.get(number))
        )
    mean = float(np.mean(list(daily.values()))) if daily else None
    found.append(_quality("all", fraud[decided], stopped[decided], risk[decided], mean))
    return found


def _quality(
    title: str, fraud: Flags, stopped: Flags, risk: Floats64, cards: float | None
) -> Quality:
    both = bool(fraud.any()) and not bool(fraud.all())
    return Quality(
        day=title,
        payments=len(fraud),
        frauds=int(fraud.sum()),
        stopped=round(float(stopped[fraud].mean()), 4) if fraud.any() else None,
        disturbed=round(float(stopped[~fraud].mean()), 4),
        average_precision=(
            round(float(average_precision_score(fraud, risk)), 4) if both else None
        ),
        roc_auc=round(float(roc_auc_score(fraud, risk)), 4) if both else None,
        card_precision_100=None if cards is None else round(cards, 4),
    )


def table(days: Sequence[Quality]) -> Table:
    """The rows as a table."""
    shown = Table(
        *("day", "payments", "frauds", "fraud stopped", "good disturbed"),
        *("average precision", "ROC AUC", "card precision@100"),
        title="Decisions by day",
    )
    for row in days:
        if row.day == "all":
            shown.add_section()
        shown.add_row(*("-" if v is None else str(v) for v in asdict(row).values()))
    return shown


def plot(days: Sequence[Quality], folder: Path) -> Path:
    """A picture of the rows in `folder`; returns its path."""
    import matplotlib

    matplotlib.use("Agg")
    from matplotlib import pyplot

    daily = [row for row in days if row.day != "all"]
    names = [row.day[5:] for row in daily]
    figure, (upper, lower) = pyplot.subplots(2, 1, sharex=True, figsize=(8, 6))
    upper.plot(names, [row.stopped for row in daily], "o-", label="fraud stopped")
    upper.plot(names, [row.disturbed for row in daily], "o-", label="good disturbed")
    lower.plot(
        names, [row.average_precision for row in daily], "o-", label="average precision"
    )
    lower.plot(
        names,
        [row.card_precision_100 for row in daily],
        "o-",
        label="card precision@100",
    )
    for axes in (upper, lower):
        axes.set_ylim(0, 1)
        axes.grid(alpha=0.3)
        axes.legend()
    upper.set_title("Decisions by day of the replay")
    figure.tight_layout()
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / "replay_handbook.png"
    figure.savefig(path, dpi=120)
    pyplot.close(figure)
    return path
