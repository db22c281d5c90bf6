"""What is replayed: the handbook's payments of some days, and all that came before them.

The gateway decides payments of now, so every time is moved by one whole number of weeks:
hours, weekdays and all distances stay as they are.
"""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, timedelta
from typing import Any

import numpy as np
import numpy.typing as npt

from fraud_features.definitions.facts import microseconds
from fraud_features.store.observation import LabelEffect
from fraud_features.store.schema import DAY
from fraud_features.testing.payments import transaction_of
from fraud_lab.handbook.payments import Payments, flat_rows, labels
from fraud_ops.running import CommandError
from fraud_ops.train.history import History, Reports
from fraud_shared.contracts.transaction import Transaction

WEEK = 7 * DAY
LABEL_SOURCE = "chargeback"
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


class NoSuchDays(CommandError, ValueError):
    """The data has no payments on those days, or too few days before them."""


@dataclass(frozen=True, slots=True)
class Report:
    """A label that becomes known at `at`, in microseconds since 1970."""

    at: int
    transaction_id: str

    def body(self) -> dict[str, Any]:
        """The body of `POST /v1/labels`."""
        return {
            "transaction_id": self.transaction_id,
            "label": "fraud",
            "source": LABEL_SOURCE,
            "reported_at": moment(self.at).isoformat(),
        }


@dataclass(frozen=True)
class Plan:
    """Rows in order of time; the first `past` of them are history."""

    data: Payments
    rows: list[dict[str, Any]]
    past: int
    reports: list[Report]
    weeks: int

    @property
    def replayed(self) -> list[dict[str, Any]]:
        """The payments that go through the gateway."""
        return self.rows[self.past :]

    @property
    def history(self) -> History:
        """The past as `fraud train` needs it: frauds are known after their delay."""
        part = slice(0, self.past)
        place = {row["transaction_id"]: n for n, row in enumerate(self.rows[part])}
        known = [report for report in self.reports if report.transaction_id in place]
        return History(
            rows=self.rows[part],
            labels=[],
            at=self.data.at[part],
            card=self.data.card[part],
            fraud=self.data.fraud[part],
            reports=Reports(
                payment=np.array([place[r.transaction_id] for r in known], dtype=int),
                since=np.array([report.at for report in known], dtype=np.int64),
                fraud=np.ones(len(known), dtype=np.bool_),
                payments=self.past,
            ),
        )

    def frame_labels(self) -> Iterator[dict[str, Any]]:
        """The reports as `fraud_features.offline.frame.frame` reads them."""
        for report in self.reports:
            yield {**report.body(), "reported_at": report.at}


def plan(
    data: Payments, start: date, days: int, history_days: int, until: datetime
) -> Plan:
    """The payments of `days` days from `start` on and of `history_days` before, moved so
    that the last lies less than a week before `until`. Raises NoSuchDays."""
    first = microseconds(datetime(start.year, start.month, start.day, tzinfo=UTC))
    here = (data.at >= first - history_days * DAY) & (data.at < first + days * DAY)
    # A day is there when one of its payments is.
    if len(np.unique(data.at[here] // DAY)) != days + history_days:
        raise NoSuchDays(f"{days} days from {start} with {history_days} days before")
    chosen = _part(data, here)
    weeks = (microseconds(until) - int(chosen.at[-1])) // WEEK
    moved = replace(chosen, at=chosen.at + weeks * WEEK)
    rows = list(flat_rows(moved))
    reports = [Report(r["reported_at"], r["transaction_id"]) for r in labels(moved)]
    past = int((chosen.at < first).sum())
    return Plan(moved, rows, past, sorted(reports, key=lambda r: r.at), weeks)


def transaction(row: dict[str, Any]) -> Transaction:
    """A row as the payment that it is."""
    return transaction_of({**row, "occurred_at": moment(row["occurred_at"])})


def effect(row: dict[str, Any]) -> LabelEffect:
    """What a report of fraud means for the places of a payment."""
    return LabelEffect(
        transaction_id=row["transaction_id"],
        label="fraud",
        occurred_at=moment(row["occurred_at"]),
        terminal_id=row["terminal_id"],
        merchant_id=row["merchant_id"],
    )


def moment(t: int) -> datetime:
    """Microseconds since 1970 as a time."""
    return _EPOCH + timedelta(microseconds=t)


def _part(data: Payments, here: npt.NDArray[np.bool_]) -> Payments:
    return Payments(
        **{name: getattr(data, name)[here] for name in Payments.__dataclass_fields__}
    )
