"""The autoencoder as a scorer: one ONNX graph that standardises, encodes and compares."""

from fraud_scoring.artifacts.artifact import Artifact
from fraud_scoring.serving.scorer import Floats32, Floats64, ScorerEngine
from fraud_scoring.serving.session import OnnxGraph

GRAPH = "model.onnx"


class AutoencoderScorer:
    """`ae_error`: the mean squared error over the known features, after standardising.

    An unknown value enters as the training mean and adds nothing to the error.
    """

    def __init__(self, graph: OnnxGraph) -> None:
        self._graph = graph

    def score(self, rows: Floats32) -> Floats64:
        """The reconstruction error per row."""
        return self._graph.column("error", rows)

    def explain(self, row: Floats32) -> Floats64:
        """Each feature's part of the error; the parts add up to it."""
        return self._graph.matrix("parts", row[None, :]).ravel()


def load(artifact: Artifact) -> AutoencoderScorer:
    """Read a verified artefact."""
    width = len(artifact.metadata.features)
    return AutoencoderScorer(OnnxGraph(artifact.file(GRAPH), width))


ENGINE = ScorerEngine(
    source="autoencoder",
    raw_name="ae_error",
    load=load,
    libraries=("onnxruntime",),
    home="fraud_autoencoder.scorer:ENGINE",
)
