"""`fraud evaluate ulb`: real card payments, 30 inputs that the caller computed.

The file holds all frauds and a small uniform share of the genuine payments of two days, so
every genuine payment stands for many: with that weight, precision and calibration speak of
nature. Payments are cut in order of time; nothing later is seen in training. Results that
others publish are of the whole file and of random splits: none is comparable.
"""

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import polars as pl
from rich.table import Table

import fraud_lightgbm.train
import fraud_xgboost.train
from fraud_features.definitions.facts import microseconds
from fraud_features.definitions.registry import CREDIT_CARD
from fraud_features.offline.frame import frame
from fraud_lab.handbook.payments import the_file
from fraud_ops.figures import finish, wide_console
from fraud_ops.train.split import data_version
from fraud_scoring.artifacts.metadata import FeatureSetRef
from fraud_scoring.serving.scorer import Floats64
from fraud_scoring.training import calibrate
from fraud_scoring.training.dataset import Dataset, Rows
from fraud_scoring.training.metrics import calibration_error, recall_at

SAMPLE = "ulb_sample_*.csv.gz"
# Genuine payments of the whole file over those in the sample: 284,315 / 18,611.
GENUINE_WEIGHT = 284_315 / 18_611
# Ends of the slices in order of time, as shares of the rows: fit, stop early, calibrate.
CUTS = (0.55, 0.65, 0.75)
DRAWS = 1_000
_BEGAN = datetime(2013, 9, 1, tzinfo=UTC)
TRAINERS = {
    "xgboost": fraud_xgboost.train.train,
    "lightgbm": fraud_lightgbm.train.train,
}


@dataclass(frozen=True, slots=True)
class Figure:
    """A figure of the test slice and the 95 % interval of a bootstrap over its rows."""

    value: float
    low: float
    high: float


def evaluate_ulb_command(
    data: Path,
    *,
    seed: int,
    threads: int,
    as_json: bool,
    enforce: bool,
    draws: int = DRAWS,
) -> None:
    """Train, calibrate, judge on the latest quarter, print the JSON line."""
    made = dataset(the_file(data, SAMPLE), seed)
    found = _judged(made, draws, threads)
    wide_console().print(_table(found))
    finish(
        "evaluate ulb",
        {
            "models": {
                name: {figure: [f.value, f.low, f.high] for figure, f in by.items()}
                for name, by in found.items()
            },
            "rows": {p: len(getattr(made, p)) for p in ("train", "calibrate", "test")},
            "frauds_in_test": int(made.test.fraud.sum()),
            "genuine_weight": GENUINE_WEIGHT,
        },
        [],
        n=sum(
            len(getattr(made, p)) for p in ("train", "validate", "calibrate", "test")
        ),
        seed=seed,
        as_json=as_json,
        enforce=enforce,
    )


def _judged(made: Dataset, draws: int, threads: int) -> dict[str, dict[str, Figure]]:
    found: dict[str, dict[str, Figure]] = {}
    for name, train in TRAINERS.items():
        fitted = train(made, threads=threads)
        late = made.calibrate
        calibrator = calibrate.isotonic(
            fitted.reference(late.x), late.fraud, late.weight
        )
        raw = fitted.reference(made.test.x)
        score = np.array([calibrator(value) for value in raw.tolist()])
        found[name] = _figures(made.test, raw, score, draws, made.seed)
    return found


def _table(found: dict[str, dict[str, Figure]]) -> Table:
    table = Table("figure", *found, title="latest quarter of the sample, 95 % interval")
    for figure in next(iter(found.values())):
        shown = [by[figure] for by in found.values()]
        cells = (f"{f.value:.4f} ({f.low:.4f} to {f.high:.4f})" for f in shown)
        table.add_row(figure, *cells)
    return table


def dataset(file: Path, seed: int) -> Dataset:
    """The sample through the `features` field of payments, cut in order of time."""
    table = pl.read_csv(file).sort("Time", maintain_order=True)
    x = frame(_rows(table), features=CREDIT_CARD).select(CREDIT_CARD.names)
    inputs = x.to_numpy().astype(np.float32)
    fraud = table["Class"].to_numpy() == 1
    ends = [0, *(int(len(table) * share) for share in CUTS), len(table)]

    def part(number: int) -> Rows:
        here = slice(ends[number], ends[number + 1])
        count = ends[number + 1] - ends[number]
        weight = np.where(fraud[here], 1.0, GENUINE_WEIGHT)
        # No card is known: each payment counts as one of its own.
        days = np.zeros(count, dtype=np.int64)
        return Rows(inputs[here], fraud[here], weight, days, np.arange(count))

    last = float(inputs[ends[3] - 1, 0])
    return Dataset(
        feature_set=FeatureSetRef(
            name=CREDIT_CARD.name, version=CREDIT_CARD.version, hash=CREDIT_CARD.hash
        ),
        features=CREDIT_CARD.names,
        sources=tuple(feature.source for feature in CREDIT_CARD.features),
        train=part(0),
        validate=part(1),
        calibrate=part(2),
        test=part(3),
        data_version=data_version(inputs, fraud),
        bundle="ulb",
        seed=seed,
        trained_at=_BEGAN,
        first_payment=_BEGAN,
        last_payment=_BEGAN + timedelta(seconds=last),
        label_delay_days=0.0,
        unknown_share=0.0,
    )


def _rows(table: pl.DataFrame) -> list[dict[str, Any]]:
    began = microseconds(_BEGAN)
    return [
        {
            "transaction_id": f"ulb-{number}",
            "account_id": "ulb",
            "amount_minor": round(row["Amount"] * 100),
            "currency": "EUR",
            "occurred_at": began + int(row["Time"]) * 1_000_000,
            "kind": "card_payment",
            "channel": "ecommerce",
            "features": {name: float(row[name]) for name in CREDIT_CARD.names},
        }
        for number, row in enumerate(table.iter_rows(named=True))
    ]


def _figures(
    rows: Rows, raw: Floats64, score: Floats64, draws: int, seed: int
) -> dict[str, Figure]:
    """Each figure with its interval: frauds and genuine payments are drawn apart, since
    their share is the sample's, not nature's."""
    rng = np.random.default_rng(seed)
    groups = [np.flatnonzero(rows.fraud), np.flatnonzero(~rows.fraud)]
    drawn = []
    for _ in range(draws):
        places = np.concatenate([rng.choice(g, len(g)) for g in groups])
        drawn.append(_measured(rows, raw, score, places))
    whole = _measured(rows, raw, score, np.arange(len(rows)))
    found = {}
    for name, value in whole.items():
        low, high = np.quantile([figures[name] for figures in drawn], (0.025, 0.975))
        found[name] = Figure(value, float(low), float(high))
    return found


def _measured(
    rows: Rows, raw: Floats64, score: Floats64, places: npt.NDArray[np.intp]
) -> dict[str, float]:
    from sklearn.metrics import average_precision_score, roc_auc_score

    fraud, weight = rows.fraud[places], rows.weight[places]
    said = score[places]
    return {
        "roc_auc": float(roc_auc_score(fraud, raw[places])),
        "average_precision": float(
            average_precision_score(fraud, raw[places], sample_weight=weight)
        ),
        "recall_at_1_fpr": recall_at(fraud, raw[places], 0.01),
        "calibration_error": calibration_error(fraud, said, weight),
        "brier": float(np.average((said - fraud) ** 2, weights=weight)),
    }
