"""The registry port: where artefacts and aliases are kept."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol

from fraud_scoring.artifacts.artifact import Artifact
from fraud_scoring.registry.aliases import AliasBook

MLFLOW = "mlflow+"
"""Before a tracking URI, where a path or URL of a registry is expected."""


def address(registry_uri: str, tracking_uri: str) -> str:
    """Where the models are, of `MODEL_REGISTRY_URI` and `MLFLOW_TRACKING_URI`: the first
    wins; empty when neither is set."""
    return registry_uri or (f"{MLFLOW}{tracking_uri}" if tracking_uri else "")


@dataclass(frozen=True, slots=True)
class UnpublishedModel:
    """A model that has no version yet: its files, and the bundle it belongs to."""

    name: str
    bundle: str
    files: Mapping[str, bytes]


class ModelRegistry(Protocol):
    """One interface over a folder, an object store or a tracking server.

    Calls block: a service makes them on a thread. Reading raises `RegistryUnavailable`
    when the storage does not answer, `ModelMissing` or `AliasMissing` when it answers no,
    and `ArtifactRefused` when what it holds is not genuine.
    """

    def models(self) -> tuple[str, ...]:
        """Names of all models, sorted."""

    def versions(self, name: str) -> tuple[str, ...]:
        """Complete versions of a model, oldest first."""

    def fetch(self, name: str, version: str) -> dict[str, bytes]:
        """All files of one version, unverified."""

    def load(self, name: str, version: str) -> Artifact:
        """Fetch and verify one version."""

    def publish(self, draft: UnpublishedModel, *, now: datetime) -> Artifact:
        """Give the draft the next version, sign it, and store it whole or not at all."""

    def aliases(self, name: str) -> AliasBook:
        """The verified aliases of a model; revision 0 and empty when there are none."""

    def promote(
        self, name: str, version: str, alias: str, *, now: datetime
    ) -> AliasBook:
        """Point an alias at a version, after verifying that version."""

    def rollback(self, name: str, alias: str, *, now: datetime) -> AliasBook:
        """Point an alias at what it pointed at before."""
