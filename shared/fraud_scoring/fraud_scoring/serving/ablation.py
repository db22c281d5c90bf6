"""A graph of unknown inside, explained from without: one feature left out at a time."""

from dataclasses import dataclass

import numpy as np

from fraud_scoring.artifacts.artifact import Artifact
from fraud_scoring.serving.scorer import Floats32, Floats64
from fraud_scoring.serving.session import OnnxGraph


@dataclass(frozen=True)
class AblatedGraph:
    """Scores by `probability`. A feature's contribution is how far the probability falls
    when the training median takes its value's place; unlike SHAP values, contributions do
    not add up. `median` is NaN where nothing was ever known."""

    graph: OnnxGraph
    median: Floats32

    @classmethod
    def load(cls, artifact: Artifact, file: str) -> "AblatedGraph":
        """From a verified artefact."""
        metadata = artifact.metadata
        median = [np.nan if m is None else m for m in metadata.statistics.median]
        graph = OnnxGraph(artifact.file(file), len(metadata.features))
        return cls(graph, np.array(median, dtype=np.float32))

    def score(self, rows: Floats32) -> Floats64:
        """The probability per row."""
        return self.graph.column("probability", rows)

    def explain(self, row: Floats32) -> Floats64:
        """One row for each feature, all in one run."""
        rows = np.repeat(row[None, :], len(row) + 1, axis=0)
        places = np.arange(len(row))
        rows[places, places] = self.median
        scores = self.score(rows)
        found: Floats64 = scores[-1] - scores[:-1]
        return found
