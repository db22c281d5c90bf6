"""Applications for car loans: what the `auto_loan` model is taught on, and how.

Features and parameters are those that the calibrated LightGBM service documents. The
applications are made up from a seed: no such data is public. Frauds are of three kinds:
somebody else's identity (reused telephone and mail, an implausible number, another
province), a car that is pledged twice or priced too high, and a dealer who joins in.
"""

from datetime import datetime

import numpy as np

import fraud_lightgbm.train
from fraud_ops.train.table import Table
from fraud_ops.train.table import dataset as cut
from fraud_scoring.serving.scorer import Floats64
from fraud_scoring.training.assemble import Fitted, Progress, silent
from fraud_scoring.training.boosting import Boosting
from fraud_scoring.training.dataset import Dataset

FEATURES = (
    "age",
    "sin_valid_flag",
    "email_domain_category",
    "phone_reuse_count",
    "email_reuse_count",
    "vin_reuse_flag",
    "dealer_app_volume_24h",
    "dealer_fraud_percentile",
    "province_ip_mismatch",
    "address_postal_match_flag",
    "ltv_ratio",
    "purchase_loan_ratio",
    "downpayment_income_ratio",
    "mileage_plausibility_score",
    "high_value_low_income_flag",
)
ROWS = 20_000
FRAUD_RATE = 0.032
DAYS = 365
LEAST_ROWS = 10_000
MOST_MISSING = 0.05
ROUNDS, PATIENCE = 1000, 100
PARAMETERS: dict[str, float | int | str | bool] = {
    "metric": "auc",
    "num_leaves": 31,
    "learning_rate": 0.05,
    "feature_fraction": 0.9,
    "bagging_fraction": 0.8,
    "bagging_freq": 5,
    # Not documented there, so as the library has them.
    "min_data_in_leaf": 20,
    "lambda_l2": 0.0,
    "max_bin": 255,
}
_KINDS = ("identity", "vehicle", "dealer")


class UnfitData(ValueError):
    """The applications do not meet the documented requirements."""


def dataset(seed: int, now: datetime, rows: int = ROWS) -> Dataset:
    """`rows` applications of the year before `now`; raises `UnfitData`."""
    table = applications(rows, seed)
    check(table)
    return cut("auto_loan", "1", table, seed=seed, now=now)


def check(table: Table) -> None:
    """At least 10,000 rows, the fifteen features, below 5 % missing in each; raises
    `UnfitData` naming what is wrong."""
    if len(table) < LEAST_ROWS:
        raise UnfitData(f"{len(table):,} applications, {LEAST_ROWS:,} are needed")
    if tuple(table.columns) != FEATURES:
        absent = [name for name in FEATURES if name not in table.columns]
        raise UnfitData(f"not the documented features; missing: {absent}")
    gaps = {
        name: share
        for name, values in table.columns.items()
        if (share := float(np.isnan(values).mean())) >= MOST_MISSING
    }
    if gaps:
        named = ", ".join(f"{name} {share:.1%}" for name, share in gaps.items())
        raise UnfitData(f"missing values must stay below {MOST_MISSING:.0%}: {named}")
    if not table.fraud.any() or table.fraud.all():
        raise UnfitData("both frauds and legitimate applications are needed")


def train(data: Dataset, *, threads: int = 1, progress: Progress = silent) -> Fitted:
    """The documented parameters; frauds weigh as much as all other applications together,
    which the isotonic calibration puts right again."""
    fraud = data.train.fraud
    weight = float((~fraud).sum() / fraud.sum())
    boosting = Boosting(
        rounds=ROUNDS,
        patience=PATIENCE,
        parameters={**PARAMETERS, "scale_pos_weight": weight},
    )
    return fraud_lightgbm.train.train(
        data, threads=threads, progress=progress, boosting=boosting
    )


def applications(rows: int, seed: int) -> Table:
    """Applications in the order of time with the fifteen features."""
    rng = np.random.default_rng(seed)
    fraud = rng.random(rows) < FRAUD_RATE
    kind = np.where(fraud, rng.choice(len(_KINDS), rows, p=(0.45, 0.3, 0.25)), -1)
    thief, car, dealer = (kind == n for n in range(len(_KINDS)))
    made = [
        *_applicant(rng, rows, thief),
        *_links(rng, rows, thief, car),
        *_at_dealer(rng, rows, dealer),
        *_place(rng, rows, thief),
        *_loan(rng, rows, car | dealer, car),
    ]
    columns = dict(zip(FEATURES, made, strict=True))
    for name in ("email_domain_category", "mileage_plausibility_score"):
        columns[name][rng.random(rows) < 0.012] = np.nan
    seconds = np.sort(rng.integers(0, DAYS * 86_400, rows)).astype(np.float64)
    return Table(columns, fraud, seconds)


def _applicant(
    rng: np.random.Generator, rows: int, thief: np.ndarray
) -> tuple[Floats64, ...]:
    age = np.clip(np.round(rng.gamma(7.0, 6.0, rows)), 18, 90)
    valid = _flag(rng, np.where(thief, 0.78, 0.985))
    # 0 company, 1 common free mail, 2 rare or short-lived.
    free = rng.random(rows) < 0.72
    odd = rng.random(rows) < np.where(thief, 0.33, 0.05)
    domain = np.where(odd, 2.0, np.where(free, 1.0, 0.0))
    return age, valid, domain


def _links(
    rng: np.random.Generator, rows: int, thief: np.ndarray, car: np.ndarray
) -> tuple[Floats64, ...]:
    phone = rng.poisson(np.where(thief, 1.4, 0.12)).astype(np.float64)
    mail = rng.poisson(np.where(thief, 0.9, 0.06)).astype(np.float64)
    return phone, mail, _flag(rng, np.where(car, 0.42, 0.008))


def _at_dealer(
    rng: np.random.Generator, rows: int, dealer: np.ndarray
) -> tuple[Floats64, ...]:
    volume = rng.negative_binomial(2, np.where(dealer, 0.12, 0.3)).astype(np.float64)
    rank = np.where(dealer, rng.beta(6.0, 2.0, rows), rng.beta(1.3, 2.2, rows))
    return volume, np.asarray(np.round(rank, 3), dtype=np.float64)


def _place(
    rng: np.random.Generator, rows: int, thief: np.ndarray
) -> tuple[Floats64, ...]:
    away = _flag(rng, np.where(thief, 0.4, 0.06))
    return away, _flag(rng, np.where(thief, 0.72, 0.96))


def _loan(
    rng: np.random.Generator, rows: int, dear: np.ndarray, car: np.ndarray
) -> tuple[Floats64, ...]:
    value = rng.normal(np.where(dear, 1.12, 0.86), 0.17)
    loan = np.clip(value, 0.1, 2.0)
    price = np.clip(rng.normal(np.where(dear, 1.02, 1.16), 0.12), 0.6, 3.0)
    down = rng.gamma(1.6, np.where(dear, 0.04, 0.11))
    plausible = np.clip(rng.beta(np.where(car, 1.6, 7.0), 1.6), 0, 1)
    strained = _flag(rng, np.where(dear, 0.3, 0.07))
    return (
        np.round(loan, 3),
        np.round(price, 3),
        np.round(down, 3),
        np.round(plausible, 3),
        strained,
    )


def _flag(rng: np.random.Generator, chance: Floats64) -> Floats64:
    found: Floats64 = (rng.random(len(chance)) < chance).astype(np.float64)
    return found
