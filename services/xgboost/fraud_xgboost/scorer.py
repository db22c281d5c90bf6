"""XGBoost as a scorer: ONNX for the score, the library's own exact TreeSHAP to explain."""

from typing import TYPE_CHECKING

import numpy as np

from fraud_scoring.artifacts.artifact import Artifact
from fraud_scoring.serving.ablation import AblatedGraph
from fraud_scoring.serving.scorer import Floats32, Floats64, ScorerEngine
from fraud_scoring.serving.session import OnnxGraph

if TYPE_CHECKING:
    from xgboost import Booster

GRAPH, BOOSTER = "model.onnx", "model.ubj"


class XgboostScorer:
    """`fraud_score`: the uncalibrated probability. Contributions are in log-odds."""

    def __init__(self, graph: OnnxGraph, booster: "Booster") -> None:
        self._graph = graph
        self._booster = booster

    def score(self, rows: Floats32) -> Floats64:
        """The probability per row, 18 times faster than `predict_proba` for one row."""
        return self._graph.column("probability", rows)

    def explain(self, row: Floats32) -> Floats64:
        """Exact SHAP values; with the base value they add up to the log-odds."""
        from xgboost import DMatrix

        parts = self._booster.predict(
            DMatrix(row[None, :], nthread=1), pred_contribs=True
        )
        found: Floats64 = parts[0, :-1].astype(np.float64)
        return found


def load(artifact: Artifact) -> XgboostScorer | AblatedGraph:
    """Read a verified artefact; an imported one may be a graph alone. The library is
    imported here: it takes over a second."""
    if BOOSTER not in artifact.files:
        return AblatedGraph.load(artifact, GRAPH)
    from xgboost import Booster

    booster = Booster({"nthread": 1}, model_file=bytearray(artifact.file(BOOSTER)))
    booster.set_param({"nthread": 1})
    width = len(artifact.metadata.features)
    return XgboostScorer(OnnxGraph(artifact.file(GRAPH), width), booster)


ENGINE = ScorerEngine(
    source="xgboost",
    raw_name="fraud_score",
    load=load,
    libraries=("xgboost", "onnxruntime"),
    home="fraud_xgboost.scorer:ENGINE",
)
