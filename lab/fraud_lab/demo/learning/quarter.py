"""A simulated quarter in which one kind of fraud begins late, as columns."""

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

import numpy as np
import numpy.typing as npt
import polars as pl

from fraud_features.definitions.currency import to_reference
from fraud_features.definitions.label_resolution import ReportedLabel
from fraud_features.definitions.registry import PAYMENT_FEATURES
from fraud_features.offline.frame import frame
from fraud_ops.simulate import (
    SCENARIO_SHARES,
    SimulatedLabel,
    SimulationConfig,
    stream,
)
from fraud_ops.train.history import flat, known_at
from fraud_post_auth.dataset import FEATURE_PREFIX
from fraud_scoring.serving.scorer import Floats32
from fraud_scoring.training.dataset import Flags, Integers

DAYS, BEGINS = 90, 40
# Deceived customers pay one account from their own devices; it is emptied at once. What is
# new are their payments: the emptying, by a stranger's device to strangers, looks like a
# takeover, which is known.
NEW_PATTERN = "mule_fan_in_out"
_OUTSIDE = "EXTB"
NEW_SHARE = 0.3
FRAUD_RATE = 0.013
PAYMENTS_PER_DAY_AND_ACCOUNT = 100 / 120


@dataclass(frozen=True)
class Quarter:
    """Payments in the order of time; `x` as served, in registry order. `reports` are of a
    payment's place, by time."""

    start: datetime
    rows: pl.DataFrame
    x: Floats32
    day: Integers
    fraud: Flags
    new: Flags
    reports: list[tuple[int, ReportedLabel[datetime]]]

    def __len__(self) -> int:
        return self.rows.height

    def after(self, days: int) -> datetime:
        """Midnight after so many days."""
        return self.start + timedelta(days=days)


def simulate_quarter(payments: int, seed: int) -> Quarter:
    """Simulate, and compute every feature as it would have been served."""
    config = _config(payments, seed)
    flats, labels, scenarios = [], [], []
    for event in stream(config):
        if isinstance(event, SimulatedLabel):
            labels.append(known_at(event))
            continue
        flats.append(flat(event))
        scenarios.append(event.scenario)
    table = frame(flats, labels)
    place = {row["transaction_id"]: n for n, row in enumerate(flats)}
    at: npt.NDArray[np.int64] = np.array([r["occurred_at"] for r in flats], np.int64)
    features = table.select(
        pl.col(name).cast(pl.Float64).alias(FEATURE_PREFIX + name)
        for name in PAYMENT_FEATURES.names
    )
    zero = int(config.start.timestamp() * 1e6)
    return Quarter(
        start=config.start,
        rows=_columns(flats, at).hstack(features),
        x=table.select(PAYMENT_FEATURES.names).to_numpy().astype(np.float32),
        day=(at - zero) // 86_400_000_000,
        fraud=np.array([name is not None for name in scenarios]),
        new=np.array(
            [
                name == NEW_PATTERN and not _leaves(row)
                for name, row in zip(scenarios, flats, strict=True)
            ]
        ),
        reports=[_report(row, place) for row in labels],
    )


def _config(payments: int, seed: int) -> SimulationConfig:
    shares = {n: s for n, s in SCENARIO_SHARES.items() if n != NEW_PATTERN}
    others = sum(shares.values())
    scaled = {n: s / others * (1 - NEW_SHARE) for n, s in shares.items()}
    return SimulationConfig(
        seed=seed,
        payments=payments,
        days=DAYS,
        accounts=int(payments / DAYS / PAYMENTS_PER_DAY_AND_ACCOUNT),
        fraud_rate=FRAUD_RATE,
        scenarios=scaled | {NEW_PATTERN: NEW_SHARE},
        begins={NEW_PATTERN: BEGINS},
    )


def _columns(flats: list[dict[str, Any]], at: npt.NDArray[np.int64]) -> pl.DataFrame:
    """What a dataset says of each payment itself."""
    moments = pl.Series(at).cast(pl.Datetime("us", "UTC"))
    return pl.DataFrame(
        {
            "decision_id": [f"d-{n:08}" for n in range(len(flats))],
            "tenant": ["bank"] * len(flats),
            "transaction_id": [row["transaction_id"] for row in flats],
            "account_id": [row["account_id"] for row in flats],
            "occurred_at": moments,
            "decided_at": moments,
            "amount_ref_minor": [
                to_reference(row["amount_minor"], row["currency"]) for row in flats
            ],
            "currency": [row["currency"] for row in flats],
            "kind": [row["kind"] for row in flats],
            "channel": [row["channel"] for row in flats],
        }
    )


def _leaves(row: dict[str, object]) -> bool:
    """Whether a transfer goes to an account outside the bank."""
    return _OUTSIDE in str(row["counterparty_account"])


def _report(
    row: dict[str, object], place: dict[str, int]
) -> tuple[int, ReportedLabel[datetime]]:
    at = row["reported_at"]
    moment = at if isinstance(at, datetime) else datetime.fromisoformat(str(at))
    report = ReportedLabel(
        label=row["label"],  # type: ignore[arg-type]
        source=row["source"],  # type: ignore[arg-type]
        reported_at=moment.astimezone(UTC),
        reversal=bool(row["reversal"]),
    )
    return place[str(row["transaction_id"])], report
