"""The handbook's payments: read, and turned into the rows that features are made from.

A customer of the handbook is a card and an account at once, a terminal is a merchant with
one terminal. `TX_FRAUD_SCENARIO` is the label in another form: it is never read.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import polars as pl

from fraud_features.store.schema import DAY, LABEL_DELAY
from fraud_ops.running import CommandError

Integers = npt.NDArray[np.int64]
PAYMENTS = "transactions_*.parquet"
DERIVED = "features_*.parquet"
_PAYMENT = "hb-"
_COLUMNS = (
    "TRANSACTION_ID",
    "TX_DATETIME",
    "CUSTOMER_ID",
    "TERMINAL_ID",
    "TX_AMOUNT",
    "TX_FRAUD",
)


class DataMissing(CommandError, ValueError):
    """The folder does not hold the handbook's files."""


@dataclass(frozen=True, slots=True)
class Payments:
    """All payments, oldest first; `at` in microseconds since 1970, `amount` in euro cents,
    `day` counted from the day of the first."""

    transaction_id: Integers
    at: Integers
    day: Integers
    card: Integers
    terminal: Integers
    amount: Integers
    fraud: npt.NDArray[np.bool_]

    def __len__(self) -> int:
        return len(self.at)


def read(folder: Path) -> Payments:
    """The payments of the one `transactions_*.parquet` in a folder."""
    table = pl.read_parquet(the_file(folder, PAYMENTS), columns=list(_COLUMNS))
    table = table.sort("TX_DATETIME", "TRANSACTION_ID")

    def whole(name: str) -> Integers:
        return table[name].to_numpy().astype(np.int64)

    at = table["TX_DATETIME"].dt.epoch("us").to_numpy().astype(np.int64)
    return Payments(
        transaction_id=whole("TRANSACTION_ID"),
        at=at,
        day=at // DAY - at[0] // DAY,
        card=whole("CUSTOMER_ID"),
        terminal=whole("TERMINAL_ID"),
        amount=np.rint(table["TX_AMOUNT"].to_numpy() * 100).astype(np.int64),
        fraud=whole("TX_FRAUD") == 1,
    )


def the_file(folder: Path, pattern: str) -> Path:
    """The one file of that pattern; raises `DataMissing`."""
    found = sorted(folder.glob(pattern))
    if len(found) != 1:
        raise DataMissing(
            f"{len(found)} files like {pattern} in the data folder, not 1"
        )
    return found[0]


def as_frame(payments: Payments) -> pl.DataFrame:
    """The columns that `fraud_features.offline.frame.frame` reads, one row per payment."""

    def named(prefix: str, numbers: Integers) -> pl.Series:
        return pl.Series([prefix]) + pl.Series(numbers).cast(pl.String)

    return pl.DataFrame(
        {
            "transaction_id": named(_PAYMENT, payments.transaction_id),
            "account_id": named("hb-account-", payments.card),
            "card_token": named("hb-card-", payments.card),
            "merchant_id": named("hb-merchant-", payments.terminal),
            "terminal_id": named("hb-terminal-", payments.terminal),
            "amount_minor": payments.amount,
            "occurred_at": payments.at,
        }
    ).with_columns(
        currency=pl.lit("EUR"), kind=pl.lit("card_payment"), channel=pl.lit("pos")
    )


def flat_rows(payments: Payments) -> Iterator[dict[str, Any]]:
    """The same, row by row."""
    yield from as_frame(payments).iter_rows(named=True)


def transaction_name(number: int) -> str:
    """The transaction_id of a payment of the handbook."""
    return f"{_PAYMENT}{number}"


def label_frame(payments: Payments) -> pl.DataFrame:
    """A report for each fraud, in order of time: known when its delay is over, that is, to
    a payment made exactly one delay later and to all after it."""
    places = np.flatnonzero(payments.fraud)
    return pl.DataFrame(
        {
            "transaction_id": as_frame(payments)["transaction_id"].gather(places),
            "reported_at": payments.at[places] + (LABEL_DELAY - 1),
        }
    ).with_columns(label=pl.lit("fraud"), reversal=pl.lit(False))


def labels(payments: Payments) -> Iterator[dict[str, Any]]:
    """The same, report by report."""
    yield from label_frame(payments).iter_rows(named=True)
