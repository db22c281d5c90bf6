"""The extra `train` of this distribution: whether its libraries are installed."""

from collections.abc import Mapping
from importlib.util import find_spec

from fraud_ops.running import CommandError

# By the name that is imported: the distribution that the extra installs.
LIBRARIES: Mapping[str, str] = {
    "joblib": "joblib",
    "numba": "numba",
    "onnx": "onnx",
    "sklearn": "scikit-learn",
    "torch": "torch",
}


class TrainingExtraMissing(CommandError):
    """What a command needs of the extra `train` is not installed."""


def require_training(what: str) -> None:
    """Raise `TrainingExtraMissing` unless `what` finds every library of the extra. Looks
    only, and imports none of them."""
    absent = [dist for name, dist in LIBRARIES.items() if not _installed(name)]
    if absent:
        raise TrainingExtraMissing(
            f"{what} needs {', '.join(absent)}: "
            "install fraud-ops with its extra `train` (fraud-ops[train])"
        )


def _installed(name: str) -> bool:
    try:
        return find_spec(name) is not None
    except ValueError:
        # A module that something put in place of the library, without a specification.
        return False
