"""Model artefacts: read once, verify, and only then parse.

The bytes that are hashed are the bytes that are parsed (no file is opened twice), so
nothing can be exchanged between the check and the use.
"""

import hashlib
import os
import stat
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from functools import cached_property
from pathlib import Path
from types import MappingProxyType
from typing import TypeVar

import orjson
from pydantic import BaseModel, ValidationError

from fraud_scoring.artifacts.calibration import Calibrator
from fraud_scoring.artifacts.keys import Signer, Verifier
from fraud_scoring.artifacts.metadata import FileEntry, Golden, Manifest, Metadata
from fraud_scoring.errors import (
    ContentMismatch,
    FeatureMismatch,
    MalformedArtifact,
    MissingFile,
    NotSigned,
    RolledBack,
    SignatureInvalid,
    TooLarge,
    UnexpectedEntry,
    UnsafeFormat,
    WrongIdentity,
)
from fraud_shared.contracts.signal import ModelRef

MANIFEST = "manifest.json"
SIGNATURE = "manifest.sig"
MAX_BYTES = 256 * 1024 * 1024
MAX_ENTRIES = 34
MAX_MANIFEST = 64 * 1024
PLAIN_FORMATS = frozenset({".json", ".md", ".ubj", ".onnx", ".txt", ".npz"})

Part = TypeVar("Part", bound=BaseModel)

_PURPOSE = "model-manifest"
_PICKLE_MAGIC = tuple(b"\x80" + bytes([protocol]) for protocol in range(2, 6))
# How the header of a NumPy array says that a pickle follows.
_PICKLED_ARRAY = b"'descr': '|O'"


@dataclass(frozen=True)
class Artifact:
    """A verified model: every byte here was signed."""

    manifest: Manifest
    hash: str
    files: Mapping[str, bytes]

    def file(self, name: str) -> bytes:
        """The bytes of one file."""
        try:
            return self.files[name]
        except KeyError:
            raise MalformedArtifact(f"{name} is not part of the artefact") from None

    @cached_property
    def ref(self) -> ModelRef:
        """How the model is named on the wire."""
        return ModelRef(
            name=self.manifest.name,
            version=self.manifest.version,
            hash=self.hash,
            bundle=self.manifest.bundle,
        )

    @cached_property
    def metadata(self) -> Metadata:
        """`metadata.json`."""
        return _parse(Metadata, self.file("metadata.json"))

    @cached_property
    def golden(self) -> Golden:
        """`golden.json`, of the width of the feature set."""
        golden = _parse(Golden, self.file("golden.json"))
        if any(len(row) != len(self.metadata.features) for row in golden.rows):
            raise FeatureMismatch("golden rows are not as wide as the feature set")
        return golden

    @cached_property
    def calibrator(self) -> Calibrator:
        """`calibrator.json`."""
        try:
            return Calibrator.from_dict(orjson.loads(self.file("calibrator.json")))
        except (ValueError, TypeError, KeyError) as error:
            raise MalformedArtifact(f"calibrator.json: {error}") from error

    @cached_property
    def card(self) -> str:
        """`model_card.md`."""
        return self.file("model_card.md").decode("utf-8", "replace")


def _parse(model: type[Part], data: bytes) -> Part:
    try:
        return model.model_validate_json(data)
    except ValidationError as error:
        raise MalformedArtifact(f"{model.__name__}: {error}") from error


def read_manifest(files: Mapping[str, bytes], verifier: Verifier) -> Manifest:
    """The manifest, parsed only after its signature was found genuine."""
    signed, signature = files.get(MANIFEST), files.get(SIGNATURE)
    if signed is None or signature is None:
        raise NotSigned("no manifest or no signature")
    if len(signed) > MAX_MANIFEST or len(signature) > 1024:
        raise TooLarge("manifest or signature is too large")
    try:
        text = signature.decode("ascii").strip()
    except UnicodeDecodeError:
        raise SignatureInvalid("the signature is not base64") from None
    verifier.verify(_PURPOSE, signed, text)
    return _parse(Manifest, signed)


def verify(
    files: Mapping[str, bytes],
    verifier: Verifier,
    *,
    name: str,
    version: str,
    expected_hash: str | None = None,
    at_least: int = 0,
) -> Artifact:
    """Check signature, identity and every hash; return the artefact or raise.

    `expected_hash` pins the exact manifest; `at_least` is the lowest counter that is
    still accepted. Raises a subclass of `ArtifactRefused`.
    """
    manifest = read_manifest(files, verifier)
    digest = hashlib.sha256(files[MANIFEST]).hexdigest()
    if (manifest.name, manifest.version) != (name, version):
        raise WrongIdentity(
            f"asked for {name} {version}, signed {manifest.name} {manifest.version}"
        )
    if expected_hash is not None and digest != expected_hash:
        raise WrongIdentity(f"{name} {version}: another artefact under this version")
    if manifest.counter < at_least:
        raise RolledBack(
            f"{name} {version}: counter {manifest.counter} is below {at_least}"
        )
    _check_files(files, manifest)
    content = {entry: files[entry] for entry in manifest.files}
    return Artifact(manifest, digest, MappingProxyType(content))


def _check_files(files: Mapping[str, bytes], manifest: Manifest) -> None:
    present, named = set(files) - {MANIFEST, SIGNATURE}, set(manifest.files)
    if named - present:
        raise MissingFile(f"missing: {sorted(named - present)}")
    if present - named:
        raise UnexpectedEntry(f"not signed: {len(present - named)} extra file(s)")
    for entry, expected in manifest.files.items():
        data = files[entry]
        if len(data) != expected.size:
            raise ContentMismatch(f"{entry}: {len(data)} bytes, {expected.size} signed")
        if hashlib.sha256(data).hexdigest() != expected.sha256:
            raise ContentMismatch(f"{entry}: SHA-256 differs from the manifest")
        if not _plain(entry, data):
            raise UnsafeFormat(f"{entry}: not a plain-data format")


def _plain(entry: str, data: bytes) -> bool:
    suffix = Path(entry).suffix
    if suffix not in PLAIN_FORMATS or data.startswith(_PICKLE_MAGIC):
        return False
    return suffix != ".npz" or _PICKLED_ARRAY not in data


def sign(
    content: Mapping[str, bytes],
    signer: Signer,
    *,
    name: str,
    version: str,
    counter: int,
    bundle: str,
    created_at: datetime,
) -> dict[str, bytes]:
    """Add the manifest and its signature to the files of a model."""
    manifest = Manifest(
        format=1,
        name=name,
        version=version,
        counter=counter,
        bundle=bundle,
        created_at=created_at,
        files={
            entry: FileEntry(sha256=hashlib.sha256(data).hexdigest(), size=len(data))
            for entry, data in sorted(content.items())
        },
    )
    signed = orjson.dumps(manifest.model_dump(mode="json"), option=orjson.OPT_INDENT_2)
    signature = signer.sign(_PURPOSE, signed).encode() + b"\n"
    return {**content, MANIFEST: signed, SIGNATURE: signature}


def read_folder(folder: Path) -> dict[str, bytes]:
    """Read a flat folder of regular files; links and sub-folders are refused unread."""
    files: dict[str, bytes] = {}
    budget = MAX_BYTES
    for entry in sorted(os.scandir(folder), key=lambda e: e.name):
        if len(files) == MAX_ENTRIES:
            raise UnexpectedEntry("too many files")
        data = _read_regular(Path(entry.path), budget)
        budget -= len(data)
        files[entry.name] = data
    return files


def read_file(path: Path) -> bytes:
    """One regular file of at most `MAX_BYTES`, not through a link."""
    return _read_regular(path, MAX_BYTES)


def _read_regular(path: Path, budget: int) -> bytes:
    try:
        # Non-blocking, so that a named pipe in the folder cannot hold the loader up.
        handle = os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK)
    except OSError as error:
        raise UnexpectedEntry(f"{path.name}: not a regular file") from error
    try:
        facts = os.fstat(handle)
        if not stat.S_ISREG(facts.st_mode):
            raise UnexpectedEntry(f"{path.name}: not a regular file")
        if facts.st_size > budget:
            raise TooLarge(f"more than {MAX_BYTES} bytes")
        with open(handle, "rb", closefd=False) as stream:
            return stream.read(facts.st_size)
    finally:
        os.close(handle)


def write_folder(files: Mapping[str, bytes], folder: Path) -> None:
    """Write an artefact so that it appears whole or not at all (rename)."""
    staging = folder.with_name(f".{folder.name}.{os.getpid()}.tmp")
    staging.mkdir(parents=True)
    for name, data in files.items():
        (staging / name).write_bytes(data)
    staging.rename(folder)
