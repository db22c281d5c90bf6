"""The isolation forest as a scorer.

A forest cannot take unknown values: they are replaced by the training median, which
isolates least. The medians are part of the artefact (`fill` in `forest.npz`).
"""

from fraud_isolation_forest.flat import FlatForest, parse
from fraud_scoring.artifacts.artifact import Artifact
from fraud_scoring.serving.scorer import Floats32, Floats64, ScorerEngine

FILE = "forest.npz"


class ForestScorer:
    """`if_score` in (0, 1), higher is odder; contributions in log2 of the score."""

    def __init__(self, forest: FlatForest) -> None:
        self._forest = forest

    def score(self, rows: Floats32) -> Floats64:
        """Minus scikit-learn's `score_samples`."""
        return self._forest.score(rows)

    def explain(self, row: Floats32) -> Floats64:
        """Path-length attribution: see `FlatForest.attribute`."""
        return self._forest.attribute(row)


def load(artifact: Artifact) -> ForestScorer:
    """Read a verified artefact."""
    width = len(artifact.metadata.features)
    return ForestScorer(parse(artifact.file(FILE), width))


ENGINE = ScorerEngine(
    source="isolation_forest",
    raw_name="if_score",
    load=load,
    home="fraud_isolation_forest.scorer:ENGINE",
)
