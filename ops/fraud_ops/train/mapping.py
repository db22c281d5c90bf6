"""A model owner's own CSV or Parquet, and the file that says what its columns mean.

name: card_fraud
version: "1"
label: {column: isFraud, fraud: [1]}
time: {column: TransactionDT}
exclude: [TransactionID]
models: {xgboost: card_fraud, lightgbm: card_fraud_challenger}
"""

from datetime import datetime
from pathlib import Path
from typing import Annotated, Literal, Self

import numpy as np
import polars as pl
from pydantic import Field, ValidationError, model_validator

from fraud_ops.running import CommandError
from fraud_ops.train.table import Column, Table
from fraud_ops.train.table import dataset as cut
from fraud_scoring.artifacts.metadata import FeatureColumn, ModelName
from fraud_scoring.training.dataset import Dataset
from fraud_shared.contracts.base import Contract, Identifier
from fraud_shared.documents import SourceError, parse

Algorithm = Literal["isolation_forest", "autoencoder", "xgboost", "lightgbm"]
LEAST_ROWS = 200
_LEAST_OF_EACH = 10


class BadMapping(CommandError, ValueError):
    """The mapping, or the data it describes, cannot be used; says which field and why."""


class LabelColumn(Contract):
    """Which column says what a row turned out to be, and which of its values mean fraud."""

    column: FeatureColumn
    fraud: Annotated[tuple[str | int | float | bool, ...], Field(min_length=1)] = (1,)


class TimeColumn(Contract):
    """When a row happened: a number that grows by one each second, or a date and time."""

    column: FeatureColumn


class Mapping(Contract):
    """`mapping.yaml`. Every other column is a feature, unless `features` names them;
    `models` says under which name each algorithm's model is registered."""

    name: Identifier
    version: Identifier = "1"
    label: LabelColumn
    time: TimeColumn
    features: tuple[FeatureColumn, ...] = ()
    exclude: tuple[FeatureColumn, ...] = ()
    models: Annotated[dict[Algorithm, ModelName], Field(min_length=1)]

    @model_validator(mode="after")
    def _one_name_each(self) -> Self:
        if len(set(self.models.values())) < len(self.models):
            raise ValueError("two algorithms cannot share a model's name")
        return self


def read_mapping(path: Path) -> Mapping:
    """The mapping of a file. Raises BadMapping."""
    try:
        return Mapping.model_validate_json(parse(path.read_bytes()), strict=False)
    except FileNotFoundError:
        raise BadMapping(f"{path}: no such file") from None
    except SourceError as error:
        raise BadMapping(f"{path}: {error}") from error
    except ValidationError as error:
        first = error.errors()[0]
        where = ".".join(str(part) for part in first["loc"]) or "the file"
        raise BadMapping(f"{path}: {where}: {first['msg']}") from error


def load(uri: str, mapping: Mapping, *, seed: int, now: datetime) -> Dataset:
    """The rows of a CSV or Parquet file, cut in the order of time. Raises BadMapping."""
    rows = _sorted(_read(uri), mapping)
    fraud = _fraud(rows, mapping)
    if len(rows) < LEAST_ROWS or min(fraud.sum(), (~fraud).sum()) < _LEAST_OF_EACH:
        raise BadMapping(
            f"{len(rows):,} rows with {int(fraud.sum()):,} frauds: at least {LEAST_ROWS} "
            f"rows, {_LEAST_OF_EACH} of each kind"
        )
    columns = {name: _column(rows[name], name) for name in _features(rows, mapping)}
    seconds = _seconds(rows[mapping.time.column])
    table = Table(columns, fraud, seconds - seconds[0])
    return cut(mapping.name, mapping.version, table, seed=seed, now=now)


def _read(uri: str) -> pl.DataFrame:
    try:
        if uri.endswith(".parquet"):
            return pl.read_parquet(uri)
        return pl.read_csv(uri, infer_schema_length=None, try_parse_dates=True)
    except FileNotFoundError:
        raise BadMapping(f"{uri}: no such file") from None
    except pl.exceptions.PolarsError as error:
        raise BadMapping(f"{uri}: not readable ({type(error).__name__})") from error


def _sorted(rows: pl.DataFrame, mapping: Mapping) -> pl.DataFrame:
    named = (mapping.label.column, mapping.time.column)
    for name in (*named, *mapping.features, *mapping.exclude):
        if name not in rows.columns:
            raise BadMapping(f"the data has no column {name!r}")
    kept = rows.drop_nulls(list(named))
    return kept.sort(mapping.time.column, maintain_order=True)


def _features(rows: pl.DataFrame, mapping: Mapping) -> list[str]:
    if mapping.features:
        return list(mapping.features)
    out = {mapping.label.column, mapping.time.column, *mapping.exclude}
    return [name for name in rows.columns if name not in out]


def _fraud(rows: pl.DataFrame, mapping: Mapping) -> Column:
    meant = {str(value) for value in mapping.label.fraud}
    values = rows[mapping.label.column].cast(pl.String).to_list()
    meant |= {str(float(v)) for v in mapping.label.fraud if isinstance(v, int | float)}
    return np.array([value in meant for value in values], dtype=bool)


def _column(values: pl.Series, name: str) -> Column:
    if values.dtype.is_numeric() or values.dtype == pl.Boolean:
        found: Column = values.cast(pl.Float64).fill_null(float("nan")).to_numpy()
        return found
    if values.dtype in (pl.String, pl.Categorical):
        return np.array(values.cast(pl.String).to_list(), dtype=object)
    raise BadMapping(f"column {name!r} is neither number nor text: exclude it")


def _seconds(values: pl.Series) -> Column:
    if values.dtype.is_temporal():
        microseconds = values.cast(pl.Datetime("us")).dt.epoch("us")
        found: Column = microseconds.to_numpy() / 1e6
        return found
    if not values.dtype.is_numeric():
        raise BadMapping(f"column {values.name!r} is neither a time nor a number")
    numbers: Column = values.cast(pl.Float64).to_numpy()
    return numbers
