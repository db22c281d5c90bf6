"""A small copy of the handbook's files: its columns, its kinds of fraud, its dates."""

from datetime import datetime, timedelta
from pathlib import Path

import numpy as np
import polars as pl
import pytest

# Naive, as in the published file.
FIRST = datetime(2018, 4, 1)  # noqa: DTZ001
DAYS, CARDS, TERMINALS = 157, 40, 60
OWN_FROM = 71


def transactions(seed: int = 5) -> pl.DataFrame:
    """One or two payments per card and day; terminals that are bad for four weeks, cards
    that are misused for two."""
    rng = np.random.default_rng(seed)
    n = DAYS * CARDS * 3 // 2
    second = np.sort(rng.integers(0, DAYS * 86_400, n))
    card, terminal = rng.integers(0, CARDS, n), rng.integers(0, TERMINALS, n)
    day = second // 86_400
    amount = np.maximum(rng.normal(20 + card, 8), 1.0)
    bad_since = np.arange(TERMINALS) * 11 % DAYS
    at_bad = (day >= bad_since[terminal]) & (day < bad_since[terminal] + 28)
    at_bad &= terminal % 4 == 0
    stolen_since = np.arange(CARDS) * 7 % DAYS
    stolen = (day >= stolen_since[card]) & (day < stolen_since[card] + 14)
    stolen &= rng.random(n) < 0.3
    amount[stolen] *= 5
    # Two payments of one card in one second, as the handbook's data has a few of.
    second[-1], card[-1] = second[-2], card[-2]
    return pl.DataFrame(
        {
            "TRANSACTION_ID": np.arange(n, dtype=np.int32),
            "TX_DATETIME": [FIRST + timedelta(seconds=int(s)) for s in second],
            "CUSTOMER_ID": card.astype(np.int16),
            "TERMINAL_ID": terminal.astype(np.int16),
            "TX_AMOUNT": np.round(amount, 2),
            "TX_FRAUD": (at_bad | stolen).astype(np.int8),
            "TX_FRAUD_SCENARIO": (at_bad + 2 * stolen).astype(np.int8),
        }
    )


def derived(table: pl.DataFrame) -> pl.DataFrame:
    """The handbook's 14 inputs by looking at every payment of a card or terminal."""
    second = ((table["TX_DATETIME"] - FIRST).dt.total_seconds()).to_numpy()
    card, terminal = table["CUSTOMER_ID"].to_numpy(), table["TERMINAL_ID"].to_numpy()
    amount, fraud = table["TX_AMOUNT"].to_numpy(), table["TX_FRAUD"].to_numpy()
    rows = []
    for i in np.flatnonzero(second >= OWN_FROM * 86_400):
        at = FIRST + timedelta(seconds=int(second[i]))
        row: dict[str, float] = {
            "TRANSACTION_ID": i,
            "TX_DURING_WEEKEND": int(at.weekday() >= 5),
            "TX_DURING_NIGHT": int(at.hour <= 6),
        }
        mine = np.flatnonzero(card[: i + 1] == card[i])
        here = np.flatnonzero(terminal[: i + 1] == terminal[i])
        for days in (1, 7, 30):
            recent = mine[second[mine] > second[i] - days * 86_400]
            end = second[i] - 7 * 86_400
            old = here[(second[here] <= end) & (second[here] > end - days * 86_400)]
            row |= {
                f"CUSTOMER_ID_NB_TX_{days}DAY_WINDOW": len(recent),
                f"CUSTOMER_ID_AVG_AMOUNT_{days}DAY_WINDOW": amount[recent].mean(),
                f"TERMINAL_ID_NB_TX_{days}DAY_WINDOW": len(old),
                f"TERMINAL_ID_RISK_{days}DAY_WINDOW": (
                    fraud[old].mean() if len(old) else 0.0
                ),
            }
        rows.append(row)
    floats = [name for name in rows[0] if "AVG" in name or "RISK" in name]
    return pl.DataFrame(rows).with_columns(pl.col(floats).cast(pl.Float32))


@pytest.fixture(scope="session")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Both files, as published."""
    place = tmp_path_factory.mktemp("handbook")
    table = transactions()
    table.write_parquet(place / "transactions_2018-04-01_2018-09-04.parquet")
    derived(table).write_parquet(place / "features_2018-06-11_2018-09-04.parquet")
    return place
