"""A registry in MLflow: registered models whose versions are our signed artefacts.

This module is the only importer of MLflow, and only who opens `mlflow+<tracking URI>`
needs it. Of a registered model

    version N        its source is the folder of an artefact with counter N, signed as any
    tag fraud.aliases   the signed alias book: the order that counts once it is there
    alias champion   follows the book; without a book it is the order itself, and without
                     it the newest version of stage Production, else of Staging

What write access to MLflow without a signing key can do, and cannot, is in the README.
"""

import os
import tempfile
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import datetime
from functools import cached_property
from hashlib import sha256
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

# Before the import: no reports of use, and an answer within seconds or none.
os.environ.setdefault("MLFLOW_DISABLE_TELEMETRY", "true")
os.environ.setdefault("MLFLOW_HTTP_REQUEST_TIMEOUT", "10")
os.environ.setdefault("MLFLOW_HTTP_REQUEST_MAX_RETRIES", "1")

from mlflow import MlflowClient
from mlflow.artifacts import download_artifacts
from mlflow.entities import Metric, Param
from mlflow.exceptions import MlflowException
from mlflow.store.artifact.artifact_repository_registry import get_artifact_repository

from fraud_scoring.artifacts import artifact
from fraud_scoring.artifacts.artifact import MANIFEST, SIGNATURE, Artifact
from fraud_scoring.artifacts.keys import Signer, Verifier
from fraud_scoring.artifacts.metadata import Manifest
from fraud_scoring.errors import (
    ArtifactRefused,
    MalformedArtifact,
    ModelMissing,
    RegistryUnavailable,
    SigningKeyMissing,
    UnexpectedEntry,
    WrongIdentity,
)
from fraud_scoring.registry.aliases import (
    CHALLENGER,
    CHAMPION,
    Alias,
    AliasBook,
    AliasTarget,
    seal,
    unseal,
)
from fraud_scoring.registry.port import UnpublishedModel
from fraud_scoring.registry.storage import SIGNED, Storage, answering, bound, segment

EXPERIMENT = "fraud-models"
BOOK = "fraud.aliases"
STAGES = ("Production", "Staging")

_FOLDER = "artefact"
_PROXIED = "mlflow-artifacts"
_PAGE = 200
_ABSENT = ("RESOURCE_DOES_NOT_EXIST", "INVALID_PARAMETER_VALUE")


class MlflowRegistry:
    """`ModelRegistry` over an MLflow tracking server, or its database."""

    def __init__(
        self, tracking_uri: str, verifier: Verifier, signer: Signer | None = None
    ) -> None:
        self._uri = tracking_uri
        self._remote = urlsplit(tracking_uri).scheme in ("http", "https")
        self._verifier = verifier
        self._signer = signer

    @cached_property
    def _client(self) -> Any:
        """Connected when first needed: a database is opened, and made, by this."""
        return MlflowClient(self._uri, self._uri)

    def models(self) -> tuple[str, ...]:
        with _answers():
            found = [
                model.name for model in _all(self._client.search_registered_models)
            ]
        return tuple(sorted(name for name in found if _ours(name)))

    def versions(self, name: str) -> tuple[str, ...]:
        found = {}
        for known in self._known(name):
            try:
                manifest, _ = self._manifest(name, known)
            except (ArtifactRefused, ModelMissing):
                continue  # somebody else's model, or half an artefact
            found[manifest.counter] = manifest.version
        return tuple(found[number] for number in sorted(found))

    def fetch(self, name: str, version: str) -> dict[str, bytes]:
        number = segment(version).rpartition(".")[2]
        with _answers():
            known = self._client.get_model_version(segment(name), number)
        return self._place(known.source).artefact("")

    def load(self, name: str, version: str) -> Artifact:
        files = self.fetch(name, version)
        return artifact.verify(files, self._verifier, name=name, version=version)

    def publish(self, draft: UnpublishedModel, *, now: datetime) -> Artifact:
        signer = self._signed()
        name = segment(draft.name)
        with _answers():
            self._register(name)
            run = self._client.create_run(self._experiment(), run_name=name).info
            source = f"{run.artifact_uri}/{_FOLDER}"
            # MLflow gives the number, so two publishers never get the same one.
            known = self._client.create_model_version(name, source, run.run_id)
        version = f"{now:%Y%m%d}.{known.version}"
        files = artifact.sign(
            draft.files,
            signer,
            name=name,
            version=version,
            counter=int(known.version),
            bundle=draft.bundle,
            created_at=now,
        )
        made = artifact.verify(files, self._verifier, name=name, version=version)
        place = self._place(known.source)
        for entry in sorted(files, key=lambda entry: entry == SIGNATURE):
            place.put(entry, files[entry])
        with _answers():
            self._describe(run.run_id, made)
            self._client.set_terminated(run.run_id)
        return made

    def aliases(self, name: str) -> AliasBook:
        try:
            with _answers():
                model = self._client.get_registered_model(segment(name))
        except ModelMissing:
            return AliasBook(name=name, revision=0, aliases={})
        sealed = model.tags.get(BOOK)
        if sealed is not None:
            return unseal(sealed.encode(), self._verifier, name)
        return AliasBook(name=name, revision=0, aliases=self._unsigned(name, model))

    def promote(
        self, name: str, version: str, alias: str, *, now: datetime
    ) -> AliasBook:
        made = self.load(name, version)
        to = AliasTarget(version=version, hash=made.hash, bundle=made.manifest.bundle)
        return self._change(name, alias, lambda book: book.promoted(alias, to, now))

    def rollback(self, name: str, alias: str, *, now: datetime) -> AliasBook:
        return self._change(name, alias, lambda book: book.rolled_back(alias, now))

    def _change(
        self, name: str, alias: str, change: Callable[[AliasBook], AliasBook]
    ) -> AliasBook:
        signer = self._signed()
        book = change(self.aliases(name).taken_over(alias))
        target = book.target(alias)
        with _answers():
            self._client.set_registered_model_tag(
                name, BOOK, seal(book, signer).decode()
            )
            # For whoever looks at MLflow; only the book counts.
            number = str(target.number)
            self._client.set_registered_model_alias(name, alias, number)
            self._client.set_model_version_tag(name, number, "fraud.hash", target.hash)
        return book

    def _unsigned(self, name: str, model: Any) -> Mapping[str, Alias]:
        """The aliases of a registry that our key's holder never gave an order."""
        pointed = {
            alias: str(number)
            for alias, number in model.aliases.items()
            if alias in (CHAMPION, CHALLENGER)
        }
        if CHAMPION not in pointed:
            staged = self._staged(name)
            if staged is not None:
                pointed[CHAMPION] = staged
        found = {}
        for alias, number in pointed.items():
            with _answers():
                known = self._client.get_model_version(name, number)
            manifest, digest = self._manifest(name, known)
            target = AliasTarget(
                version=manifest.version, hash=digest, bundle=manifest.bundle
            )
            found[alias] = Alias(target=target, since=manifest.created_at)
        return found

    def _staged(self, name: str) -> str | None:
        known = self._known(name)
        for stage in STAGES:
            numbers = [int(v.version) for v in known if v.current_stage == stage]
            if numbers:
                return str(max(numbers))
        return None

    def _known(self, name: str) -> Sequence[Any]:
        with _answers():
            asked = f"name='{segment(name)}'"
            return _all(self._client.search_model_versions, filter_string=asked)

    def _manifest(self, name: str, known: Any) -> tuple[Manifest, str]:
        """The manifest and its hash, if it is the one of this model and number."""
        files = self._place(known.source).signed("")
        manifest = artifact.read_manifest(files, self._verifier)
        ending = manifest.version.rpartition(".")[2]
        same = str(known.version) == str(manifest.counter) == ending
        if manifest.name != name or not same:
            raise WrongIdentity(
                f"{name} version {known.version} of MLflow is signed as "
                f"{manifest.name} {manifest.version}"
            )
        return manifest, sha256(files[MANIFEST]).hexdigest()

    def _place(self, source: str) -> "Storage | Proxied":
        """Where a version's files are. A source is anybody's word: a server's may not lead
        to files of this machine, and no source to another server, with our credentials."""
        parts = urlsplit(source)
        if self._remote and parts.scheme == _PROXIED and not parts.netloc:
            return Proxied(source, self._uri)
        allowed = ("s3", "abfs", "abfss", "gs") if self._remote else ("", "file")
        if parts.scheme not in allowed:
            raise UnexpectedEntry(f"{parts.scheme or 'path'}: not a source we read")
        return Storage(source)

    def _register(self, name: str) -> None:
        try:
            self._client.create_registered_model(name)
        except MlflowException as error:
            if error.error_code != "RESOURCE_ALREADY_EXISTS":
                raise

    def _experiment(self) -> str:
        found = self._client.get_experiment_by_name(EXPERIMENT)
        if found is not None:
            return str(found.experiment_id)
        return str(self._client.create_experiment(EXPERIMENT))

    def _describe(self, run: str, made: Artifact) -> None:
        """What people look for in MLflow: figures, parameters, our version."""
        try:
            metadata = made.metadata
        except MalformedArtifact:
            return
        at = int(made.manifest.created_at.timestamp() * 1000)
        metrics = [
            Metric(name, value, at, 0) for name, value in metadata.metrics.items()
        ]
        params = [Param(name, str(v)) for name, v in metadata.parameters.items()]
        self._client.log_batch(run, metrics=metrics, params=params)
        number = str(made.manifest.counter)
        for tag, value in (
            ("fraud.version", made.manifest.version),
            ("fraud.bundle", made.manifest.bundle),
        ):
            self._client.set_model_version_tag(made.manifest.name, number, tag, value)

    def _signed(self) -> Signer:
        if self._signer is None:
            raise SigningKeyMissing("the registry was opened without a signing key")
        return self._signer


class Proxied:
    """A folder behind the tracking server itself (`mlflow-artifacts:/...`)."""

    def __init__(self, source: str, tracking_uri: str) -> None:
        self._repository: Any = get_artifact_repository(source, tracking_uri)

    def artefact(self, path: str) -> dict[str, bytes]:
        """All files; `ModelMissing` without a signature."""
        files = self._files(None)
        if SIGNATURE not in files:
            raise ModelMissing("no signed version there")
        return files

    def signed(self, path: str) -> dict[str, bytes]:
        """Manifest and signature, where they are."""
        return self._files(SIGNED)

    def put(self, path: str, data: bytes) -> None:
        """Write one file."""
        with answering(), tempfile.TemporaryDirectory() as folder:
            place = Path(folder) / segment(path)
            place.write_bytes(data)
            self._repository.log_artifact(str(place))

    def _files(self, wanted: Sequence[str] | None) -> dict[str, bytes]:
        with answering(), tempfile.TemporaryDirectory() as folder:
            listed = self._repository.list_artifacts()
            if any(entry.is_dir or not _ours(entry.path) for entry in listed):
                raise UnexpectedEntry("not a flat folder of plain names")
            some = [e for e in listed if wanted is None or e.path in wanted]
            bound([int(entry.file_size or 0) for entry in some])
            for entry in some:
                self._repository.download_artifacts(entry.path, folder)
            return artifact.read_folder(Path(folder))


def download(source: str, tracking_uri: str, folder: Path) -> Path:
    """Copy a model (`models:/...`, `runs:/...`) into a folder, unread."""
    with _answers():
        found = download_artifacts(
            source, dst_path=str(folder), tracking_uri=tracking_uri
        )
    return Path(found)


def _all(search: Callable[..., Any], **options: Any) -> list[Any]:
    found: list[Any] = []
    token = None
    while True:
        page = search(max_results=_PAGE, page_token=token, **options)
        found += page
        token = page.token
        if not token:
            return found


def _ours(name: str) -> bool:
    try:
        return bool(segment(name))
    except ModelMissing:
        return False


@contextmanager
def _answers() -> Iterator[None]:
    """MLflow says both no and nothing with one class."""
    with answering():
        try:
            yield
        except MlflowException as error:
            if error.error_code in _ABSENT:
                raise ModelMissing("not in MLflow") from error
            raise RegistryUnavailable(str(error.error_code)) from error
