"""From a converted model to a signed artefact, through the gate of every artefact."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

import numpy as np
import orjson

import fraud_lightgbm.scorer
import fraud_xgboost.scorer
from fraud_features.definitions.registry import request_set
from fraud_ops.models.importing.isolate import Converted
from fraud_ops.models.importing.plain import NotImportable, Plain
from fraud_ops.models.importing.sample import Sample
from fraud_ops.models.importing.source import Original
from fraud_scoring.artifacts import artifact, libraries
from fraud_scoring.artifacts.artifact import Artifact
from fraud_scoring.artifacts.calibration import Calibrator
from fraud_scoring.artifacts.keys import Signer, Verifier, generate_keys
from fraud_scoring.artifacts.metadata import FeatureSetRef, Golden, Metadata, Training
from fraud_scoring.registry.port import UnpublishedModel
from fraud_scoring.serving.sandbox import Bounds, SandboxedCheck
from fraud_scoring.serving.schema import FILE, FeatureRegistry
from fraud_scoring.serving.scorer import ScorerEngine
from fraud_scoring.training.dataset import Rows, statistics
from fraud_scoring.training.metrics import measure

TOLERANCE = 1e-6
OOD_Z = 8.0
ENGINES: Mapping[str, ScorerEngine] = {
    "xgboost": fraud_xgboost.scorer.ENGINE,
    "lightgbm": fraud_lightgbm.scorer.ENGINE,
}
_GOLDEN = 64


@dataclass(frozen=True)
class Naming:
    """What the imported model is called, and what its features are called together."""

    name: str
    bundle: str
    feature_set: str
    feature_set_version: str


def draft(
    converted: Converted,
    original: Original,
    sample: Sample,
    naming: Naming,
    *,
    now: datetime,
) -> UnpublishedModel:
    """All files of the artefact. Its score is the original's own probability."""
    plain = converted.plain
    if plain.scores.min() < 0.0 or plain.scores.max() > 1.0:
        raise NotImportable("its scores are no probabilities")
    named = request_set(naming.feature_set, naming.feature_set_version, sample.columns)
    reference = FeatureSetRef(name=named.name, version=named.version, hash=named.hash)
    metadata = _metadata(converted, original, sample, naming.name, reference, now)
    registry = FeatureRegistry.of(reference, sample.columns)
    return UnpublishedModel(
        naming.name,
        naming.bundle,
        {
            **plain.files,
            "calibrator.json": orjson.dumps(_identity().to_dict()),
            "golden.json": _golden(plain, sample).model_dump_json().encode(),
            "metadata.json": metadata.model_dump_json().encode(),
            FILE: registry.model_dump_json().encode(),
            "model_card.md": _card(metadata, original, sample).encode(),
        },
    )


def prove(
    made: UnpublishedModel, plain: Plain, sample: Sample, *, now: datetime
) -> float:
    """The largest difference between the artefact's scores and the original's, on every
    sample row, after the trial that a scorer makes; raises `NotImportable` above 1e-6 and
    `ArtifactRefused` as a scorer would."""
    stored = _unpublished(made, now)
    engine = ENGINES[plain.source]
    SandboxedCheck(engine, Bounds(limit_ms=100.0))(stored)
    scores = engine.load(stored).score(sample.rows)
    worst = float(np.max(np.abs(scores - plain.scores)))
    if not worst <= TOLERANCE:
        raise NotImportable(f"its scores cannot be reproduced: off by {worst:.1e}")
    return worst


def _unpublished(made: UnpublishedModel, now: datetime) -> Artifact:
    """The artefact as it will be, under a key that nobody trusts and nobody keeps."""
    keys = generate_keys()
    files = artifact.sign(
        made.files,
        Signer(keys.private_pem),
        name=made.name,
        version="trial.1",
        counter=1,
        bundle=made.bundle,
        created_at=now,
    )
    return artifact.verify(
        files, Verifier(keys.public_pem), name=made.name, version="trial.1"
    )


def _identity() -> Calibrator:
    return Calibrator("isotonic", (0.0, 1.0), (0.0, 1.0))


def _metadata(
    converted: Converted,
    original: Original,
    sample: Sample,
    name: str,
    reference: FeatureSetRef,
    now: datetime,
) -> Metadata:
    plain = converted.plain
    engine = ENGINES[plain.source]
    count = len(sample.rows)
    rows = Rows(
        sample.rows,
        sample.fraud,
        np.ones(count),
        np.zeros(count, np.int64),
        np.arange(count),
    )
    figures = measure(rows, plain.scores, plain.scores)
    kept = ("roc_auc", "average_precision", "fraud_rate", "calibration_error", "brier")
    importance = plain.importance or (0.0,) * len(sample.columns)
    return Metadata(
        name=name,
        source=engine.source,
        raw_name=engine.raw_name,
        algorithm=plain.algorithm,
        feature_set=reference,
        features=sample.columns,
        statistics=statistics(sample.rows),
        ood_z=OOD_Z,
        training=Training(
            trained_at=now,
            data_version=sample.version,
            seed=0,
            rows=count,
            frauds=int(sample.fraud.sum()),
            first_payment=now,
            last_payment=now,
            label_delay_days=0.0,
            unknown_share=0.0,
        ),
        libraries={**converted.libraries, **libraries.installed(engine.libraries)},
        parameters={**plain.parameters, "imported_from": f"sha256:{original.digest}"},
        metrics={key: figures[key] for key in kept if key in figures},
        importance=dict(zip(sample.columns, importance, strict=True)),
    )


def _golden(plain: Plain, sample: Sample) -> Golden:
    """Half frauds, half legitimate, the same ones each time."""
    rng = np.random.default_rng(0)
    places = np.concatenate(
        [
            rng.permutation(np.flatnonzero(sample.fraud == kind))[: _GOLDEN // 2]
            for kind in (True, False)
        ]
    )
    raw = plain.scores[places].tolist()
    calibrate = _identity()
    return Golden(
        rows=tuple(
            tuple(None if np.isnan(v) else float(v) for v in row)
            for row in sample.rows[places]
        ),
        raw=tuple(raw),
        score=tuple(calibrate(value) for value in raw),
        labels=tuple(sample.fraud[places].tolist()),
        tolerance=TOLERANCE,
    )


def _card(metadata: Metadata, original: Original, sample: Sample) -> str:
    figures = "\n".join(
        f"| {name} | {value:.4f} |" for name, value in sorted(metadata.metrics.items())
    )
    return f"""\
# Model card: {metadata.name}

{metadata.algorithm}. It says the probability that a payment is fraudulent, as the original
says it: nothing was calibrated anew.

## Origin

- Made elsewhere; file `sha256:{original.digest}`, read by
  {", ".join(f"{n} {v}" for n, v in sorted(metadata.libraries.items()))}.
- When, on what and how it was trained is not known here.

## Figures on the sample it was imported with

`{sample.version}`: {len(sample.rows):,} rows, {int(sample.fraud.sum()):,} of them frauds.
The model may have been trained on them. Every score equals the original's to {TOLERANCE:g}.

| figure | value |
|---|---|
{figures}
"""
