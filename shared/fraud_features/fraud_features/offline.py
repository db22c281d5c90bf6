"""The offline frame: a history turned into training rows, point in time.

It drives the in-process executor and the same expressions as serving, payment by payment
in the order given, so a row holds what serving would have seen, bit for bit.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

import numpy as np
import polars as pl

from fraud_features.engine import Engine
from fraud_features.facts import Facts, facts_of, microseconds
from fraud_features.online import LabelEffect
from fraud_features.registry import BANK, FeatureSet
from fraud_shared.contracts.label import LabelReport
from fraud_shared.contracts.transaction import Transaction

# Rows that wait as Python tuples before they become columns.
CHUNK = 20_000
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)

Payment = Transaction | Mapping[str, Any]
Label = LabelReport | Mapping[str, Any]


def frame(
    payments: Iterable[Payment],
    labels: Iterable[Label] | None = None,
    *,
    features: FeatureSet = BANK,
    progress: Callable[[int], None] | None = None,
) -> pl.DataFrame:
    """One row per payment: transaction_id, occurred_at, account_id, then the features.

    `payments` come in order of arrival, as transactions or flat rows (`facts.row_of`); a
    repeated transaction_id is left out. With `labels` (reports, or rows with their fields)
    there is a column `label`: 1 fraud, 0 legitimate, null without one, by the last report.
    A label influences only payments after its `reported_at`, on the clock of the newest
    event time so far. `progress` is called with the number of payments read.
    """
    feed = _LabelFeed(labels)
    chunks = [
        _columns(keys, values, features)
        for keys, values in _chunks(payments, feed, features, progress)
    ]
    result = pl.concat(chunks) if chunks else _columns([], [], features)
    if labels is None:
        return result
    final = feed.final()
    column = [final.get(key) for key in result["transaction_id"]]
    return result.with_columns(pl.Series("label", column, dtype=pl.Int8))


Keys = list[tuple[str, int, str]]
Values = list[tuple[float | None, ...]]


def _chunks(
    payments: Iterable[Payment],
    feed: "_LabelFeed",
    features: FeatureSet,
    progress: Callable[[int], None] | None,
) -> Iterator[tuple[Keys, Values]]:
    engine = Engine()
    vector = features.values_online if features.needs_online else None
    alone = features.values_offline
    seen: set[str] = set()
    keys: Keys = []
    values: Values = []
    read = 0
    for payment in payments:
        read += 1
        facts = facts_of(payment)
        if facts.transaction_id in seen:
            continue
        seen.add(facts.transaction_id)
        if vector is None:
            values.append(alone(facts))
        else:
            feed.apply(engine, facts.t)
            values.append(vector(facts, engine.observe(facts)))
            feed.observed(engine, facts)
        keys.append((facts.transaction_id, facts.t, facts.account))
        if len(keys) == CHUNK:
            yield keys, values
            keys, values = [], []
            if progress:
                progress(read)
    if keys:
        yield keys, values
    if progress:
        progress(read)


def _columns(keys: Keys, values: Values, features: FeatureSet) -> pl.DataFrame:
    # Unknown becomes NaN in the array and null in the frame: no feature is ever NaN.
    table = np.array(values, dtype=np.float64).reshape(len(keys), len(features.names))
    columns = pl.from_numpy(table, schema=list(features.names)).fill_nan(None)
    index = pl.DataFrame(
        keys,
        schema={
            "transaction_id": pl.String,
            "occurred_at": pl.Int64,
            "account_id": pl.String,
        },
        orient="row",
    ).with_columns(pl.col("occurred_at").cast(pl.Datetime("us", "UTC")))
    return pl.concat([index, columns], how="horizontal")


@dataclass(slots=True)
class _Report:
    transaction_id: str
    label: str
    t: int
    reversal: bool


@dataclass(slots=True)
class _LabelFeed:
    """Reports in order of their time, let into the engine when their time has come."""

    labels: Iterable[Label] | None
    reports: list[_Report] = field(default_factory=list)
    next: int = 0
    clock: int = 0
    payments: dict[str, Facts | None] = field(default_factory=dict)
    # Reports whose time came before their payment did.
    early: dict[str, list[_Report]] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.reports = sorted(map(_report, self.labels or ()), key=lambda r: r.t)
        self.payments = {report.transaction_id: None for report in self.reports}

    def apply(self, engine: Engine, t: int) -> None:
        """Apply the reports made before the newest event time so far."""
        self.clock = max(self.clock, t)
        while self.next < len(self.reports):
            report = self.reports[self.next]
            if report.t >= self.clock:
                return
            self.next += 1
            facts = self.payments[report.transaction_id]
            if facts is None:
                self.early.setdefault(report.transaction_id, []).append(report)
            else:
                engine.apply_label(_effect(report, facts))

    def observed(self, engine: Engine, facts: Facts) -> None:
        """Remember a labelled payment, and apply what was reported before it came."""
        if facts.transaction_id in self.payments:
            self.payments[facts.transaction_id] = facts
            for report in self.early.pop(facts.transaction_id, ()):
                engine.apply_label(_effect(report, facts))

    def final(self) -> dict[str, int | None]:
        """The last word on each payment."""
        return {
            r.transaction_id: None if r.reversal else int(r.label == "fraud")
            for r in self.reports
        }


def _report(label: Label) -> _Report:
    if isinstance(label, LabelReport):
        label = label.model_dump()
    moment = label["reported_at"]
    t = moment if isinstance(moment, int) else microseconds(moment)
    return _Report(
        label["transaction_id"], label["label"], t, label.get("reversal", False)
    )


def _effect(report: _Report, facts: Facts) -> LabelEffect:
    return LabelEffect(
        transaction_id=report.transaction_id,
        label="fraud" if report.label == "fraud" else "legitimate",
        reversal=report.reversal,
        occurred_at=_EPOCH + timedelta(microseconds=facts.t),
        terminal_id=facts.terminal,
        merchant_id=facts.merchant,
        device_id=facts.device,
        counterparty_account=facts.counterparty,
    )
