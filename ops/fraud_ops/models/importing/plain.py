"""What an imported model becomes, and why one cannot be imported."""

from dataclasses import dataclass, field
from typing import Literal

from fraud_scoring.serving.scorer import Floats64

Kind = Literal["forest", "onnx", "xgboost", "lightgbm"]
Source = Literal["xgboost", "lightgbm"]


class NotImportable(Exception):
    """The model has no equivalent in plain data; the text says what stands in the way."""


@dataclass(frozen=True)
class Plain:
    """A converted model: its files, the scorer that serves them, and the original's own
    probability of each sample row. `libraries` are those that read the original."""

    source: Source
    algorithm: str
    files: dict[str, bytes]
    scores: Floats64
    importance: tuple[float, ...]
    parameters: dict[str, float | int | str | bool] = field(default_factory=dict)
    libraries: tuple[str, ...] = ()
