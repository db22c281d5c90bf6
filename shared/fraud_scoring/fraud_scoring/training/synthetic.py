"""A small made-up dataset with ties, gaps and long tails, for tests of trainers."""

from datetime import UTC, datetime

import numpy as np

from fraud_scoring.artifacts.metadata import FeatureSetRef
from fraud_scoring.training.dataset import Dataset, Rows

NOW = datetime(2026, 3, 2, 12, 0, tzinfo=UTC)


def synthetic(rows: int = 6000, width: int = 24, seed: int = 7) -> Dataset:
    """Four slices of `rows` in all; about 4 % fraud, which also lies further out."""
    rng = np.random.default_rng(seed)
    parts = [_rows(rng, rows * share // 100, width) for share in (55, 15, 15, 15)]
    return Dataset(
        feature_set=FeatureSetRef(name="synthetic", version="1", hash="5" * 64),
        features=tuple(f"f_{i}" for i in range(width)),
        sources=tuple(
            "transaction" if i < width // 2 else "velocity" for i in range(width)
        ),
        train=parts[0],
        validate=parts[1],
        calibrate=parts[2],
        test=parts[3],
        data_version="synthetic-1",
        bundle="synthetic-bundle",
        seed=seed,
        trained_at=NOW,
        first_payment=NOW,
        last_payment=NOW,
        label_delay_days=7.0,
        unknown_share=0.05,
    )


def _rows(rng: np.random.Generator, rows: int, width: int) -> Rows:
    x = rng.normal(size=(rows, width)).astype(np.float32)
    x[:, : width // 3] = np.round(x[:, : width // 3] * 2)
    x[:, width // 3] = np.abs(x[:, width // 3]) ** 3 * 500
    fraud = rng.random(rows) < 0.04
    x[fraud, 1::3] += 1.5
    x[fraud, 2::5] *= 3
    gaps = rng.random((rows, width)) < 0.1
    gaps[:, : width // 4] = False
    x[gaps] = np.nan
    return Rows(
        x=x,
        fraud=fraud,
        weight=np.ones(rows),
        day=np.sort(rng.integers(0, 10, rows)),
        card=rng.integers(0, rows // 10, rows),
    )
