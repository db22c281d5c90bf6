"""LightGBM as a scorer: ONNX for the score, the library's own exact TreeSHAP to explain."""

from typing import TYPE_CHECKING

import numpy as np

from fraud_scoring.artifacts.artifact import Artifact
from fraud_scoring.serving.scorer import Floats32, Floats64, ScorerEngine
from fraud_scoring.serving.session import OnnxGraph

if TYPE_CHECKING:
    from lightgbm import Booster

GRAPH, BOOSTER = "model.onnx", "model.txt"


class LightgbmScorer:
    """`fraud_score`: the uncalibrated probability. Contributions are in log-odds."""

    def __init__(self, graph: OnnxGraph, booster: "Booster") -> None:
        self._graph = graph
        self._booster = booster

    def score(self, rows: Floats32) -> Floats64:
        """The probability per row."""
        return self._graph.column("probability", rows)

    def explain(self, row: Floats32) -> Floats64:
        """Exact SHAP values; with the base value they add up to the log-odds."""
        parts = self._booster.predict(row[None, :], pred_contrib=True, num_threads=1)
        found: Floats64 = np.asarray(parts)[0, :-1].astype(np.float64)
        return found


def load(artifact: Artifact) -> LightgbmScorer:
    """Read a verified artefact. The library is imported here: it takes over a second."""
    from lightgbm import Booster

    booster = Booster(model_str=artifact.file(BOOSTER).decode())
    width = len(artifact.metadata.features)
    return LightgbmScorer(OnnxGraph(artifact.file(GRAPH), width), booster)


ENGINE = ScorerEngine(
    source="lightgbm",
    raw_name="fraud_score",
    load=load,
    libraries=("lightgbm", "onnxruntime"),
    home="fraud_lightgbm.scorer:ENGINE",
)
