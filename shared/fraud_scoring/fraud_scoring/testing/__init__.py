"""A model small enough to write by hand, and a registry in memory, for tests of others."""

import uuid
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

import numpy as np
import orjson

from fraud_scoring.artifacts.artifact import Artifact
from fraud_scoring.artifacts.calibration import Calibrator
from fraud_scoring.artifacts.keys import KeyPair, Signer, Verifier, generate_keys
from fraud_scoring.artifacts.metadata import (
    FeatureSetRef,
    FeatureStatistics,
    Golden,
    Metadata,
    Training,
)
from fraud_scoring.registry.file import FolderRegistry
from fraud_scoring.registry.port import UnpublishedModel
from fraud_scoring.serving.schema import FILE, FeatureRegistry
from fraud_scoring.serving.scorer import Floats32, Floats64, ScorerEngine
from fraud_shared.contracts.features import FeatureVector
from fraud_shared.contracts.signal import ScoreRequest

FEATURES = ("amount", "velocity", "age")
FEATURE_HASH = "f" * 64
NOW = datetime(2026, 3, 2, 12, 0, tzinfo=UTC)


@dataclass(frozen=True)
class LinearScorer:
    """logistic(w . x), unknown values as 0; contributions are the summands."""

    weights: Floats64
    before: Callable[[], None] = lambda: None

    def score(self, rows: Floats32) -> Floats64:
        """The probability per row."""
        return 1.0 / (1.0 + np.exp(-(np.nan_to_num(rows) @ self.weights)))

    def explain(self, row: Floats32) -> Floats64:
        """Weight times value."""
        self.before()
        return np.nan_to_num(row) * self.weights


def linear_engine(before_explaining: Callable[[], None] = lambda: None) -> ScorerEngine:
    """An engine for `linear_draft`; the hook runs on the explaining thread."""

    def load(artifact: Artifact) -> LinearScorer:
        weights = orjson.loads(artifact.file("weights.json"))
        return LinearScorer(np.array(weights, dtype=np.float64), before_explaining)

    return ScorerEngine(
        source="xgboost",
        raw_name="fraud_score",
        load=load,
        home="fraud_scoring.testing:LINEAR",
    )


LINEAR = linear_engine()


def linear_draft(
    weights: Sequence[float] = (0.5, 1.0, -0.25),
    *,
    name: str = "xgboost",
    bundle: str = "bundle-1",
    golden_raw: Sequence[float] | None = None,
    labels: Sequence[bool] = (False, False, True, True),
    libraries: dict[str, str] | None = None,
    feature_hash: str = FEATURE_HASH,
    features: Sequence[str] = FEATURES,
    categories: Mapping[str, Sequence[str]] | None = None,
) -> UnpublishedModel:
    """A complete, consistent model of three features, taught on values from -4 to 4."""
    rows = ((0.0, -1.0, 2.0), (1.0, None, 0.0), (2.0, 1.0, 0.0), (3.0, 4.0, -1.0))
    x = np.array(rows, dtype=np.float32)
    scorer = LinearScorer(np.array(weights, dtype=np.float64))
    raw = scorer.score(x).tolist() if golden_raw is None else list(golden_raw)
    calibrator = Calibrator("isotonic", (0.0, 0.5, 1.0), (0.0, 0.2, 1.0))
    golden = Golden(
        rows=rows,
        raw=tuple(raw),
        score=tuple(calibrator(r) for r in raw),
        labels=tuple(labels),
        tolerance=1e-6,
    )
    feature_set = FeatureSetRef(name="test", version="1", hash=feature_hash)
    registry = FeatureRegistry.of(feature_set, features, categories)
    return UnpublishedModel(
        name,
        bundle,
        {
            "weights.json": orjson.dumps(list(weights)),
            "calibrator.json": orjson.dumps(calibrator.to_dict()),
            "golden.json": golden.model_dump_json().encode(),
            "metadata.json": _metadata(
                name, libraries or {}, feature_hash, tuple(features)
            ),
            FILE: registry.model_dump_json().encode(),
            "model_card.md": b"# Model card\n",
        },
    )


def _metadata(
    name: str, libraries: dict[str, str], feature_hash: str, features: tuple[str, ...]
) -> bytes:
    three = (0.0, 0.0, 0.0)
    metadata = Metadata(
        name=name,
        source="xgboost",
        raw_name="fraud_score",
        algorithm="logistic regression",
        feature_set=FeatureSetRef(name="test", version="1", hash=feature_hash),
        features=features,
        statistics=FeatureStatistics(
            minimum=(-4.0, -4.0, -4.0),
            maximum=(4.0, 4.0, 4.0),
            mean=three,
            std=(1.0, 1.0, 1.0),
            median=three,
            known=(1.0, 0.9, 1.0),
        ),
        ood_z=8.0,
        training=Training(
            trained_at=NOW,
            data_version="data-1",
            seed=1,
            rows=100,
            frauds=10,
            first_payment=NOW,
            last_payment=NOW,
            label_delay_days=7.0,
            unknown_share=0.0,
        ),
        libraries=libraries,
        parameters={},
        metrics={"roc_auc": 0.9},
        importance=dict.fromkeys(features, 1 / 3),
    )
    return metadata.model_dump_json().encode()


def linear_vector(
    *values: float | None, feature_hash: str = FEATURE_HASH
) -> FeatureVector:
    """A vector for `linear_draft`."""
    return FeatureVector(
        feature_set="test", version="1", hash=feature_hash, values=values
    )


def linear_request(*values: float | None, **fields: Any) -> dict[str, Any]:
    """A JSON-ready `ScoreRequest` for `linear_draft`."""
    request = ScoreRequest(
        transaction_id="tx-1", features=linear_vector(*values), **fields
    )
    return request.model_dump(mode="json")


def release(
    registry: FolderRegistry,
    weights: Sequence[float] = (0.5, 1.0, -0.25),
    *,
    hours: int = 0,
    name: str = "xgboost",
    **more: Any,
) -> Artifact:
    """Publish a linear model and make it champion, so many hours after `NOW`."""
    now = NOW + timedelta(hours=hours)
    made = registry.publish(linear_draft(weights, name=name, **more), now=now)
    registry.promote(name, made.manifest.version, "champion", now=now)
    return made


def memory_registry(keys: KeyPair | None = None) -> FolderRegistry:
    """An empty registry of its own, in memory."""
    pair = keys or generate_keys()
    return FolderRegistry(
        f"memory://{uuid.uuid4().hex}",
        Verifier(pair.public_pem),
        Signer(pair.private_pem),
    )
