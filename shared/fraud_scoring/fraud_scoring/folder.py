"""A registry in a folder: local, `memory://`, `s3://` or anything else fsspec opens.

models/<name>/<version>/...        one artefact; manifest.sig is written last
models/<name>/aliases.json         signed, replaced in one step
"""

import os
import re
import uuid
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path
from typing import Any

from fsspec.core import url_to_fs
from fsspec.implementations.local import LocalFileSystem

from fraud_scoring import artifact
from fraud_scoring.aliases import AliasBook, Target, seal, unseal
from fraud_scoring.artifact import MANIFEST, MAX_BYTES, MAX_ENTRIES, SIGNATURE, Artifact
from fraud_scoring.errors import (
    ArtifactRefused,
    ModelMissing,
    RegistryError,
    RegistryUnavailable,
    SigningKeyMissing,
    TooLarge,
    UnexpectedEntry,
)
from fraud_scoring.keys import Signer, Verifier
from fraud_scoring.metadata import Manifest
from fraud_scoring.registry import Draft, ModelRegistry

ALIASES = "aliases.json"
_ALIASES_LIMIT = 256 * 1024
_SEGMENT = re.compile(r"[a-z0-9][a-z0-9._-]{0,63}\Z")


def open_registry(
    uri: str, verifier: Verifier, signer: Signer | None = None
) -> ModelRegistry:
    """Open the registry at a path or URL. Without a signer it can only be read."""
    return FolderRegistry(uri, verifier, signer)


class FolderRegistry:
    """`ModelRegistry` over fsspec. Nothing is visible before its signature is written,
    so a reader never meets half an artefact, whatever the storage can do atomically."""

    def __init__(
        self, uri: str, verifier: Verifier, signer: Signer | None = None
    ) -> None:
        self.uri = uri
        self._fs, root = url_to_fs(uri, use_listings_cache=False)
        self._root = f"{root.rstrip('/')}/models"
        self._verifier = verifier
        self._signer = signer
        self._local = isinstance(self._fs, LocalFileSystem)

    def models(self) -> tuple[str, ...]:
        return tuple(sorted(_name(entry) for entry in self._folders(self._root)))

    def versions(self, name: str) -> tuple[str, ...]:
        manifests = [
            (manifest.counter, version) for version, manifest in self._manifests(name)
        ]
        return tuple(version for _, version in sorted(manifests))

    def fetch(self, name: str, version: str) -> dict[str, bytes]:
        folder = self._version(name, version)
        with _storage():
            if not self._fs.exists(f"{folder}/{SIGNATURE}"):
                raise ModelMissing(f"no {name} {version}")
            entries = self._fs.ls(folder, detail=True)
            _refuse_oddities(entries, folder)
            if self._local:
                # The local reader opens without following links and hashes what it read.
                return artifact.read_folder(Path(folder))
            return {_name(e): self._fs.cat_file(e["name"]) for e in entries}

    def load(self, name: str, version: str) -> Artifact:
        files = self.fetch(name, version)
        return artifact.verify(files, self._verifier, name=name, version=version)

    def publish(self, draft: Draft, *, now: datetime) -> Artifact:
        signer = self._signed()
        counter = self._next_counter(draft.name)
        version = f"{now:%Y%m%d}.{counter}"
        files = artifact.sign(
            draft.files,
            signer,
            name=draft.name,
            version=version,
            counter=counter,
            bundle=draft.bundle,
            created_at=now,
        )
        made = artifact.verify(files, self._verifier, name=draft.name, version=version)
        folder = self._version(draft.name, version)
        with _storage():
            if self._fs.exists(folder):
                raise RegistryError(f"{draft.name} {version} exists already")
            self._fs.makedirs(folder, exist_ok=True)
            for name in sorted(files, key=lambda entry: entry == SIGNATURE):
                self._put(f"{folder}/{name}", files[name])
        return made

    def aliases(self, name: str) -> AliasBook:
        path = f"{self._model(name)}/{ALIASES}"
        with _storage():
            if not self._fs.exists(path):
                return AliasBook(name=name, revision=0, aliases={})
            if self._fs.info(path)["size"] > _ALIASES_LIMIT:
                raise TooLarge(f"{name}: aliases.json")
            data = self._fs.cat_file(path)
        return unseal(data, self._verifier, name)

    def promote(
        self, name: str, version: str, alias: str, *, now: datetime
    ) -> AliasBook:
        made = self.load(name, version)
        target = Target(version=version, hash=made.hash, bundle=made.manifest.bundle)
        return self._change(name, lambda book: book.promoted(alias, target, now))

    def rollback(self, name: str, alias: str, *, now: datetime) -> AliasBook:
        return self._change(name, lambda book: book.rolled_back(alias, now))

    def _change(self, name: str, change: Callable[[AliasBook], AliasBook]) -> AliasBook:
        signer = self._signed()
        book = change(self.aliases(name))
        with _storage():
            self._put(f"{self._model(name)}/{ALIASES}", seal(book, signer))
        return book

    def _signed(self) -> Signer:
        if self._signer is None:
            raise SigningKeyMissing("the registry was opened without a signing key")
        return self._signer

    def _put(self, path: str, data: bytes) -> None:
        if not self._local:
            self._fs.pipe_file(path, data)
            return
        staged = f"{path}.{uuid.uuid4().hex}.tmp"
        with open(staged, "wb") as stream:
            stream.write(data)
            stream.flush()
            os.fsync(stream.fileno())
        os.replace(staged, path)

    def _next_counter(self, name: str) -> int:
        """Above every number in use, genuine or not: no version is ever written over."""
        used = [manifest.counter for _, manifest in self._manifests(name)]
        for entry in self._folders(self._model(name)):
            number = _name(entry).rpartition(".")[2]
            used.append(int(number) if number.isascii() and number.isdigit() else 0)
        return max(used, default=0) + 1

    def _manifests(self, name: str) -> Iterator[tuple[str, Manifest]]:
        """Each complete, genuine version with its manifest; others do not count."""
        for entry in self._folders(self._model(name)):
            path = entry["name"]
            with _storage():
                if not self._fs.exists(f"{path}/{SIGNATURE}"):
                    continue
                files = {
                    part: self._fs.cat_file(f"{path}/{part}")
                    for part in (MANIFEST, SIGNATURE)
                }
            try:
                manifest = artifact.read_manifest(files, self._verifier)
            except ArtifactRefused:
                continue
            if manifest.version == _name(entry):
                yield manifest.version, manifest

    def _folders(self, path: str) -> list[dict[str, Any]]:
        with _storage():
            if not self._fs.exists(path):
                return []
            entries: list[dict[str, Any]] = self._fs.ls(path, detail=True)
        return [e for e in entries if e["type"] == "directory"]

    def _model(self, name: str) -> str:
        return f"{self._root}/{_segment(name)}"

    def _version(self, name: str, version: str) -> str:
        return f"{self._model(name)}/{_segment(version)}"


def _segment(name: str) -> str:
    """One path segment, and nothing that could be more."""
    if not _SEGMENT.match(name):
        raise ModelMissing("not a model name or version")
    return name


def _name(entry: dict[str, Any]) -> str:
    return str(entry["name"]).rstrip("/").rsplit("/", 1)[-1]


def _refuse_oddities(entries: list[dict[str, Any]], folder: str) -> None:
    """Refuse by listing alone: folders, links, too many files, too many bytes."""
    if len(entries) > MAX_ENTRIES:
        raise UnexpectedEntry("too many files")
    for entry in entries:
        parent = str(entry["name"]).rstrip("/").rsplit("/", 1)[0]
        if entry["type"] != "file" or entry.get("islink"):
            raise UnexpectedEntry(f"{_name(entry)}: not a regular file")
        if parent.strip("/") != folder.strip("/"):
            raise UnexpectedEntry("an entry outside the folder")
    if sum(int(entry["size"]) for entry in entries) > MAX_BYTES:
        raise TooLarge(f"more than {MAX_BYTES} bytes")


@contextmanager
def _storage() -> Iterator[None]:
    """Storage libraries each raise their own errors: fold them into two of ours."""
    try:
        yield
    except (ArtifactRefused, RegistryError):
        raise
    except FileNotFoundError as error:
        raise ModelMissing("not in the registry") from error
    except Exception as error:
        raise RegistryUnavailable(type(error).__name__) from error
