"""How far a stretch of payments has moved from another. Pure: frames in, figures out.

The population stability index compares shares of ten equally full bins of the reference,
and of unknown as a bin of its own (Siddiqi, Credit Risk Scorecards, 2006): below 0.1
nothing moved, above 0.25 something did.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import polars as pl

BINS = 10
# An empty bin counts as half a payment, or one payment in it would be an infinite change.
_HALF = 0.5
FEWEST_ROWS = 200

Values = npt.NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class ColumnDrift:
    """One column: its PSI, and the share of unknown values before and now."""

    name: str
    psi: float
    null_before: float
    null_now: float


def drifts(
    before: pl.DataFrame, now: pl.DataFrame, columns: Sequence[str]
) -> list[ColumnDrift]:
    """Each column's drift, the strongest first; none with fewer than 200 payments on a
    side, where chance alone moves the index."""
    if min(before.height, now.height) < FEWEST_ROWS:
        return []
    found = []
    for name in columns:
        a, b = _values(before[name]), _values(now[name])
        nulls = (float(np.isnan(a).mean()), float(np.isnan(b).mean()))
        found.append(ColumnDrift(name, psi(a, b), *nulls))
    return sorted(found, key=lambda one: (-one.psi, one.name))


def psi(before: Values, now: Values) -> float:
    """The population stability index of two samples; NaN is a value of its own."""
    known = before[~np.isnan(before)]
    edges = (
        np.unique(np.quantile(known, np.linspace(0, 1, BINS + 1)[1:-1]))
        if len(known)
        else np.empty(0)
    )
    shares = [_shares(values, edges) for values in (before, now)]
    return float(np.sum((shares[1] - shares[0]) * np.log(shares[1] / shares[0])))


def categories(
    before: pl.DataFrame, now: pl.DataFrame, columns: Sequence[str]
) -> Mapping[str, list[str]]:
    """Texts of each column that only the later payments have."""
    found = {}
    for name in columns:
        known = set(before[name].drop_nulls().to_list())
        fresh = sorted(set(now[name].drop_nulls().to_list()) - known)
        if fresh:
            found[name] = fresh
    return found


def _shares(values: Values, edges: Values) -> Values:
    known = values[~np.isnan(values)]
    # An edge belongs to the bin below it: of a column that is mostly zero, the zeros.
    place = np.searchsorted(edges, known, side="left")
    counts = np.bincount(place, minlength=len(edges) + 1).astype(np.float64)
    counts = np.append(counts, len(values) - len(known))
    filled = np.maximum(counts, _HALF)
    found: Values = filled / filled.sum()
    return found


def _values(column: pl.Series) -> Values:
    found: Values = column.cast(pl.Float64).fill_null(float("nan")).to_numpy()
    return found
