"""The shelf: local copies of what was fetched, so that a dead registry changes nothing.

<folder>/<model>/aliases.json      the newest alias book seen
<folder>/<model>/<hash>/...        artefacts, verified again whenever they are read
<folder>/<model>/<hash>.passed     tried in a process of its own, with these libraries
<folder>/<model>/rollback.json     a version this service went back from
"""

import os
import shutil
from pathlib import Path
from typing import Annotated

from pydantic import AwareDatetime, Field

from fraud_scoring.artifacts import artifact
from fraud_scoring.artifacts.artifact import Artifact
from fraud_scoring.artifacts.keys import Verifier
from fraud_scoring.artifacts.metadata import Document
from fraud_scoring.errors import ArtifactRefused, RegistryUnavailable
from fraud_scoring.registry.aliases import AliasBook, AliasTarget
from fraud_scoring.registry.port import ModelRegistry

_KEPT = 3
_VERDICTS = 50


class Rollback(Document):
    """This service went back from `bad` to `good`, for `reason`, while the alias book had
    this revision; only a newer one is an order to try again."""

    bad: AliasTarget
    good: AliasTarget
    revision: Annotated[int, Field(ge=0)]
    reason: str
    at: AwareDatetime

    def bars(self, target: AliasTarget, revision: int) -> bool:
        """Whether that target must not be served by order of that revision."""
        return target == self.bad and revision <= self.revision


class ArtifactCache:
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
        if kept is not None and fresh.aliases:
            fresh.must_follow(kept)
        remembered = fresh if kept is None else fresh.beside(kept)
        if fresh.aliases and remembered != kept:
            self._keep(remembered)
        return fresh

    def artifact(self, name: str, target: AliasTarget) -> Artifact:
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

    def rollback(self, name: str) -> Rollback | None:
        """The last return of this service from a version of the model."""
        try:
            return Rollback.model_validate_json(self._rollback_path(name).read_bytes())
        except (OSError, ValueError):
            return None

    def keep_rollback(self, name: str, rollback: Rollback) -> None:
        """Remember a return, so that a restart does not undo it."""
        self._write(self._rollback_path(name), rollback.model_dump_json())

    def passed(self, name: str, target: AliasTarget, libraries: str) -> bool:
        """Whether the target was tried here before, with the same libraries."""
        try:
            return self._passed_path(name, target).read_text() == libraries
        except OSError:
            return False

    def keep_passed(self, name: str, target: AliasTarget, libraries: str) -> None:
        """Remember that the target was tried, so that a restart need not try again."""
        self._write(self._passed_path(name, target), libraries)

    def _verified(
        self, files: dict[str, bytes], name: str, target: AliasTarget
    ) -> Artifact:
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
        self._write(self._book_path(book.name), book.model_dump_json())

    def _write(self, path: Path, text: str) -> None:
        """Whole or not at all; a disk that takes nothing costs only the memory of it."""
        staged = path.with_name(f".{path.name}.{os.getpid()}")
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
            staged.write_text(text)
            staged.replace(path)
        except OSError:
            return

    def _book_path(self, name: str) -> Path:
        return self._folder / name / "aliases.json"

    def _rollback_path(self, name: str) -> Path:
        return self._folder / name / "rollback.json"

    def _passed_path(self, name: str, target: AliasTarget) -> Path:
        return self._folder / name / f"{target.hash}.passed"

    def _prune(self, name: str, keep: str) -> None:
        folders = [f for f in (self._folder / name).iterdir() if f.is_dir()]
        folders.sort(key=lambda f: f.stat().st_mtime, reverse=True)
        for folder in folders[_KEPT:]:
            if folder.name != keep:
                shutil.rmtree(folder, ignore_errors=True)
        # A verdict is about the content, so it outlives the copy; but not for ever.
        verdicts = sorted(
            (self._folder / name).glob("*.passed"),
            key=lambda verdict: verdict.stat().st_mtime,
            reverse=True,
        )
        for verdict in verdicts[_VERDICTS:]:
            verdict.unlink(missing_ok=True)
