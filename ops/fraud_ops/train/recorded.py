"""What was recorded, as the data that models are trained on: the published parts of a
dataset version become the four slices of `Dataset`.

Validation accounts are halved: one half stops training early, the other calibrates.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from hashlib import sha256

import numpy as np
import polars as pl

from fraud_features.definitions.registry import FeatureSet
from fraud_ops.datasets.parts import PartName, PartsManifest, TooFew
from fraud_ops.running import CommandError
from fraud_ops.train.split import bundle_name
from fraud_post_auth.dataset import FEATURE_PREFIX
from fraud_scoring.artifacts.metadata import FeatureSetRef
from fraud_scoring.serving.scorer import Floats32
from fraud_scoring.training.dataset import Dataset, Flags, Integers, Rows
from fraud_scoring.training.unknown import UNKNOWN_SHARE
from fraud_shared.contracts.datasets import DatasetVersion

_FEWEST_FRAUDS = 5


class OtherFeatures(CommandError, ValueError):
    """The dataset holds another feature set than this code computes."""


@dataclass(frozen=True)
class Recorded:
    """One data version: what to train on, and the test part with all its columns, in the
    same order as `data.test`."""

    data: Dataset
    test: pl.DataFrame
    version: DatasetVersion
    test_from: datetime


def recorded(
    tables: Mapping[PartName, pl.DataFrame],
    manifest: PartsManifest,
    version: DatasetVersion,
    features: FeatureSet,
    *,
    seed: int,
    now: datetime,
) -> Recorded:
    """The published parts as slices. Raises OtherFeatures and TooFew."""
    if version.feature_hash != features.hash:
        raise OtherFeatures(
            f"dataset {version.version} holds features {version.feature_set} "
            f"{version.feature_version}, this code computes {features.name} "
            f"{features.version}"
        )
    numbers: dict[str, int] = {}
    train, test = tables["train"], tables["test"]
    validate, calibrate = _halves(tables["validation"])
    slices = {
        "train": train,
        "validate": validate,
        "calibrate": calibrate,
        "test": test,
    }
    rows = {n: _rows(n, t, features, numbers) for n, t in slices.items()}
    data = Dataset(
        feature_set=FeatureSetRef(
            name=features.name, version=features.version, hash=features.hash
        ),
        features=features.names,
        sources=tuple(feature.source for feature in features.features),
        train=rows["train"],
        validate=rows["validate"],
        calibrate=rows["calibrate"],
        test=rows["test"],
        data_version=version.version,
        bundle=bundle_name(features, _digest(version), now),
        seed=seed,
        trained_at=now,
        first_payment=_at(train["occurred_at"].min()),
        last_payment=_at(train["occurred_at"].max()),
        label_delay_days=(version.as_of - manifest.test_from) / timedelta(days=1),
        unknown_share=UNKNOWN_SHARE,
    )
    return Recorded(data, test, version, manifest.test_from)


def matrix(rows: pl.DataFrame, names: tuple[str, ...]) -> Floats32:
    """The features of dataset rows: float32 in this order, NaN where unknown."""
    columns = [pl.col(FEATURE_PREFIX + name).cast(pl.Float32) for name in names]
    found: Floats32 = rows.select(columns).fill_null(float("nan")).to_numpy()
    return np.ascontiguousarray(found)


def account_numbers(rows: pl.DataFrame, numbers: dict[str, int]) -> Integers:
    """Accounts by number; `numbers` remembers those that were met before."""
    names = (rows["tenant"] + "\n" + rows["account_id"]).to_list()
    return np.array([numbers.setdefault(n, len(numbers)) for n in names], np.int64)


def _rows(
    name: str, rows: pl.DataFrame, features: FeatureSet, numbers: dict[str, int]
) -> Rows:
    fraud: Flags = (rows["label"] == 1).to_numpy()
    if fraud.sum() < _FEWEST_FRAUDS or (~fraud).sum() < _FEWEST_FRAUDS:
        raise TooFew(
            f"{int(fraud.sum())} known frauds among {len(fraud):,} payments to "
            f"{name}: {_FEWEST_FRAUDS} of each kind are the least"
        )
    days = rows["occurred_at"].dt.epoch("d").cast(pl.Int64).to_numpy()
    return Rows(
        x=matrix(rows, features.names),
        fraud=fraud,
        weight=rows["weight"].to_numpy(),
        day=days,
        card=account_numbers(rows, numbers),
    )


def _halves(rows: pl.DataFrame) -> tuple[pl.DataFrame, pl.DataFrame]:
    """Half of the accounts each, the same in every version."""
    accounts = (rows["tenant"] + "\r" + rows["account_id"]).to_list()
    first = pl.Series([sha256(a.encode()).digest()[0] < 128 for a in accounts])
    return rows.filter(first), rows.filter(~first)


def _digest(version: DatasetVersion) -> str:
    return version.version.rpartition("-")[2]


def _at(moment: object) -> datetime:
    assert isinstance(moment, datetime)
    return moment.astimezone(UTC)
