"""`facts.Facts` as columns: the same rules, as Polars expressions."""

from typing import get_args

import polars as pl

from fraud_features.definitions.currency import RATIOS
from fraud_features.definitions.facts import (
    AMOUNT_CAP,
    HOUR_US,
    NOTHING_MOVED,
    SMALL_AMOUNT,
)
from fraud_features.definitions.mcc import BRANDS, BRANDS_GROUP, RISK_GROUP
from fraud_shared.contracts.iso import CURRENCY_EXPONENT
from fraud_shared.contracts.transaction import Channel, Kind

_RENAMED = {
    "account": "account_id",
    "card": "card_token",
    "device": "device_id",
    "merchant": "merchant_id",
    "terminal": "terminal_id",
    "counterparty": "counterparty_account",
    "t": "occurred_at",
    "emulator": "is_emulator",
    "rooted": "is_rooted",
    "failed_logins": "failed_logins_1h",
    "login_seconds": "seconds_since_login",
    "new_device": "is_new_device",
    "password_days": "days_since_password_change",
    "second_factor": "two_factor",
    "liability_shifted": "liability_shift",
    "tokenised": "network_token",
    "remote_screen": "remote_access",
    "on_the_phone": "call_in_progress",
    "beneficiary_t": "beneficiary_first_used_at",
}
_KNOWN = {
    "currency": RATIOS.keys(),
    "kind": set(get_args(Kind)),
    "channel": set(get_args(Channel)),
}
# Of an amount above that the product with a rate could leave 64 bits.
_RANGES = {"amount_minor": (0, 10**13), "lat": (-90, 90), "lon": (-180, 180)}


def facts_frame(payments: pl.DataFrame) -> pl.DataFrame:
    """The columns of `source.chunks` with those of `Facts` beside them.

    Raises `ValueError` naming the column that holds what no transaction could.
    """
    for column, known in _KNOWN.items():
        unknown = set(payments[column].unique().to_list()) - known
        if unknown:
            raise ValueError(f"{column}: {min(unknown)} is unknown")
    for column, (least, most) in _RANGES.items():
        if not payments[column].drop_nulls().is_between(least, most).all():
            raise ValueError(f"{column}: not between {least} and {most}")
    hours = pl.col("occurred_at") // HOUR_US
    country, merchants = pl.col("country"), pl.col("merchant_country")
    return payments.with_columns(
        *(pl.col(old).alias(new) for new, old in _RENAMED.items()),
        amount=_amount(),
        country=pl.when(country == "")
        .then(merchants)
        .otherwise(pl.coalesce(country, merchants)),
        mcc_group=_group(),
        round_amount=_round_amount(),
        hour=hours % 24,
        weekday=(hours // 24 + 3) % 7,
        lat=_micro("lat", "lon"),
        lon=_micro("lon", "lat"),
    ).with_columns(
        moved=pl.when(pl.col("kind").is_in(list(NOTHING_MOVED)))
        .then(0)
        .otherwise(pl.col("amount").clip(upper_bound=AMOUNT_CAP)),
        small=pl.col("card").is_not_null()
        & (pl.col("kind") != "refund")
        & (pl.col("amount") <= SMALL_AMOUNT),
    )


def _per_currency(values: dict[str, int]) -> pl.Expr:
    return pl.col("currency").replace_strict(values, return_dtype=pl.Int64)


def _amount() -> pl.Expr:
    numerator = _per_currency({code: ratio[0] for code, ratio in RATIOS.items()})
    denominator = _per_currency({code: ratio[1] for code, ratio in RATIOS.items()})
    minor = pl.col("amount_minor")
    converted = (minor * numerator * 2 + denominator) // (2 * denominator)
    return pl.when(numerator == denominator).then(minor).otherwise(converted)


def _round_amount() -> pl.Expr:
    tens = {code: 10 ** (digits + 1) for code, digits in CURRENCY_EXPONENT.items()}
    minor = pl.col("amount_minor")
    return (minor > 0) & (minor % _per_currency(tens) == 0)


def _group() -> pl.Expr:
    mcc = pl.col("mcc")
    listed = mcc.replace_strict(RISK_GROUP, default=0, return_dtype=pl.Int64)
    return (
        pl.when(mcc.is_null())
        .then(None)
        .when(mcc.is_between(pl.lit(BRANDS[0]), pl.lit(BRANDS[1])))
        .then(BRANDS_GROUP)
        .otherwise(listed)
    )


def _micro(one: str, other: str) -> pl.Expr:
    micro = (pl.col(one) * 1_000_000).round(mode="half_to_even").cast(pl.Int64)
    return pl.when(pl.col(other).is_not_null()).then(micro)
