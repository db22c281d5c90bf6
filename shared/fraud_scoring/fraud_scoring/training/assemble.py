"""From a fitted model to a published artefact, through the same gate as serving."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol

import numpy as np
import orjson

from fraud_features.definitions.payment_features import BANK_LIMITS
from fraud_features.definitions.registry import PAYMENT_FEATURES
from fraud_scoring.artifacts import libraries
from fraud_scoring.artifacts.artifact import Artifact
from fraud_scoring.artifacts.calibration import Calibrator
from fraud_scoring.artifacts.metadata import Golden, Metadata, Training
from fraud_scoring.errors import GoldenMismatch
from fraud_scoring.registry.port import ModelRegistry, UnpublishedModel
from fraud_scoring.serving import validation
from fraud_scoring.serving.schema import FILE, FeatureRegistry
from fraud_scoring.serving.scorer import Floats32, Floats64, ScorerEngine
from fraud_scoring.training import calibrate
from fraud_scoring.training.card import model_card
from fraud_scoring.training.dataset import Dataset, Rows, statistics
from fraud_scoring.training.metrics import measure
from fraud_scoring.training.unknown import forget, forgettable

Progress = Callable[[float], None]
_GOLDEN_ROWS = 64
_COMPARED_ROWS = 4000


def silent(_: float) -> None:
    """Progress that nobody hears."""


@dataclass(frozen=True)
class Fitted:
    """What a service's trainer hands over.

    `reference` is the training library's own raw score, which serving must reproduce
    within `tolerance` (relative above 1). `importance` sums to 1.
    """

    engine: ScorerEngine
    algorithm: str
    files: Mapping[str, bytes]
    reference: Callable[[Floats32], Floats64]
    parameters: Mapping[str, float | int | str | bool]
    importance: Mapping[str, float]
    libraries: tuple[str, ...]
    supervised: bool
    tolerance: float = 1e-6


class Trainer(Protocol):
    """What a service's `train.py` offers. One thread by default: two trainers side by
    side use two cores better than two threads of each, which wait for one another."""

    def __call__(
        self, data: Dataset, *, threads: int = 1, progress: Progress = ...
    ) -> Fitted:
        """Fit on the training slice; `progress` hears the share done, from 0 to 1."""


@dataclass(frozen=True)
class Published:
    """A stored artefact, its figures on the test slice, and how far serving was from the
    training library on the compared rows (relative above 1)."""

    artifact: Artifact
    metrics: dict[str, float]
    largest_difference: float


def publish(
    name: str,
    fitted: Fitted,
    data: Dataset,
    registry: ModelRegistry,
    *,
    now: datetime,
) -> Published:
    """Calibrate, judge, describe, sign and store one model.

    The stored artefact is loaded as a service would load it and compared with the
    training library before anybody can be pointed at it; raises `GoldenMismatch`.
    """
    calibrator = _calibrator(fitted, data)
    metrics = _metrics(fitted, data, calibrator)
    metadata = _metadata(name, fitted, data, metrics)
    golden = _golden(fitted, data, calibrator)
    files = {
        **fitted.files,
        "calibrator.json": orjson.dumps(calibrator.to_dict()),
        "metadata.json": orjson.dumps(metadata.model_dump(mode="json")),
        "golden.json": orjson.dumps(golden.model_dump(mode="json")),
        "model_card.md": model_card(metadata).encode(),
        FILE: registry_of(data).model_dump_json(indent=1).encode(),
    }
    made = registry.publish(UnpublishedModel(name, data.bundle, files), now=now)
    stored = registry.load(name, made.manifest.version)
    return Published(made, metrics, _compare(fitted, data, stored))


def registry_of(data: Dataset) -> FeatureRegistry:
    """What callers must send to a model of this dataset."""
    bank = data.feature_set.hash == PAYMENT_FEATURES.hash
    return FeatureRegistry.of(
        data.feature_set,
        data.features,
        data.categories,
        types=PAYMENT_FEATURES.types if bank else None,
        limits=BANK_LIMITS if bank else None,
    )


def _calibrator(fitted: Fitted, data: Dataset) -> Calibrator:
    rows = data.calibrate
    raw = fitted.reference(rows.x)
    if fitted.supervised:
        return calibrate.isotonic(raw, rows.fraud, rows.weight)
    return calibrate.percentile(raw)


def _metrics(fitted: Fitted, data: Dataset, calibrator: Calibrator) -> dict[str, float]:
    raw = fitted.reference(data.test.x)
    score = np.array([calibrator(r) for r in raw.tolist()])
    found = measure(data.test, raw, score if fitted.supervised else None)
    if not forgettable(data.sources):
        return found
    blind = fitted.reference(forget(data.test.x, data.sources, share=1.0, seed=0))
    for name, value in measure(data.test, blind, None).items():
        if name in ("roc_auc", "average_precision"):
            found[f"{name}_store_down"] = value
    return found


def _metadata(
    name: str, fitted: Fitted, data: Dataset, metrics: dict[str, float]
) -> Metadata:
    return Metadata(
        name=name,
        source=fitted.engine.source,
        raw_name=fitted.engine.raw_name,
        algorithm=fitted.algorithm,
        feature_set=data.feature_set,
        features=data.features,
        statistics=statistics(
            data.train.x, ranges=data.ood_range, categorical=data.categorical
        ),
        ood_z=data.ood_z,
        training=Training(
            trained_at=data.trained_at,
            data_version=data.data_version,
            seed=data.seed,
            rows=len(data.train),
            frauds=int(data.train.fraud.sum()),
            first_payment=data.first_payment,
            last_payment=data.last_payment,
            label_delay_days=data.label_delay_days,
            unknown_share=data.unknown_share,
        ),
        libraries=libraries.installed(fitted.libraries),
        parameters=dict(fitted.parameters),
        metrics=metrics,
        importance=dict(fitted.importance),
    )


def _golden(fitted: Fitted, data: Dataset, calibrator: Calibrator) -> Golden:
    """Half frauds, half legitimate, drawn from the test slice; some without history."""
    places = _chosen(data.test, _GOLDEN_ROWS, data.seed)
    x = forget(data.test.x[places], data.sources, share=0.1, seed=data.seed)
    raw = fitted.reference(x).tolist()
    return Golden(
        rows=tuple(tuple(None if np.isnan(v) else float(v) for v in row) for row in x),
        raw=tuple(raw),
        score=tuple(calibrator(r) for r in raw),
        labels=tuple(data.test.fraud[places].tolist()),
        tolerance=fitted.tolerance,
    )


def _chosen(rows: Rows, count: int, seed: int) -> list[int]:
    rng = np.random.default_rng(seed)
    chosen: list[int] = []
    for wanted in (True, False):
        places = np.flatnonzero(rows.fraud == wanted)
        chosen += rng.permutation(places)[: count // 2].tolist()
    return chosen


def _compare(fitted: Fitted, data: Dataset, stored: Artifact) -> float:
    """The largest difference between serving and training over thousands of rows."""
    validation.validate_model(fitted.engine, stored, limit_ms=1000.0)
    scorer = fitted.engine.load(stored)
    x = np.concatenate([data.test.x[:_COMPARED_ROWS], data.train.x[:_COMPARED_ROWS]])
    x = forget(x, data.sources, share=0.2, seed=data.seed)
    here, there = scorer.score(x), fitted.reference(x)
    worst = float(np.max(np.abs(here - there) / np.maximum(1.0, np.abs(there))))
    if not worst <= fitted.tolerance:
        raise GoldenMismatch(f"serving differs from training by {worst:.2e}")
    return worst
