"""Card payments with the 432 columns of the IEEE-CIS competition: for model `ieee_cis`.

`load` reads the competition's own CSV files where a user has them. Without them the
payments are made up from a seed in the published form: the same columns, kinds of value and
patterns of gaps (V in blocks that are known or unknown together, identity for a quarter of
the payments). A few hidden traits drive all columns; frauds differ in some of them, as in
the real data, where no column alone tells much.
"""

from collections.abc import Mapping
from datetime import datetime
from pathlib import Path

import numpy as np

import fraud_lightgbm.train
from fraud_ops.train.table import Column, Table
from fraud_ops.train.table import dataset as cut
from fraud_scoring.serving.scorer import Floats64
from fraud_scoring.training.assemble import Fitted, Progress, silent
from fraud_scoring.training.boosting import Boosting
from fraud_scoring.training.dataset import Dataset

ROWS = 20_000
FRAUD_RATE = 0.035
DAYS = 182
_IDENTITY_SHARE = 0.24
_TRAITS = 6
# First and last V of the blocks that are known or unknown together, and how often known.
_BLOCKS = (
    (1, 11, 0.53), (12, 34, 0.87), (35, 52, 0.71), (53, 74, 0.87), (75, 94, 0.85),
    (95, 137, 0.99), (138, 166, 0.14), (167, 216, 0.24), (217, 278, 0.22),
    (279, 321, 0.98), (322, 339, 0.14),
)  # fmt: skip

TEXTS: Mapping[str, tuple[str, ...]] = {
    "ProductCD": ("W", "C", "R", "H", "S"),
    "card4": ("visa", "mastercard", "american express", "discover"),
    "card6": ("debit", "credit"),
    "P_emaildomain": (
        "gmail.com", "yahoo.com", "hotmail.com", "anonymous.com", "aol.com",
        "comcast.net", "icloud.com", "outlook.com", "protonmail.com", "mail.com",
    ),
    "R_emaildomain": (
        "gmail.com", "hotmail.com", "anonymous.com", "yahoo.com", "outlook.com",
        "icloud.com", "protonmail.com",
    ),
    **{f"M{n}": ("T", "F") for n in (1, 2, 3, 5, 6, 7, 8, 9)},
    "M4": ("M0", "M1", "M2"),
    **{f"id_{n}": ("Found", "NotFound") for n in (12, 16, 27, 29)},
    "id_15": ("Found", "New", "Unknown"),
    "id_23": ("IP_PROXY:TRANSPARENT", "IP_PROXY:ANONYMOUS", "IP_PROXY:HIDDEN"),
    "id_28": ("Found", "New"),
    "id_30": ("Windows 10", "Windows 7", "iOS 11.2.1", "Mac OS X 10_12_6", "Android"),
    "id_31": (
        "chrome 63.0", "mobile safari 11.0", "ie 11.0 for desktop", "safari generic",
        "firefox 57.0", "edge 16.0", "samsung browser 6.2",
    ),
    "id_33": ("1920x1080", "1366x768", "1334x750", "2208x1242", "1440x900"),
    "id_34": (
        "match_status:2", "match_status:1", "match_status:0", "match_status:-1",
    ),
    **{f"id_{n}": ("T", "F") for n in (35, 36, 37, 38)},
    "DeviceType": ("desktop", "mobile"),
    "DeviceInfo": (
        "Windows", "iOS Device", "MacOS", "Trident/7.0", "SM-J700M Build/MMB29K",
        "Moto G (4)", "rv:57.0",
    ),
}  # fmt: skip
COLUMNS: tuple[str, ...] = (
    "TransactionDT", "TransactionAmt", "ProductCD",
    *(f"card{n}" for n in range(1, 7)), "addr1", "addr2", "dist1", "dist2",
    "P_emaildomain", "R_emaildomain",
    *(f"C{n}" for n in range(1, 15)), *(f"D{n}" for n in range(1, 16)),
    *(f"M{n}" for n in range(1, 10)), *(f"V{n}" for n in range(1, 340)),
    *(f"id_{n:02}" for n in range(1, 39)), "DeviceType", "DeviceInfo",
)  # fmt: skip
_IDENTITY = frozenset(COLUMNS[-40:])


def dataset(seed: int, now: datetime, rows: int = ROWS) -> Dataset:
    """`rows` made-up payments of the half year before `now`."""
    return cut("ieee_cis", "1", payments(rows, seed), seed=seed, now=now)


def train(data: Dataset, *, threads: int = 1, progress: Progress = silent) -> Fitted:
    """LightGBM with steps and column shares for hundreds of columns that say the same."""
    boosting = Boosting(
        rounds=400,
        patience=30,
        parameters={"learning_rate": 0.1, "feature_fraction": 0.25},
    )
    return fraud_lightgbm.train.train(
        data, threads=threads, progress=progress, boosting=boosting
    )


def load(folder: Path) -> Table:
    """The competition's `train_transaction.csv`, with `train_identity.csv` where it is
    there. Raises FileNotFoundError, and ValueError naming absent columns."""
    import polars as pl

    frame = pl.read_csv(folder / "train_transaction.csv", infer_schema_length=None)
    identity = folder / "train_identity.csv"
    if identity.exists():
        more = pl.read_csv(identity, infer_schema_length=None)
        frame = frame.join(more, on="TransactionID", how="left")
    absent = [name for name in (*COLUMNS, "isFraud") if name not in frame.columns]
    if absent:
        raise ValueError(f"columns are missing: {absent[:10]} ({len(absent)} in all)")
    frame = frame.sort("TransactionDT")
    columns: dict[str, Column] = {}
    for name in COLUMNS:
        if name in TEXTS:
            columns[name] = np.array(frame[name].cast(pl.Utf8).to_list(), dtype=object)
        else:
            columns[name] = frame[name].cast(pl.Float64).to_numpy()
    seconds = columns["TransactionDT"] - columns["TransactionDT"][0]
    return Table(columns, frame["isFraud"].to_numpy().astype(bool), seconds)


def payments(rows: int, seed: int) -> Table:
    """Payments in the order of time with the 432 columns."""
    rng = np.random.default_rng(seed)
    fraud = rng.random(rows) < FRAUD_RATE
    traits = rng.normal(size=(rows, _TRAITS))
    loud = fraud & (rng.random(rows) < 0.4)
    for trait, step in ((0, 0.9), (1, 0.7), (2, -0.6)):
        traits[fraud, trait] += step
        traits[loud, trait] += 1.2 * step
    seconds = np.sort(rng.integers(0, DAYS * 86_400, rows)).astype(np.float64)
    made: dict[str, Column] = {
        **_texts(rng, traits),
        **_payment(rng, traits, seconds),
        **_counts(rng, traits),
        **_blocks(rng, traits),
        **_identity(rng, traits),
    }
    known = rng.random(rows) < _IDENTITY_SHARE
    for name in _IDENTITY:
        made[name][~known] = None if made[name].dtype == object else np.nan
    columns = {name: made[name] for name in COLUMNS}
    return Table(columns, fraud, seconds)


def _payment(
    rng: np.random.Generator, traits: Floats64, seconds: Floats64
) -> dict[str, Column]:
    rows = len(traits)
    amount = np.exp(4.1 + 0.35 * traits[:, 1] + 0.85 * rng.normal(size=rows))
    return {
        "TransactionDT": seconds + 86_400.0,
        "TransactionAmt": np.round(np.clip(amount, 0.25, 32_000), 2),
        "card1": rng.zipf(1.4, rows) * 37.0 % 17_397 + 1_000,
        "card2": _gaps(rng, rng.integers(100, 601, rows).astype(float), 0.985),
        "card3": np.where(rng.random(rows) < 0.88 - 0.05 * traits[:, 0], 150.0, 185.0),
        "card5": _gaps(rng, rng.choice([102.0, 117, 166, 224, 226], rows), 0.99),
        "addr1": _gaps(rng, rng.integers(100, 541, rows).astype(float), 0.89),
        "addr2": _gaps(rng, np.where(rng.random(rows) < 0.98, 87.0, 60.0), 0.89),
        "dist1": _gaps(rng, np.round(rng.lognormal(2.5, 1.8, rows)), 0.4),
        "dist2": _gaps(rng, np.round(rng.lognormal(3.0, 1.9, rows)), 0.06),
    }


def _counts(rng: np.random.Generator, traits: Floats64) -> dict[str, Column]:
    """C: how much hangs on the card. D: days since something, more often unknown."""
    rows = len(traits)
    made: dict[str, Column] = {}
    for n in range(1, 15):
        rate = np.exp(0.3 + 0.7 * traits[:, 0] + 0.3 * traits[:, n % _TRAITS])
        made[f"C{n}"] = rng.poisson(np.clip(rate, 0, 500)).astype(np.float64)
    for n in range(1, 16):
        days = np.exp(3.4 - 0.8 * traits[:, 2] * (n in (1, 2, 4, 10, 15)))
        days = np.round(days * rng.exponential(1.0, rows))
        made[f"D{n}"] = _gaps(rng, np.clip(days, 0, 640), max(0.08, 1.0 - 0.06 * n))
    return made


def _blocks(rng: np.random.Generator, traits: Floats64) -> dict[str, Column]:
    """V: counts that follow one or two traits and are known or unknown together."""
    rows = len(traits)
    made: dict[str, Column] = {}
    for number, (first, last, known) in enumerate(_BLOCKS):
        unknown = rng.random(rows) >= known
        main, other = number % _TRAITS, (number * 2 + 1) % _TRAITS
        for n in range(first, last + 1):
            pull = rng.uniform(0.1, 0.6, 2)
            rate = np.exp(pull[0] * traits[:, main] + pull[1] * traits[:, other] - 0.4)
            values = rng.poisson(rate).astype(np.float64)
            values[unknown] = np.nan
            made[f"V{n}"] = values
    return made


def _identity(rng: np.random.Generator, traits: Floats64) -> dict[str, Column]:
    made: dict[str, Column] = {}
    for n in range(1, 39):
        name = f"id_{n:02}"
        if name not in TEXTS:
            values = 20.0 * traits[:, n % _TRAITS] + rng.normal(-10, 30, len(traits))
            made[name] = _gaps(rng, np.round(values), 0.3 if n in (7, 8, 24) else 0.9)
    return made


def _texts(rng: np.random.Generator, traits: Floats64) -> dict[str, Column]:
    """Earlier texts are commoner; a trait moves which one it is."""
    made: dict[str, Column] = {}
    for number, (name, texts) in enumerate(TEXTS.items()):
        chance = 1.0 / np.arange(1, len(texts) + 1) ** 1.5
        lean = 0.5 * traits[:, number % _TRAITS, None] * np.arange(len(texts))
        odds = np.log(chance) + lean + rng.gumbel(size=(len(traits), len(texts)))
        values = np.array(texts, dtype=object)[np.argmax(odds, axis=1)]
        known = 0.23 if name == "R_emaildomain" else 0.6 if name[0] == "M" else 0.95
        if name not in ("ProductCD", "card4", "card6"):
            values[rng.random(len(traits)) >= known] = None
        made[name] = values
    return made


def _gaps(rng: np.random.Generator, values: Column, known: float) -> Column:
    values = values.astype(np.float64)
    values[rng.random(len(values)) >= known] = np.nan
    return values
