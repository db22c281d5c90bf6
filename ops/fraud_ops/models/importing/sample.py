"""Sample rows: what an imported model is compared, described and tested with."""

from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path

import numpy as np
import numpy.typing as npt
import polars as pl

from fraud_ops.models.importing.plain import NotImportable
from fraud_scoring.serving.scorer import Floats32

_LEAST, _MOST = 20, 100_000


@dataclass(frozen=True)
class Sample:
    """Rows in the model's feature order (float32, NaN where unknown), which are frauds,
    and a name for exactly these rows."""

    columns: tuple[str, ...]
    rows: Floats32
    fraud: npt.NDArray[np.bool_]
    version: str


def read(path: Path, label: str) -> Sample:
    """A CSV or Parquet file: the label column, and every other as a feature, in order.

    At most 100,000 rows are used. Raises `NotImportable` for a column that is not a
    number, too few rows, or labels of one kind only.
    """
    table = pl.read_parquet(path) if path.suffix == ".parquet" else pl.read_csv(path)
    if label not in table.columns:
        raise NotImportable(f"the sample has no column {label}")
    table = table.head(_MOST)
    columns = tuple(name for name in table.columns if name != label)
    odd = [name for name in columns if not table[name].dtype.is_numeric()]
    if odd:
        raise NotImportable(f"columns of the sample that are no numbers: {odd[:5]}")
    rows = table.select(columns).cast(pl.Float32).to_numpy().astype(np.float32)
    fraud = table[label].cast(pl.Float64).to_numpy() > 0
    if len(rows) < _LEAST or fraud.all() or not fraud.any():
        raise NotImportable(f"the sample needs {_LEAST} rows, some of them frauds")
    digest = sha256(rows.tobytes() + fraud.tobytes()).hexdigest()
    return Sample(columns, rows, fraud, f"sample-{digest[:12]}")
