"""Files on anything fsspec opens: local, `memory://`, `s3://`, `abfs://`.

What is read as an artefact is listed first: folders, links, too many files and too many
bytes are refused by the listing alone.
"""

import os
import re
import uuid
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from fsspec.core import url_to_fs
from fsspec.implementations.local import LocalFileSystem

from fraud_scoring.artifacts import artifact
from fraud_scoring.artifacts.artifact import MANIFEST, MAX_BYTES, MAX_ENTRIES, SIGNATURE
from fraud_scoring.errors import (
    ArtifactRefused,
    ModelMissing,
    RegistryError,
    RegistryUnavailable,
    TooLarge,
    UnexpectedEntry,
)

SIGNED = (MANIFEST, SIGNATURE)
# Which extra reads which scheme; a path and memory need none.
EXTRAS = {"s3": "s3", "s3a": "s3", "abfs": "abfs", "abfss": "abfs", "az": "abfs"}
_SEGMENT = re.compile(r"[a-z0-9][a-z0-9._-]{0,63}\Z")


class Storage:
    """One root; paths are relative to it. Raises `RegistryUnavailable` when what is behind
    it cannot be opened or does not answer, `ModelMissing` when a file is not there."""

    def __init__(self, uri: str) -> None:
        self._fs, root = _opened(uri)
        self._root = root.rstrip("/")
        self._local = isinstance(self._fs, LocalFileSystem)

    def exists(self, path: str) -> bool:
        """Whether there is a file or folder."""
        with answering():
            return bool(self._fs.exists(self._at(path)))

    def read(self, path: str, most: int) -> bytes:
        """One file; raises `TooLarge` above that many bytes."""
        with answering():
            if self._fs.info(self._at(path))["size"] > most:
                raise TooLarge(f"{path.rsplit('/', 1)[-1]}: more than {most} bytes")
            data: bytes = self._fs.cat_file(self._at(path))
            return data

    def put(self, path: str, data: bytes) -> None:
        """Write one file, whole or not at all."""
        place = self._at(path)
        with answering():
            if not self._local:
                self._fs.pipe_file(place, data)
                return
            os.makedirs(os.path.dirname(place), exist_ok=True)
            staged = f"{place}.{uuid.uuid4().hex}.tmp"
            with open(staged, "wb") as stream:
                stream.write(data)
                stream.flush()
                os.fsync(stream.fileno())
            os.replace(staged, place)

    def folders(self, path: str) -> tuple[str, ...]:
        """Names of the folders there, sorted."""
        with answering():
            if not self._fs.exists(self._at(path)):
                return ()
            entries = self._fs.ls(self._at(path), detail=True)
        return tuple(sorted(_name(e) for e in entries if e["type"] == "directory"))

    def artefact(self, path: str) -> dict[str, bytes]:
        """All files of an artefact's folder, unverified; `ModelMissing` without a
        signature, because that is written last."""
        folder = self._at(path)
        with answering():
            if not self._fs.exists(f"{folder}/{SIGNATURE}"):
                raise ModelMissing("no signed version there")
            entries = self._fs.ls(folder, detail=True)
            _refuse_oddities(entries, folder)
            if self._local:
                # The local reader opens without following links and hashes what it read.
                return artifact.read_folder(Path(folder))
            return {_name(e): self._fs.cat_file(e["name"]) for e in entries}

    def signed(self, path: str) -> dict[str, bytes]:
        """Only manifest and signature of an artefact's folder, where they are."""
        found = {}
        for name in SIGNED:
            with suppress(ModelMissing):
                place = f"{path}/{name}" if path else name
                found[name] = self.read(place, artifact.MAX_MANIFEST)
        return found

    def _at(self, path: str) -> str:
        return f"{self._root}/{path}" if path else self._root


def _opened(uri: str) -> tuple[Any, str]:
    """File system and root. Credentials come from the environment alone: a URI is shown
    in places where they must not be."""
    parts = urlsplit(uri)
    if parts.password is not None or parts.query:
        raise RegistryUnavailable("credentials do not belong into the registry's URI")
    try:
        fs, root = url_to_fs(uri, use_listings_cache=False)
    except ImportError as error:
        extra = EXTRAS.get(parts.scheme, parts.scheme)
        raise RegistryUnavailable(
            f"{parts.scheme}:// needs fraud-scoring[{extra}]"
        ) from error
    except ValueError as error:
        raise RegistryUnavailable(
            f"{parts.scheme}:// cannot be opened: unknown, or its environment is not set"
        ) from error
    return fs, str(root)


def segment(name: str) -> str:
    """One path segment, and nothing that could be more; else `ModelMissing`."""
    if not _SEGMENT.match(name):
        raise ModelMissing("not a model name or version")
    return name


def bound(sizes: Sequence[int]) -> None:
    """Refuse too many files or too many bytes before any is read."""
    if len(sizes) > MAX_ENTRIES:
        raise UnexpectedEntry("too many files")
    if sum(sizes) > MAX_BYTES:
        raise TooLarge(f"more than {MAX_BYTES} bytes")


def _name(entry: dict[str, Any]) -> str:
    return str(entry["name"]).rstrip("/").rsplit("/", 1)[-1]


def _refuse_oddities(entries: list[dict[str, Any]], folder: str) -> None:
    for entry in entries:
        parent = str(entry["name"]).rstrip("/").rsplit("/", 1)[0]
        if entry["type"] != "file" or entry.get("islink"):
            raise UnexpectedEntry(f"{_name(entry)}: not a regular file")
        if parent.strip("/") != folder.strip("/"):
            raise UnexpectedEntry("an entry outside the folder")
    bound([int(entry["size"]) for entry in entries])


@contextmanager
def answering() -> Iterator[None]:
    """Storage libraries each raise their own errors: fold them into two of ours."""
    try:
        yield
    except (ArtifactRefused, RegistryError):
        raise
    except FileNotFoundError as error:
        raise ModelMissing("not in the registry") from error
    except Exception as error:
        raise RegistryUnavailable(type(error).__name__) from error
