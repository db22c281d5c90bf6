"""What a scorer service supplies: load, score, explain. No web, no settings."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal, Protocol, TypeAlias

import numpy as np
import numpy.typing as npt

from fraud_scoring.artifacts.artifact import Artifact
from fraud_shared.contracts.signal import ModelSource

Floats32: TypeAlias = npt.NDArray[np.float32]
Floats64: TypeAlias = npt.NDArray[np.float64]
RawName = Literal["if_score", "ae_error", "fraud_score"]


class Scorer(Protocol):
    """A loaded model. Rows are float32 in feature order, NaN where unknown."""

    def score(self, rows: Floats32) -> Floats64:
        """The raw score of each row; higher is always more suspicious."""

    def explain(self, row: Floats32) -> Floats64:
        """How much each feature moved the score of one row, in feature order."""


@dataclass(frozen=True, slots=True)
class ScorerEngine:
    """One kind of model: how it is named on the wire and how it is loaded.

    `load` reads only verified bytes and may raise `ArtifactRefused`. `libraries` are the
    distributions whose major.minor must be the one the model was trained with. `home`
    (`module:name`) is where another process finds this engine.
    """

    source: ModelSource
    raw_name: RawName
    load: Callable[[Artifact], Scorer]
    libraries: tuple[str, ...] = ()
    home: str = ""
