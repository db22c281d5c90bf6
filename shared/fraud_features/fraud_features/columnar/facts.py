"""`facts.Facts` as columns: the same rules, as Polars expressions."""

import polars as pl

from fraud_features.currency import RATIOS
from fraud_features.facts import AMOUNT_CAP, HOUR_US, NOTHING_MOVED, SMALL_AMOUNT
from fraud_features.mcc import BRANDS, BRANDS_GROUP, RISK_GROUP
from fraud_shared.contracts.iso import CURRENCY_EXPONENT

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
}
# Above this the product with a rate could leave 64 bits.
_SAFE_AMOUNT = 10**13


def facts_frame(payments: pl.DataFrame) -> pl.DataFrame:
    """The columns of `source.chunks` with those of `Facts` beside them.

    Raises `KeyError` for a currency without a rate.
    """
    unknown = set(payments["currency"].unique().to_list()) - RATIOS.keys()
    if unknown:
        raise KeyError(min(unknown))
    if (payments["amount_minor"].max() or 0) > _SAFE_AMOUNT:  # type: ignore[operator]
        raise ValueError("amount_minor: above 10^13")
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
