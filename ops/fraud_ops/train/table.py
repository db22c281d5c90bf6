"""A table of numbers and texts in the order of time, cut and encoded for training.

A text becomes a place in a list of the texts that the training slice knows, ordered by
their share of frauds there: with that order one split of a tree can part the risky ones
from the rest (Fisher 1958, "On grouping for maximum homogeneity"). What the slice does not
know is unknown. The order is learnt from the training slice alone.
"""

import json
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from hashlib import sha256
from itertools import pairwise
from typing import Any

import numpy as np
import numpy.typing as npt

from fraud_ops.train.split import data_version
from fraud_scoring.artifacts.metadata import FeatureSetRef
from fraud_scoring.serving.scorer import Floats32, Floats64
from fraud_scoring.training.dataset import Dataset, Flags, Rows

# Ends of the first three slices as shares of the rows; the rest is the test. Training
# reaches so far that a time in the test is not strange for being late.
CUTS = (0.75, 0.82, 0.91)
# Any |z| above this is strange: what the source systems promise their callers.
OOD_Z = 3.0
_DAY_S = 86_400
_MOST_TEXTS = 512
# A text's share of frauds is drawn towards that of all rows as if seen so often more.
_PRIOR_ROWS = 20.0

Column = npt.NDArray[Any]


@dataclass(frozen=True)
class Table:
    """Columns by name: floats with NaN for unknown, or objects (text or None). `seconds`
    since the first row never fall."""

    columns: Mapping[str, Column]
    fraud: Flags
    seconds: Floats64

    def __len__(self) -> int:
        return len(self.fraud)


def dataset(
    name: str, version: str, table: Table, *, seed: int, now: datetime
) -> Dataset:
    """Cut in the order of time and encoded; the last row happened at `now`."""
    ends = [int(len(table) * share) for share in CUTS]
    categories = {
        column: _ordered(values[: ends[0]], table.fraud[: ends[0]])
        for column, values in table.columns.items()
        if values.dtype == object
    }
    x = np.column_stack(
        [_encoded(values, categories.get(c)) for c, values in table.columns.items()]
    )
    reference = FeatureSetRef(
        name=name, version=version, hash=_hash(name, version, table, categories)
    )
    known = data_version(x, table.fraud)
    began = now - timedelta(seconds=float(table.seconds[-1]))
    places = [0, *ends, len(table)]
    slices = [_rows(x, table, a, b) for a, b in pairwise(places)]
    return Dataset(
        feature_set=reference,
        features=tuple(table.columns),
        sources=("request",) * len(table.columns),
        train=slices[0],
        validate=slices[1],
        calibrate=slices[2],
        test=slices[3],
        data_version=known,
        bundle=f"{name}-{now:%Y%m%dT%H%M%S}-{known[:8]}",
        seed=seed,
        trained_at=now,
        first_payment=began,
        last_payment=began + timedelta(seconds=float(table.seconds[ends[2] - 1])),
        label_delay_days=0.0,
        unknown_share=0.0,
        ood_z=OOD_Z,
        ood_range=False,
        categories=categories,
    )


def _rows(x: Floats32, table: Table, first: int, last: int) -> Rows:
    here = slice(first, last)
    count = last - first
    day = (table.seconds[here] // _DAY_S).astype(np.int64)
    # No card is known for certain, so each row counts as a card of its own.
    return Rows(x[here], table.fraud[here], np.ones(count), day, np.arange(count))


def _ordered(values: Column, fraud: Flags) -> tuple[str, ...]:
    seen = Counter(value for value in values if value is not None)
    bad = Counter(v for v, f in zip(values, fraud, strict=True) if f and v is not None)
    usual = float(fraud.mean())
    often = [text for text, _ in seen.most_common(_MOST_TEXTS)]

    def risk(text: str) -> tuple[float, str]:
        rows = seen[text] + _PRIOR_ROWS
        return (bad[text] + usual * _PRIOR_ROWS) / rows, text

    return tuple(sorted(often, key=risk))


def _encoded(values: Column, texts: Sequence[str] | None) -> Floats32:
    if texts is None:
        return values.astype(np.float32)
    codes = {text: float(code) for code, text in enumerate(texts)}
    return np.array([codes.get(value, np.nan) for value in values], dtype=np.float32)


def _hash(
    name: str,
    version: str,
    table: Table,
    categories: Mapping[str, tuple[str, ...]],
) -> str:
    """Of names, order and codes: what a caller's row means to the model."""
    content = [name, version, list(table.columns), categories]
    return sha256(json.dumps(content, sort_keys=True).encode()).hexdigest()
