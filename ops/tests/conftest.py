"""A recorded data version: payments as post_auth exports them, small and made up."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from fraud_features.definitions.registry import PAYMENT_FEATURES
from fraud_ops.datasets.source import BANK
from fraud_post_auth.dataset import DatasetRow, DatasetStore
from fraud_post_auth.outcomes import LEAST_WEIGHT, silence_weight
from fraud_shared.contracts.datasets import DatasetVersion

START = datetime(2026, 1, 1, tzinfo=UTC)
MATURITY = timedelta(days=30)
DAYS = 60
WriteDataset = Callable[..., DatasetVersion]


def dataset_rows(
    count: int, *, seed: int = 1, fraud_rate: float = 0.08, days: int = DAYS
) -> list[DatasetRow]:
    """Payments in the order of time. Frauds are large, at odd hours, far away; each is
    reported a few days later."""
    rng = np.random.default_rng(seed)
    index, width = PAYMENT_FEATURES.index, len(PAYMENT_FEATURES.names)
    x = rng.normal(size=(count, width))
    fraud = rng.random(count) < fraud_rate
    amount = np.exp(rng.normal(8.0, 1.0, count) + fraud * 1.5)
    x[:, index["amount_ref_minor"]] = amount
    for name in ("amount_over_typical", "hour_unusualness", "km_from_last_payment"):
        x[fraud, index[name]] += 1.6
    x[rng.random((count, width)) < 0.05] = np.nan
    seconds = np.sort(rng.integers(0, days * 86_400, count))
    as_of = START + timedelta(days=days)
    rows = []
    for place in range(count):
        paid = START + timedelta(seconds=int(seconds[place]))
        reported = paid + timedelta(days=float(rng.exponential(2.0)))
        known = bool(fraud[place]) and reported <= as_of
        weight = 1.0 if known else silence_weight(as_of - paid, MATURITY)
        if weight < LEAST_WEIGHT:
            continue
        columns: dict[str, Any] = {
            "decision_id": f"d-{place:06}",
            "tenant": "shop",
            "transaction_id": f"tx-{place:06}",
            "account_id": f"acc-{int(rng.integers(count // 5))}",
            "occurred_at": paid,
            "decided_at": paid,
            "decision": "APPROVE",
            "risk": 0.1,
            "if_score": 0.2,
            "ae_error": 0.3,
            "fraud_score": float(np.clip(0.1 + 0.5 * fraud[place], 0, 1)),
            "amount_ref_minor": int(amount[place]),
            "currency": "EUR",
            "kind": "purchase",
            "channel": "ecommerce" if place % 2 else "pos",
            "label": int(known),
            "label_state": "fraud" if known else "legitimate",
            "label_source": "customer_report"
            if known
            else ("maturity" if weight == 1.0 else "presumed"),
            "labelled_at": reported if known else None,
            "weight": weight,
            "versions": "{}",
            "degraded": "[]",
        }
        values = [None if np.isnan(v) else float(v) for v in x[place]]
        rows.append(DatasetRow(columns, values))
    return rows


@pytest.fixture
def write_dataset(tmp_path: Path) -> WriteDataset:
    """Write rows as a version into `<tmp_path>/datasets`."""
    return lambda rows, **kwargs: write_version(tmp_path / "datasets", rows, **kwargs)


def write_version(
    folder: Path, rows: list[DatasetRow], *, days: int = DAYS
) -> DatasetVersion:
    """Write rows as a version."""
    writer = DatasetStore(str(folder)).writer(BANK)
    writer.add(rows)
    as_of = START + timedelta(days=days)
    return writer.finish(
        as_of=as_of,
        maturity_days=MATURITY / timedelta(days=1),
        other_features={},
        now=as_of,
    )


@pytest.fixture(scope="session")
def make_rows() -> Callable[..., list[DatasetRow]]:
    """`dataset_rows`, for tests that choose what is recorded."""
    return dataset_rows


@pytest.fixture(scope="session")
def make_version() -> Callable[..., DatasetVersion]:
    """`write_version`, for tests that share what they write."""
    return write_version
