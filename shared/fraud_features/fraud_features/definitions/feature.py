"""One model input, as the registry and the expressions read it."""

from typing import Literal

from pydantic import ConfigDict
from pydantic.dataclasses import dataclass

Source = Literal["transaction", "velocity", "profile", "risk", "request"]
FeatureType = Literal["int", "float", "bool"]


@dataclass(frozen=True, config=ConfigDict(strict=True))
class Feature:
    """One model input: what it is called, what it means, and how it is computed.

    `default` says what stands in the vector when an input is missing; it is always None
    (unknown), and a model learns what that means. A bool is 1 or 0 in the vector.
    """

    name: str
    type: FeatureType
    source: Source
    expression: str
    unit: str
    description: str
    default: None = None
