"""The record of each run, beside the models: what was learned from, judged, and done.

<registry>/retraining/<run>/record.json
"""

from datetime import datetime
from hashlib import sha256
from typing import Any, Literal

from pydantic import AwareDatetime

from fraud_scoring.artifacts.metadata import Document
from fraud_scoring.errors import RegistryError
from fraud_scoring.registry.port import MLFLOW
from fraud_scoring.registry.storage import Storage

RECORD = "record.json"
_MOST_BYTES = 1024 * 1024
# `promoted`: serves. `kept`: sound, but not shown to be better; its alias is challenger.
# `refused`: data or artefact unfit; nothing points at it. `failed`: the run broke off.
Outcome = Literal["promoted", "kept", "refused", "failed"]


class RunRecord(Document):
    """One run of `fraud retrain`. Model versions are by name; `reasons` is empty for what
    was promoted; `as_of` and `test_from` are event time."""

    run: str
    trigger: str
    outcome: Outcome
    reasons: tuple[str, ...]
    started_at: AwareDatetime
    finished_at: AwareDatetime
    data_version: str
    as_of: AwareDatetime | None
    test_from: AwareDatetime | None
    rows: int
    fraud: int
    bundle: str | None
    champion: dict[str, str]
    challenger: dict[str, str]
    checks: tuple[dict[str, Any], ...]
    metrics: dict[str, dict[str, float]]
    events: tuple[str, ...]
    seed: int


def run_name(started_at: datetime, data_version: str) -> str:
    """The name of a run: when it started, and on what."""
    digest = sha256(f"{started_at.isoformat()}{data_version}".encode()).hexdigest()[:8]
    return f"{started_at:%Y%m%dt%H%M%Sz}-{digest}"


class RunStore:
    """Records beside the models of a registry; `mlflow+` registries, which are no folder,
    keep them beside the datasets."""

    def __init__(self, registry: str, datasets: str) -> None:
        place = datasets if registry.startswith(MLFLOW) else registry
        self._storage = Storage(f"{place.rstrip('/')}/retraining")

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
