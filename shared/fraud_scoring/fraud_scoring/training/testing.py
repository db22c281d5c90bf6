"""Rows on which a served model must equal its training library."""

import numpy as np

from fraud_scoring.serving.scorer import Floats32
from fraud_scoring.training.dataset import Dataset


def hard_rows(
    data: Dataset, thresholds: Floats32, count: int = 10_000, seed: int = 3
) -> Floats32:
    """Real rows, rows of gaps, and rows that sit on thresholds and one ulp either side.

    `thresholds` are float32 values at which the model splits; every feature gets them.
    """
    rng = np.random.default_rng(seed)
    real = data.test.x[rng.integers(0, len(data.test), count // 4)]
    gaps = np.where(
        rng.random((count // 4, data.width)) < 0.5,
        np.float32(np.nan),
        rng.normal(size=(count // 4, data.width)).astype(np.float32),
    )
    ties = rng.choice(thresholds, size=(count // 4, data.width))
    shift = rng.integers(-1, 2, size=ties.shape)
    near = np.where(
        shift < 0,
        np.nextafter(ties, np.float32(-np.inf)),
        np.where(shift > 0, np.nextafter(ties, np.float32(np.inf)), ties),
    )
    extreme = rng.choice(
        np.array([0.0, -0.0, 1e30, -1e30, 1e-35, -1e-35, np.nan], dtype=np.float32),
        size=(count - 3 * (count // 4), data.width),
    )
    return np.concatenate([real, gaps, near, extreme]).astype(np.float32)
