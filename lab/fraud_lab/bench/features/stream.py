"""Payments as columns, as many as wanted, at a steady rate per day."""

from collections.abc import Iterator
from typing import Any

import numpy as np
import numpy.typing as npt
import polars as pl

PER_DAY = 50_000
ACCOUNTS = 60_000
MERCHANTS = 4_000
CHUNK = 65_536
_DAY = 86_400_000_000
_START = 1_740_787_200_000_000
_LATE_SHARE, _LATEST = 0.01, 3_600_000_000
_COUNTRIES = np.array(["DE", "FR", "IT", "US"])

Ints = npt.NDArray[np.int64]


def payments(count: int, seed: int) -> Iterator[pl.DataFrame]:
    """Frames of payments in order of arrival: one in a hundred is up to an hour late,
    three in ten are transfers, busy merchants have thousands of payments a day."""
    chance = np.random.default_rng(seed)
    for first in range(0, count, CHUNK):
        number = np.arange(first, min(first + CHUNK, count))
        yield _chunk(number, chance)


def _chunk(number: Ints, chance: np.random.Generator) -> pl.DataFrame:
    size = len(number)
    t = _START + number * (_DAY // PER_DAY)
    late = chance.random(size) < _LATE_SHARE
    t = np.where(late, t - chance.integers(0, _LATEST, size), t)
    account = chance.integers(0, ACCOUNTS, size)
    # Zipf-like: the busiest merchant has a few percent of all payments.
    merchant = (MERCHANTS ** chance.random(size)).astype(np.int64)
    transfer = chance.random(size) < 0.3
    frame = pl.DataFrame(
        {
            "transaction_id": _ids("tx", number),
            "account_id": _ids("acc", account),
            "amount_minor": chance.lognormal(8, 1.2, size).astype(np.int64),
            "currency": np.where(chance.random(size) < 0.9, "EUR", "USD"),
            "occurred_at": t,
            "kind": np.where(transfer, "transfer", "card_payment"),
            "channel": np.where(transfer, "mobile", "pos"),
            "customer_country": _COUNTRIES[account % 4],
        }
    )
    return frame.with_columns(*_card(account, merchant, transfer, chance)).with_columns(
        *_device(account, chance), *_receiver(transfer, chance)
    )


def _card(
    account: Ints, merchant: Ints, transfer: Any, chance: np.random.Generator
) -> Iterator[pl.Expr]:
    size = len(account)
    columns = {
        "card_token": _ids("card", account * 2 + chance.integers(0, 2, size)),
        "merchant_id": _ids("mer", merchant),
        "terminal_id": _ids("ter", merchant * 4 + chance.integers(0, 4, size)),
        "mcc": pl.Series(np.array(["5411", "5812", "5732", "4829"])[merchant % 4]),
        "merchant_country": pl.Series(_COUNTRIES[merchant % 4]),
        "lat": pl.Series(40.0 + merchant % 97 / 10),
        "lon": pl.Series(merchant % 89 / 10),
    }
    for name, values in columns.items():
        yield pl.when(pl.Series(~transfer)).then(values).alias(name)


def _device(account: Ints, chance: np.random.Generator) -> Iterator[pl.Expr]:
    known = pl.Series(chance.random(len(account)) < 0.6)
    yield pl.when(known).then(_ids("dev", account)).alias("device_id")
    yield pl.when(known).then(_ids("ip", account // 3)).alias("ip")
    yield pl.when(known).then(pl.Series(account % 7 > 0)).alias("two_factor")


def _receiver(transfer: Any, chance: np.random.Generator) -> Iterator[pl.Expr]:
    receiver = _ids("acc", chance.integers(0, ACCOUNTS, len(transfer)))
    yield pl.when(pl.Series(transfer)).then(receiver).alias("counterparty_account")


def _ids(kind: str, numbers: Ints) -> pl.Series:
    return (
        pl.Series(numbers)
        .cast(pl.String)
        .str.pad_start(8, "0")
        .str.replace("^", f"{kind}-")
    )
