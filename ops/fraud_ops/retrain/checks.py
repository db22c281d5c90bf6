"""What the gate finds: one check a line, with its figure and its bar."""

from dataclasses import asdict, dataclass
from typing import Any, Literal

# `data`: the dataset itself is not to be trusted. `artefact`: a model must not serve.
# `quality`: a sound model that is not shown to be better.
Kind = Literal["data", "artefact", "quality"]


@dataclass(frozen=True, slots=True)
class Check:
    """One condition of promotion. `detail` is what a person reads when it does not hold."""

    name: str
    kind: Kind
    holds: bool
    value: float | None
    bar: float | None
    detail: str

    def to_dict(self) -> dict[str, Any]:
        """As the record of a run keeps it."""
        return asdict(self)


def failed(checks: list[Check]) -> list[Check]:
    """Those that do not hold."""
    return [check for check in checks if not check.holds]
