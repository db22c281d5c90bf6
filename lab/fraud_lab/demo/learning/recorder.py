"""What post_auth would have recorded by a day of the quarter, as a dataset version: by its
own rules of labels and weights, and its own writer."""

from collections import defaultdict
from datetime import datetime, timedelta

import numpy as np
import polars as pl

from fraud_features.definitions.label_resolution import ReportedLabel
from fraud_lab.demo.learning.quarter import Quarter
from fraud_ops.datasets.source import BANK
from fraud_post_auth.dataset import FEATURE_PREFIX, SCHEMA, DatasetStore
from fraud_post_auth.outcomes import Outcome, fold, learnable
from fraud_scoring.serving.scorer import Floats64
from fraud_shared.contracts.datasets import DatasetVersion

MATURITY = timedelta(days=30)
_PENDING = Outcome("pending", None, None)


def known_rows(quarter: Quarter, scores: Floats64, as_of: datetime) -> pl.DataFrame:
    """The rows of a dataset at `as_of`; `scores` are those that were served."""
    reports: defaultdict[int, list[ReportedLabel[datetime]]] = defaultdict(list)
    for place, report in quarter.reports:
        if report.reported_at <= as_of:
            reports[place].append(report)
    paid = quarter.rows["occurred_at"].to_list()
    past = [place for place, at in enumerate(paid) if at < as_of]
    places: list[int] = []
    weights: list[float] = []
    columns: dict[str, list[object]] = {
        name: [] for name in ("label", "label_state", "label_source", "labelled_at")
    }
    for place in past:
        outcome = fold(reports[place]) if place in reports else _PENDING
        known = learnable(outcome, paid[place], as_of, MATURITY)
        if known is None:
            continue
        said, weight = known
        places.append(place)
        row = (int(said.state == "fraud"), said.state, said.source)
        for name, value in zip(columns, (*row, said.reported_at), strict=True):
            columns[name].append(value)
        weights.append(weight)
    labels = pl.DataFrame(columns, schema={name: SCHEMA[name] for name in columns})
    taken = quarter.rows[places].hstack(labels)
    blank = [
        pl.lit(None, SCHEMA[name]).alias(name)
        for name in ("risk", "if_score", "ae_error", "degraded")
    ]
    served = scores[np.array(places, dtype=np.int64)]
    full = taken.with_columns(
        *blank,
        weight=pl.Series(weights, dtype=pl.Float64),
        fraud_score=pl.Series(served).fill_nan(None),
        decision=pl.lit("APPROVE"),
        versions=pl.lit("{}"),
    )
    features = [FEATURE_PREFIX + name for name in BANK.names]
    return full.select(*SCHEMA, *features).cast(pl.Schema(SCHEMA))


def write(store: DatasetStore, rows: pl.DataFrame, as_of: datetime) -> DatasetVersion:
    """The rows as a version."""
    writer = store.writer(BANK)
    writer.add_frame(rows)
    return writer.finish(
        as_of=as_of,
        maturity_days=MATURITY / timedelta(days=1),
        other_features={},
        now=as_of,
    )


def flipped(rows: pl.DataFrame, share: float, seed: int) -> pl.DataFrame:
    """A share of the frauds called legitimate, and as many legitimate payments called
    frauds: the rate stays what it was."""
    rng = np.random.default_rng(seed)
    fraud = (rows["label"] == 1).to_numpy()
    count = int(fraud.sum() * share)
    label = rows["label"].to_numpy().copy()
    label[rng.choice(np.flatnonzero(fraud), count, replace=False)] = 0
    picked = rng.choice(np.flatnonzero(~fraud), count, replace=False)
    label[picked] = 1
    return rows.with_columns(
        label=pl.Series(label, dtype=pl.Int8),
        label_source=pl.when(pl.Series(label == 1) & ~pl.Series(fraud))
        .then(pl.lit("customer_report"))
        .otherwise("label_source"),
        labelled_at=pl.when(pl.Series(label == 1) & ~pl.Series(fraud))
        .then("occurred_at")
        .otherwise("labelled_at"),
        weight=pl.when(pl.Series(label == 1)).then(1.0).otherwise("weight"),
    )


def leaking(rows: pl.DataFrame, feature: str, share: float, seed: int) -> pl.DataFrame:
    """A feature that was filled in afterwards: for a share of the frauds it says so."""
    rng = np.random.default_rng(seed)
    reported = (rows["label"] == 1).to_numpy() & (rng.random(rows.height) < share)
    column = FEATURE_PREFIX + feature
    return rows.with_columns(
        pl.when(pl.Series(reported)).then(1e6).otherwise(column).alias(column)
    )
