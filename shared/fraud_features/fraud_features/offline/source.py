"""Payments as columns: from transactions, flat rows, or a frame that has them already."""

from collections.abc import Iterable, Iterator, Mapping
from itertools import chain, islice
from typing import Any, cast

import polars as pl

from fraud_features.definitions.facts import microseconds, row_of
from fraud_shared.contracts.transaction import NO_PAYMENTS, Transaction

Payment = Transaction | Mapping[str, Any]

REQUIRED: dict[str, pl.DataType] = {
    "transaction_id": pl.String(),
    "account_id": pl.String(),
    "amount_minor": pl.Int64(),
    "currency": pl.String(),
    "occurred_at": pl.Int64(),
    "kind": pl.String(),
    "channel": pl.String(),
}
OPTIONAL: dict[str, pl.DataType] = {
    "card_token": pl.String(),
    "entry_mode": pl.String(),
    "merchant_id": pl.String(),
    "terminal_id": pl.String(),
    "mcc": pl.String(),
    "merchant_country": pl.String(),
    "device_id": pl.String(),
    "ip": pl.String(),
    "is_emulator": pl.Boolean(),
    "is_rooted": pl.Boolean(),
    "lat": pl.Float64(),
    "lon": pl.Float64(),
    "country": pl.String(),
    "failed_logins_1h": pl.Int64(),
    "seconds_since_login": pl.Int64(),
    "is_new_device": pl.Boolean(),
    "days_since_password_change": pl.Int64(),
    "two_factor": pl.Boolean(),
    "customer_country": pl.String(),
    "counterparty_account": pl.String(),
    "counterparty_country": pl.String(),
    "initiator": pl.String(),
    "recurring": pl.Boolean(),
    "three_ds_status": pl.String(),
    "three_ds_flow": pl.String(),
    "liability_shift": pl.Boolean(),
    "avs": pl.String(),
    "cvc": pl.String(),
    "payee": pl.String(),
    "network_token": pl.Boolean(),
    "remote_access": pl.Boolean(),
    "call_in_progress": pl.Boolean(),
    "beneficiary_first_used_at": pl.Int64(),
    "billing_address": pl.String(),
    "shipping_address": pl.String(),
    "supersedes": pl.String(),
}
_TIMES = ("occurred_at", "beneficiary_first_used_at")
# A number or text that the caller computed: `features.<name>`, or the key in `features`.
REQUEST = "features."


def chunks(
    payments: pl.DataFrame | Iterable[Payment] | Iterable[pl.DataFrame],
    requests: Iterable[str],
    rows: int,
) -> Iterator[pl.DataFrame]:
    """Frames of at most so many rows with exactly the columns above and one
    `features.<name>` for each request, in the order of arrival; at least one, be it empty.

    Raises `ValueError` naming a required column that is missing or has gaps.
    """
    names = tuple(requests)
    given = iter((payments,) if isinstance(payments, pl.DataFrame) else payments)
    first = next(given, None)
    if not isinstance(first, pl.DataFrame):
        source = cast(
            Iterator[Payment], given if first is None else chain((first,), given)
        )
        part = list(islice(source, rows))
        while True:
            yield _checked(_from_rows(part, names), names)
            if not (part := list(islice(source, rows))):
                return
    for frame in chain((first,), cast(Iterator[pl.DataFrame], given)):
        yield _checked(frame.head(rows), names)
        for offset in range(rows, frame.height, rows):
            yield _checked(frame.slice(offset, rows), names)


def _from_rows(payments: list[Payment], requests: tuple[str, ...]) -> pl.DataFrame:
    rows = [row_of(p) if isinstance(p, Transaction) else p for p in payments]
    columns: list[pl.Series] = []
    for name, dtype in (REQUIRED | OPTIONAL).items():
        values = [row.get(name) for row in rows]
        if name in _TIMES:
            values = [_moment(value) for value in values]
        columns.append(pl.Series(name, values, dtype=dtype))
    for name in requests:
        given = [(row.get("features") or {}).get(name) for row in rows]
        numbers = [None if isinstance(value, str) else value for value in given]
        texts = [value if isinstance(value, str) else None for value in given]
        columns.append(pl.Series(REQUEST + name, numbers, dtype=pl.Float64))
        columns.append(pl.Series(f"{REQUEST}{name}:text", texts, dtype=pl.String))
    return pl.DataFrame(columns)


def _moment(value: Any) -> int | None:
    return value if isinstance(value, int) or value is None else microseconds(value)


def _checked(frame: pl.DataFrame, requests: tuple[str, ...]) -> pl.DataFrame:
    for name in REQUIRED:
        if name not in frame.columns:
            raise ValueError(f"{name}: the column is missing")
        if frame[name].null_count():
            raise ValueError(f"{name}: a payment has none")
    for name in _TIMES:
        if isinstance(frame.schema.get(name), pl.Datetime):
            frame = frame.with_columns(pl.col(name).cast(pl.Datetime("us")))
    columns = frame.select(
        *(pl.col(name).cast(dtype) for name, dtype in REQUIRED.items()),
        *(
            (pl.col(name) if name in frame.columns else pl.lit(None))
            .cast(dtype)
            .alias(name)
            for name, dtype in OPTIONAL.items()
        ),
        *(column for name in requests for column in _request(frame, name)),
    )
    # As in serving: these read windows and move none (`Transaction.counted`).
    no_payments = pl.col("kind").is_in(list(NO_PAYMENTS))
    return columns.filter(~no_payments & pl.col("supersedes").is_null())


def _request(frame: pl.DataFrame, name: str) -> tuple[pl.Expr, pl.Expr]:
    number, text = REQUEST + name, f"{REQUEST}{name}:text"
    as_text = frame.schema.get(number) == pl.String
    numbers = (
        pl.col(number) if number in frame.columns and not as_text else pl.lit(None)
    )
    texts = pl.col(text) if text in frame.columns else pl.lit(None)
    if as_text:
        texts = pl.col(number)
    return (
        numbers.cast(pl.Float64).alias(number),
        texts.cast(pl.String).alias(text),
    )
