"""From the handbook's files to model inputs, through the product's own feature code."""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import polars as pl

from fraud_features.definitions.registry import HANDBOOK
from fraud_features.offline.frame import frame
from fraud_lab.handbook import history
from fraud_lab.handbook.payments import Payments, as_frame, label_frame, read
from fraud_scoring.serving.scorer import Floats32


@dataclass(frozen=True, slots=True)
class Inputs:
    """Payments with their features: `windows` are the columns of the set `HANDBOOK`, `x`
    holds those and the history's, named by `names`; NaN where unknown."""

    payments: Payments
    windows: pl.DataFrame
    names: tuple[str, ...]
    x: Floats32

    def places(self, names: tuple[str, ...]) -> list[int]:
        """Where these columns stand in `x`."""
        return [self.names.index(name) for name in names]


def load(folder: Path, progress: Callable[[float], None] = lambda _: None) -> Inputs:
    """Read the files and compute every input; `progress` hears the share done."""
    payments = read(folder)
    windows = frame(
        as_frame(payments),
        label_frame(payments),
        features=HANDBOOK,
        progress=lambda done: progress(0.9 * done / len(payments)),
    )
    return assemble(payments, windows)


def assemble(payments: Payments, windows: pl.DataFrame) -> Inputs:
    """The frame's columns beside the history's."""
    further = history.columns(payments)
    x = np.empty((len(payments), len(HANDBOOK.names) + len(further)), dtype=np.float32)
    for i, name in enumerate(HANDBOOK.names):
        x[:, i] = windows[name].cast(pl.Float32).fill_null(np.nan).to_numpy()
    for i, column in enumerate(further.values(), start=len(HANDBOOK.names)):
        x[:, i] = column
    return Inputs(payments, windows, (*HANDBOOK.names, *further), x)
