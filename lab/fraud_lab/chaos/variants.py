"""Versions of one XGBoost model that are told apart by their scores: fewer and fewer of its
own trees, each a complete, consistent artefact."""

from collections.abc import Sequence

import numpy as np
import orjson
from xgboost import Booster, DMatrix

from fraud_scoring.artifacts.artifact import Artifact
from fraud_scoring.artifacts.metadata import Golden
from fraud_scoring.registry.port import UnpublishedModel
from fraud_scoring.training.trees import from_xgboost, to_onnx
from fraud_xgboost.scorer import BOOSTER, GRAPH

SHARES = (1.0, 0.9, 0.8, 0.7, 0.6)


def variants(
    champion: Artifact, shares: Sequence[float] = SHARES
) -> list[UnpublishedModel]:
    """A draft for each share of the champion's trees, the whole model first."""
    booster = Booster({"nthread": 1}, model_file=bytearray(champion.file(BOOSTER)))
    trees = booster.num_boosted_rounds()
    return [
        _draft(champion, booster[: max(1, round(trees * share))]) for share in shares
    ]


def _draft(champion: Artifact, booster: Booster) -> UnpublishedModel:
    golden, calibrate = champion.golden, champion.calibrator
    rows = np.array(golden.rows, dtype=np.float32)
    raw = booster.predict(DMatrix(rows, nthread=1)).astype(np.float64).tolist()
    again = Golden(
        rows=golden.rows,
        raw=tuple(raw),
        score=tuple(calibrate(one) for one in raw),
        labels=golden.labels,
        tolerance=golden.tolerance,
    )
    forest = from_xgboost(bytes(booster.save_raw("json")))
    changed = {
        BOOSTER: bytes(booster.save_raw("ubj")),
        GRAPH: to_onnx(forest, rows.shape[1]),
        "golden.json": orjson.dumps(again.model_dump(mode="json")),
    }
    manifest = champion.manifest
    return UnpublishedModel(
        manifest.name, manifest.bundle, {**champion.files, **changed}
    )
