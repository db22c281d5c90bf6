"""Runs where BentoML is installed: the service of its XGBoost guide.

`FRAUD_BENCH_MODEL` is the booster's file, `FRAUD_BENCH_WORKERS` the number of processes.
"""

import os

import bentoml
import numpy as np
import xgboost


@bentoml.service(workers=int(os.environ.get("FRAUD_BENCH_WORKERS", "1")))
class Fraud:
    """One booster behind one route."""

    def __init__(self) -> None:
        self._booster = xgboost.Booster(model_file=os.environ["FRAUD_BENCH_MODEL"])

    @bentoml.api  # type: ignore[untyped-decorator]
    def predict(self, rows: np.ndarray) -> np.ndarray:
        """The probability of each row."""
        return self._booster.predict(xgboost.DMatrix(rows))
