"""When each label counts: reports turned into places in the order of arrival."""

from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping
from typing import Any, get_args

import numpy as np
import numpy.typing as npt
import polars as pl

from fraud_features.definitions.facts import microseconds
from fraud_features.definitions.label_resolution import (
    AUTHORITY,
    LabelResolver,
    ReportedLabel,
)
from fraud_features.offline.codes import CodeBook
from fraud_features.offline.jit import Codes, Ints
from fraud_features.store.schema import RISKS
from fraud_shared.contracts.label import LabelName, LabelReport

Label = LabelReport | Mapping[str, Any]
_SCHEMA: dict[str, pl.DataType] = {
    "transaction_id": pl.String(),
    "label": pl.String(),
    "reported_at": pl.Int64(),
    "reversal": pl.Boolean(),
    "source": pl.Enum(AUTHORITY),
}


def label_frame(labels: pl.DataFrame | Iterable[Label]) -> pl.DataFrame:
    """Reports as columns, in order of their time, each with what stands after it in the
    place of what it says (see `standing`). Reports without a source are all of one.

    Raises `ValueError` for a label that is none.
    """
    if not isinstance(labels, pl.DataFrame):
        rows = [_row(label) for label in labels]
        labels = pl.DataFrame(rows, schema=_SCHEMA, orient="row")
    if isinstance(labels.schema["reported_at"], pl.Datetime):
        labels = labels.with_columns(pl.col("reported_at").cast(pl.Datetime("us")))
    for name, absent in (("reversal", False), ("source", AUTHORITY[0])):
        if name not in labels.columns:
            labels = labels.with_columns(pl.lit(absent).alias(name))
        labels = labels.with_columns(pl.col(name).fill_null(absent))
    other = set(labels["label"].unique().to_list()) - set(get_args(LabelName))
    if other:
        raise ValueError("label: neither fraud nor legitimate nor undetermined")
    reports = labels.select(pl.col(n).cast(t) for n, t in _SCHEMA.items()).sort(
        "reported_at", maintain_order=True
    )
    return _resolved(reports).drop("source")


def _resolved(reports: pl.DataFrame) -> pl.DataFrame:
    """Payments with one report are as it says; few have more."""
    several = reports["transaction_id"].is_duplicated()
    if not several.any():
        return reports
    folds: defaultdict[str, LabelResolver[int]] = defaultdict(LabelResolver)
    words: list[tuple[str, bool]] = []
    for transaction_id, label, at, reversal, source in reports.filter(several).rows():
        fold = folds[transaction_id]
        fold.add(ReportedLabel(label, source, at, reversal))
        state = fold.standing().state
        words.append((label, True) if state == "reversed" else (state, False))
    stands = pl.DataFrame(words, schema=("label", "reversal"), orient="row")
    places = several.arg_true()
    return reports.with_columns(
        reports["label"].scatter(places, stands["label"]),
        reports["reversal"].scatter(places, stands["reversal"]),
    )


def _row(label: Label) -> tuple[str, str, int, bool, str | None]:
    if isinstance(label, LabelReport):
        label = label.model_dump()
    moment = label["reported_at"]
    t = moment if isinstance(moment, int) else microseconds(moment)
    name, said, source = label["transaction_id"], label["label"], label.get("source")
    return name, said, t, label.get("reversal", False), source


def last_words(reports: pl.DataFrame) -> pl.DataFrame:
    """For each reported payment 1 fraud, 0 legitimate, null when withdrawn or when what is
    known says nothing of fraud."""
    fraud = (pl.col("label") == "fraud").cast(pl.Int8)
    known = ~pl.col("reversal") & (pl.col("label") != "undetermined")
    word = pl.when(known).then(fraud)
    return reports.unique("transaction_id", keep="last", maintain_order=True).select(
        "transaction_id", label=word
    )


class LabelFeed:
    """Lets each report count from the first payment whose clock has passed its time, and
    no earlier than the payment it speaks of. The clock is the newest event time so far."""

    def __init__(self, reports: pl.DataFrame) -> None:
        book = CodeBook(keep_text=False)
        self._book = book
        self._payment: Codes = book.encode(reports["transaction_id"])
        self._at: Ints = reports["reported_at"].to_numpy()
        fraud = (reports["label"] == "fraud") & ~reports["reversal"]
        self._fraud: Ints = fraud.cast(pl.Int64).to_numpy()
        self._due = 0
        self._open: Ints = np.empty(0, dtype=np.int64)
        self._known = np.zeros(book.size, dtype=np.bool_)
        self._moment: Ints = np.zeros(book.size, dtype=np.int64)
        self._places: dict[str, Codes] = {
            risk.name: np.full(book.size, -1, dtype=np.int32) for risk in RISKS
        }
        self.clock = -(1 << 62)
        self.payments = book.size

    def effects(
        self, ids: pl.Series, t: Ints, codes: Callable[[str], Codes]
    ) -> dict[str, Ints]:
        """The rows of `logs.observe_frauds` for each kind of place, for the next payments
        in order of arrival; `codes` gives their places."""
        clocks = np.maximum.accumulate(np.concatenate(([self.clock], t)))[1:]
        rows = np.zeros(self.payments, dtype=np.int64)
        mine = self._book.encode(ids, insert=False)
        labelled = np.flatnonzero(mine >= 0)
        payment = mine[labelled]
        rows[payment] = labelled + 1
        self._known[payment] = True
        self._moment[payment] = t[labelled]
        for name, places in self._places.items():
            places[payment] = codes(name)[labelled]
        due = self._due
        self._due = int(np.searchsorted(self._at, clocks[-1]))
        self.clock = int(clocks[-1])
        reports = np.concatenate((self._open, np.arange(due, self._due)))
        row = np.searchsorted(clocks, self._at[reports], side="right")
        row = np.maximum(row, rows[self._payment[reports]])
        now = self._known[self._payment[reports]] & (row < len(t))
        self._open = reports[~now]
        return self._rows(row[now], reports[now])

    def _rows(self, row: Ints, reports: Ints) -> dict[str, Ints]:
        order: npt.NDArray[np.int64] = np.lexsort((reports, row))
        row, reports = row[order], reports[order]
        payment = self._payment[reports].astype(np.int64)
        columns = (row, payment, payment, self._moment[payment], self._fraud[reports])
        found: dict[str, Ints] = {}
        for name, places in self._places.items():
            effects = np.stack(columns, axis=1)
            effects[:, 2] = places[payment]
            found[name] = np.ascontiguousarray(effects)
        return found
