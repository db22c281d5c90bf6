"""The record of each run, beside the models: what was learned from, judged, and done.

<registry>/retraining/<run>/record.json
"""

from datetime import datetime
from hashlib import sha256
from typing import Literal

from fraud_scoring.errors import RegistryError
from fraud_scoring.registry.port import MLFLOW
from fraud_scoring.registry.storage import Storage
from fraud_scoring.serving.catalogue import RECORD, RETRAINING
from fraud_shared.contracts.models import RetrainingRun

_MOST_BYTES = 1024 * 1024
# The record is a contract: the gateway shows it to model owners.
RunRecord = RetrainingRun
Outcome = Literal["promoted", "kept", "refused", "failed"]


def run_name(started_at: datetime, data_version: str) -> str:
    """The name of a run: when it started, and on what."""
    digest = sha256(f"{started_at.isoformat()}{data_version}".encode()).hexdigest()[:8]
    return f"{started_at:%Y%m%dt%H%M%Sz}-{digest}"


class RunStore:
    """Records beside the models of a registry; `mlflow+` registries, which are no folder,
    keep them beside the datasets."""

    def __init__(self, registry: str, datasets: str) -> None:
        place = datasets if registry.startswith(MLFLOW) else registry
        self._storage = Storage(f"{place.rstrip('/')}/{RETRAINING}")

    def write(self, record: RunRecord) -> None:
        """Keep a record, whole or not at all."""
        data = record.model_dump_json(indent=1).encode()
        self._storage.put(f"{record.run}/{RECORD}", data)

    def all(self) -> list[RunRecord]:
        """All runs, oldest first; what is not a record is left out."""
        found = []
        for run in self._storage.folders(""):
            try:
                data = self._storage.read(f"{run}/{RECORD}", _MOST_BYTES)
                found.append(RunRecord.model_validate_json(data))
            except (RegistryError, ValueError):
                continue
        return sorted(found, key=lambda record: (record.started_at, record.run))
