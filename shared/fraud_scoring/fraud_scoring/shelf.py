"""The shelf: local copies of what was fetched, so that a dead registry changes nothing.

<folder>/<model>/aliases.json      the newest alias book seen
<folder>/<model>/<hash>/...        artefacts, verified again whenever they are read
"""

import os
import shutil
from pathlib import Path

from fraud_scoring import artifact
from fraud_scoring.aliases import AliasBook, Target
from fraud_scoring.artifact import Artifact
from fraud_scoring.errors import ArtifactRefused, RegistryUnavailable, RolledBack
from fraud_scoring.keys import Verifier
from fraud_scoring.registry import ModelRegistry

_KEPT = 3


class Shelf:
    """Reads through to the registry; blocks, so it is used from a thread."""

    def __init__(
        self, registry: ModelRegistry, verifier: Verifier, folder: Path
    ) -> None:
        self._registry = registry
        self._verifier = verifier
        self._folder = folder

    def book(self, name: str) -> AliasBook:
        """The aliases now, or the last ones seen when the registry does not answer.

        Raises `RolledBack` for a book older than one seen before.
        """
        kept = self._kept(name)
        try:
            fresh = self._registry.aliases(name)
        except RegistryUnavailable:
            if kept is None:
                raise
            return kept
        if kept is not None and fresh.aliases and fresh.revision < kept.revision:
            raise RolledBack(
                f"{name}: alias revision {fresh.revision}, {kept.revision} was seen"
            )
        if fresh.aliases and fresh != kept:
            self._keep(fresh)
        return fresh

    def artifact(self, name: str, target: Target) -> Artifact:
        """Exactly the target's artefact, verified, from the shelf or the registry."""
        folder = self._folder / name / target.hash
        if folder.is_dir():
            try:
                return self._verified(artifact.read_folder(folder), name, target)
            except (ArtifactRefused, OSError):
                shutil.rmtree(folder, ignore_errors=True)
        files = self._registry.fetch(name, target.version)
        found = self._verified(files, name, target)
        try:
            artifact.write_folder(files, folder)
        except OSError:
            # Another process of this service put it there, or the disk is read-only:
            # either way the verified bytes are in hand.
            return found
        self._prune(name, keep=target.hash)
        return found

    def _verified(self, files: dict[str, bytes], name: str, target: Target) -> Artifact:
        return artifact.verify(
            files,
            self._verifier,
            name=name,
            version=target.version,
            expected_hash=target.hash,
        )

    def _kept(self, name: str) -> AliasBook | None:
        try:
            return AliasBook.model_validate_json(self._book_path(name).read_bytes())
        except (OSError, ValueError):
            return None

    def _keep(self, book: AliasBook) -> None:
        path = self._book_path(book.name)
        staged = path.with_name(f".{path.name}.{os.getpid()}")
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
            staged.write_text(book.model_dump_json())
            staged.replace(path)
        except OSError:
            return

    def _book_path(self, name: str) -> Path:
        return self._folder / name / "aliases.json"

    def _prune(self, name: str, keep: str) -> None:
        folders = [f for f in (self._folder / name).iterdir() if f.is_dir()]
        folders.sort(key=lambda f: f.stat().st_mtime, reverse=True)
        for folder in folders[_KEPT:]:
            if folder.name != keep:
                shutil.rmtree(folder, ignore_errors=True)
