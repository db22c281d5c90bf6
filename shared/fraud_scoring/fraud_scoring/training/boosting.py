"""How a booster is grown: what a caller may choose without another trainer."""

from collections.abc import Mapping
from dataclasses import dataclass, field


@dataclass(frozen=True, slots=True)
class Boosting:
    """Number of rounds, when to stop, and library parameters over the trainer's own.

    With `patience` the validation slice stops the training early, and `rounds` is only the
    most; without it all `rounds` are grown and the validation slice is not looked at.
    """

    rounds: int
    patience: int | None
    parameters: Mapping[str, float | int | str | bool] = field(default_factory=dict)
