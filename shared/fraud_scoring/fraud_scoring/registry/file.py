"""A registry in a folder: local, `memory://`, `s3://` or anything else fsspec opens.

models/<name>/<version>/...        one artefact; manifest.sig is written last
models/<name>/aliases.json         signed, replaced in one step
"""

from collections.abc import Callable, Iterator
from datetime import datetime
from pathlib import Path

from fraud_scoring.artifacts import artifact
from fraud_scoring.artifacts.artifact import SIGNATURE, Artifact
from fraud_scoring.artifacts.keys import Signer, Verifier
from fraud_scoring.artifacts.metadata import Manifest
from fraud_scoring.errors import (
    ArtifactRefused,
    RegistryError,
    RegistryUnavailable,
    SigningKeyMissing,
)
from fraud_scoring.registry.aliases import AliasBook, AliasTarget, seal, unseal
from fraud_scoring.registry.port import MLFLOW, ModelRegistry, UnpublishedModel
from fraud_scoring.registry.storage import Storage, segment

ALIASES = "aliases.json"
ALIASES_LIMIT = 256 * 1024


def open_registry(
    uri: str, verifier: Verifier, signer: Signer | None = None
) -> ModelRegistry:
    """Open the registry at a path or URL; `mlflow+<tracking URI>` is a tracking server.
    Without a signer it can only be read. Raises `RegistryUnavailable` when what opens it
    is not installed."""
    if uri.startswith(MLFLOW):
        # Only who keeps models in MLflow needs its client.
        try:
            from fraud_scoring.registry.mlflow import MlflowRegistry
        except ImportError as error:
            message = "mlflow+ needs fraud-scoring[mlflow]"
            raise RegistryUnavailable(message) from error

        return MlflowRegistry(uri.removeprefix(MLFLOW), verifier, signer)
    return FolderRegistry(uri, verifier, signer)


def download_model(source: str, tracking_uri: str, folder: Path) -> Path:
    """Copy a model that MLflow knows (`models:/...`, `runs:/...`) into a folder, unread;
    where it is. Raises `RegistryUnavailable` and `ModelMissing`."""
    from fraud_scoring.registry.mlflow import download

    return download(source, tracking_uri, folder)


class FolderRegistry:
    """`ModelRegistry` over fsspec. Nothing is visible before its signature is written,
    so a reader never meets half an artefact, whatever the storage can do atomically."""

    def __init__(
        self, uri: str, verifier: Verifier, signer: Signer | None = None
    ) -> None:
        self.uri = uri
        self._storage = Storage(f"{uri.rstrip('/')}/models")
        self._verifier = verifier
        self._signer = signer

    def models(self) -> tuple[str, ...]:
        return self._storage.folders("")

    def versions(self, name: str) -> tuple[str, ...]:
        manifests = [
            (manifest.counter, version) for version, manifest in self._manifests(name)
        ]
        return tuple(version for _, version in sorted(manifests))

    def fetch(self, name: str, version: str) -> dict[str, bytes]:
        return self._storage.artefact(f"{segment(name)}/{segment(version)}")

    def load(self, name: str, version: str) -> Artifact:
        files = self.fetch(name, version)
        return artifact.verify(files, self._verifier, name=name, version=version)

    def publish(self, draft: UnpublishedModel, *, now: datetime) -> Artifact:
        signer = self._signed()
        name = segment(draft.name)
        counter = self._next_counter(name)
        version = f"{now:%Y%m%d}.{counter}"
        files = artifact.sign(
            draft.files,
            signer,
            name=name,
            version=version,
            counter=counter,
            bundle=draft.bundle,
            created_at=now,
        )
        made = artifact.verify(files, self._verifier, name=name, version=version)
        folder = f"{name}/{version}"
        if self._storage.exists(folder):
            raise RegistryError(f"{name} {version} exists already")
        for entry in sorted(files, key=lambda entry: entry == SIGNATURE):
            self._storage.put(f"{folder}/{entry}", files[entry])
        return made

    def aliases(self, name: str) -> AliasBook:
        path = f"{segment(name)}/{ALIASES}"
        if not self._storage.exists(path):
            return AliasBook(name=name, revision=0, aliases={})
        return unseal(self._storage.read(path, ALIASES_LIMIT), self._verifier, name)

    def promote(
        self, name: str, version: str, alias: str, *, now: datetime
    ) -> AliasBook:
        made = self.load(name, version)
        target = AliasTarget(
            version=version, hash=made.hash, bundle=made.manifest.bundle
        )
        return self._change(name, lambda book: book.promoted(alias, target, now))

    def rollback(self, name: str, alias: str, *, now: datetime) -> AliasBook:
        return self._change(name, lambda book: book.rolled_back(alias, now))

    def _change(self, name: str, change: Callable[[AliasBook], AliasBook]) -> AliasBook:
        signer = self._signed()
        book = change(self.aliases(name))
        self._storage.put(f"{segment(name)}/{ALIASES}", seal(book, signer))
        return book

    def _signed(self) -> Signer:
        if self._signer is None:
            raise SigningKeyMissing("the registry was opened without a signing key")
        return self._signer

    def _next_counter(self, name: str) -> int:
        """Above every number in use, genuine or not: no version is ever written over."""
        numbers = (
            version.rpartition(".")[2] for version in self._storage.folders(name)
        )
        return (
            max((int(n) for n in numbers if n.isascii() and n.isdigit()), default=0) + 1
        )

    def _manifests(self, name: str) -> Iterator[tuple[str, Manifest]]:
        """Each complete, genuine version with its manifest; others do not count."""
        for version in self._storage.folders(segment(name)):
            try:
                files = self._storage.signed(f"{name}/{version}")
                manifest = artifact.read_manifest(files, self._verifier)
            except ArtifactRefused:
                continue
            if manifest.version == version:
                yield version, manifest
