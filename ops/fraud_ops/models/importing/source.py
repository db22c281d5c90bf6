"""What is to be imported: a file, a saved MLflow model, or a model in MLflow."""

import tempfile
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path
from typing import Any

import yaml

from fraud_ops.models.importing.plain import Kind, NotImportable
from fraud_scoring.artifacts.artifact import read_file
from fraud_scoring.errors import ArtifactRefused
from fraud_scoring.registry.file import download_model

_SUFFIXES: dict[str, Kind] = {
    ".joblib": "forest",
    ".pkl": "forest",
    ".pickle": "forest",
    ".onnx": "onnx",
    ".ubj": "xgboost",
}
_MLMODEL = "MLmodel"
_REMOTE = ("models:/", "runs:/")


@dataclass(frozen=True)
class Original:
    """The bytes of a model file, what kind it is, and its SHA-256. `stopped`: predict only
    as far as early stopping chose."""

    kind: Kind
    data: bytes
    stopped: bool = False

    @property
    def digest(self) -> str:
        """By which the artefact names what it was made of."""
        return sha256(self.data).hexdigest()


def read(source: str, tracking_uri: str = "") -> Original:
    """Read what `source` names: a file, a folder with an `MLmodel`, `models:/...` or
    `runs:/...`. Nothing of it is loaded. Raises `NotImportable`."""
    if source.startswith(_REMOTE):
        if not tracking_uri:
            raise NotImportable("MLFLOW_TRACKING_URI is not set")
        with tempfile.TemporaryDirectory() as folder:
            return _saved(download_model(source, tracking_uri, Path(folder)))
    path = Path(source)
    if path.is_dir():
        return _saved(path)
    kind = _SUFFIXES.get(path.suffix)
    if kind is None:
        known = ", ".join(sorted(_SUFFIXES))
        raise NotImportable(
            f"{path.suffix or 'no suffix'}: known are {known}, or MLflow"
        )
    return Original(kind, _bytes(path))


def _saved(folder: Path) -> Original:
    """A folder in MLflow's model format."""
    try:
        described: Any = yaml.safe_load(_bytes(folder / _MLMODEL))
        flavors: dict[str, dict[str, Any]] = described["flavors"]
    except (yaml.YAMLError, KeyError, TypeError) as error:
        raise NotImportable("its MLmodel cannot be read") from error
    if "xgboost" in flavors:
        stopped = str(flavors["xgboost"].get("model_class", "")).endswith("Classifier")
        return Original("xgboost", _part(folder, flavors["xgboost"], "data"), stopped)
    if "lightgbm" in flavors:
        if str(flavors["lightgbm"].get("model_class", "")).endswith("Classifier"):
            raise NotImportable("it is a pickled LGBMClassifier: save its booster_")
        return Original("lightgbm", _part(folder, flavors["lightgbm"], "data"))
    if "sklearn" in flavors:
        form = flavors["sklearn"].get("serialization_format")
        if form not in ("pickle", "cloudpickle"):
            raise NotImportable(
                f"scikit-learn in {form} is not read: save it by cloudpickle"
            )
        return Original("forest", _part(folder, flavors["sklearn"], "pickled_model"))
    if "onnx" in flavors:
        return Original("onnx", _part(folder, flavors["onnx"], "data"))
    raise NotImportable(f"flavours {sorted(flavors)}: none that has an equivalent")


def _part(folder: Path, flavor: dict[str, Any], key: str) -> bytes:
    name = str(flavor.get(key, ""))
    place = Path(name)
    if not name or place.is_absolute() or ".." in place.parts:
        raise NotImportable("its MLmodel names no file of its own")
    return _bytes(folder / place)


def _bytes(path: Path) -> bytes:
    try:
        return read_file(path)
    except ArtifactRefused as error:
        raise NotImportable(str(error)) from error
