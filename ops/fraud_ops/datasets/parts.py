"""A dataset version, compacted into the three parts that models are trained and judged on.

    <root>/<version>/parts/{train,validation,test}.parquet
    <root>/<version>/parts/manifest.json      written last

The test part is the last stretch of time. Of everything before it, training and validation
hold what was known when the test began: a fraud reported later is silent there, with the
weight of a silent payment of that age. (Where hardly any report came before the test, as
when labels are loaded in one go, what is known now must do.) Validation is a share of the accounts, so that the
newest payments can be learned from as well.
"""

from datetime import datetime, timedelta
from hashlib import sha256
from typing import Annotated, Literal

import polars as pl
from pydantic import AwareDatetime, Field

from fraud_ops.running import CommandError
from fraud_post_auth.dataset import DatasetStore, parquet
from fraud_post_auth.outcomes import LEAST_WEIGHT, silence_weight
from fraud_shared.contracts.base import Contract, Identifier
from fraud_shared.contracts.datasets import DatasetVersion, Part

PartName = Literal["train", "validation", "test"]
PARTS: tuple[PartName, ...] = ("train", "validation", "test")
MANIFEST = "parts/manifest.json"
# The test takes the last part of the time: the least share, or up to the most until it
# holds enough frauds.
LEAST_TEST, MOST_TEST = 0.15, 0.35
ENOUGH_FRAUDS = 30
# Fewer known frauds before the test than this: its reports came late, all of them.
FEWEST_KNOWN = 20
# One account in so many is for validation.
VALIDATION_EVERY = 5


class TooFew(CommandError, ValueError):
    """The dataset cannot be cut: too few payments or frauds."""


class PartsManifest(Contract):
    """`parts/manifest.json`: which data version, where it was cut, and what came out."""

    version: Identifier
    # The test begins here. Training and validation hold what was known at `known_at`: the
    # same moment, unless too few frauds were known by then.
    test_from: AwareDatetime
    known_at: AwareDatetime
    as_of: AwareDatetime
    maturity_days: Annotated[float, Field(ge=0)]
    parts: dict[PartName, Part]
    fraud: dict[PartName, int]


def publish(store: DatasetStore, version: DatasetVersion) -> PartsManifest:
    """Cut a version and write its parts, once. Raises TooFew, DatasetDamaged."""
    known = read_manifest(store, version)
    if known is not None:
        return known
    tables, test_from, known_at = cut(store.read(version), version)
    written: dict[PartName, Part] = {}
    for name in PARTS:
        data = parquet(tables[name])
        path = f"parts/{name}.parquet"
        store.put(f"{version.version}/{path}", data)
        digest = sha256(data).hexdigest()
        written[name] = Part(path=path, rows=tables[name].height, sha256=digest)
    manifest = PartsManifest(
        version=version.version,
        test_from=test_from,
        known_at=known_at,
        as_of=version.as_of,
        maturity_days=version.maturity_days,
        parts=written,
        fraud={name: int(tables[name]["label"].sum()) for name in PARTS},
    )
    document = manifest.model_dump_json(indent=1).encode()
    store.put(f"{version.version}/{MANIFEST}", document)
    return manifest


def read_manifest(store: DatasetStore, version: DatasetVersion) -> PartsManifest | None:
    """The manifest of a version's parts; None when they are not published."""
    data = store.get(f"{version.version}/{MANIFEST}")
    return None if data is None else PartsManifest.model_validate_json(data)


def read(store: DatasetStore, manifest: PartsManifest) -> dict[PartName, pl.DataFrame]:
    """The published parts, each checked against its hash. Raises DatasetDamaged."""
    return {
        name: pl.read_parquet(store.checked(f"{manifest.version}/{part.path}", part))
        for name, part in manifest.parts.items()
    }


def problems(store: DatasetStore, manifest: PartsManifest) -> list[str]:
    """What is wrong with the published parts."""
    return store.damage(
        (f"{manifest.version}/{part.path}", part) for part in manifest.parts.values()
    )


def cut(
    rows: pl.DataFrame, version: DatasetVersion
) -> tuple[dict[PartName, pl.DataFrame], datetime, datetime]:
    """The three parts of rows in the order of time, where the test begins, and when what
    is learned from was known. Raises TooFew."""
    begins = _test_begins(rows)
    before, test = (
        rows.filter(pl.col("occurred_at") < begins),
        rows.filter(pl.col("occurred_at") >= begins),
    )
    past = as_known(before, begins, timedelta(days=version.maturity_days))
    known_at = begins
    if int(past["label"].sum()) < FEWEST_KNOWN:
        past, known_at = before, version.as_of
    validation = _bucket(past) == 0
    parts: dict[PartName, pl.DataFrame] = {
        "train": past.filter(~validation),
        "validation": past.filter(validation),
        "test": test,
    }
    for name, part in parts.items():
        if int(part["label"].sum()) < 2 or int((part["label"] == 0).sum()) < 2:
            raise TooFew(f"dataset {version.version}: too few payments in {name}")
    return parts, begins, known_at


def as_known(rows: pl.DataFrame, at: datetime, maturity: timedelta) -> pl.DataFrame:
    """The rows with labels and weights as they stood at `at`; those that said nothing yet
    are left out. Only the label that stands is known, so what an earlier one of the same
    payment said is forgotten."""
    silent = pl.col("label_source").is_in(["maturity", "presumed"]) | (
        pl.col("labelled_at") > at
    )
    ages = rows["occurred_at"].to_list()
    weights = pl.Series(
        "silence", [silence_weight(at - paid, maturity) for paid in ages], pl.Float64
    )
    mature = weights >= 1.0
    found = rows.with_columns(weights, mature.alias("mature")).with_columns(
        label=pl.when(silent).then(0).otherwise("label").cast(pl.Int8),
        label_state=pl.when(silent).then(pl.lit("legitimate")).otherwise("label_state"),
        label_source=pl.when(~silent)
        .then("label_source")
        .when("mature")
        .then(pl.lit("maturity"))
        .otherwise(pl.lit("presumed")),
        labelled_at=pl.when(~silent).then("labelled_at"),
        weight=pl.when(silent).then("silence").otherwise("weight"),
    )
    return found.filter(pl.col("weight") >= LEAST_WEIGHT).drop("silence", "mature")


def _test_begins(rows: pl.DataFrame) -> datetime:
    times = rows["occurred_at"]
    first, last = times.min(), times.max()
    assert isinstance(first, datetime)
    assert isinstance(last, datetime)
    span = last - first
    latest, earliest = last - span * LEAST_TEST, last - span * MOST_TEST
    frauds = rows.filter(pl.col("label") == 1)["occurred_at"].to_list()
    enough = frauds[-ENOUGH_FRAUDS] if len(frauds) >= ENOUGH_FRAUDS else first
    return max(min(latest, enough), earliest)


def _bucket(rows: pl.DataFrame) -> pl.Series:
    """The bucket of each row's account, the same in every version."""
    accounts = (rows["tenant"] + "\n" + rows["account_id"]).to_list()
    return pl.Series(
        [
            int(sha256(a.encode()).hexdigest()[:8], 16) % VALIDATION_EVERY
            for a in accounts
        ],
        dtype=pl.Int64,
    )
