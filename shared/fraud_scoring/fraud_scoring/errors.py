"""Why a model is refused: every reason has its own class and a stable code.

ArtifactRefused
├── NotSigned, SignatureInvalid          the manifest is not ours
├── UnexpectedEntry, MissingFile         the folder is not what was signed
├── ContentMismatch, TooLarge            a file is not what was signed
├── UnsafeFormat, MalformedArtifact      not plain data, or not readable
├── WrongIdentity, RolledBack            genuine, but not the one asked for
├── LibraryMismatch, FeatureMismatch     this process cannot run it
├── GoldenMismatch, DegenerateScores, TooSlow     well signed, but bad
└── TrialFailed                          did not survive its trial
RegistryError
├── ModelMissing, AliasMissing, AliasUnsigned
├── RegistryUnavailable
└── SigningKeyMissing
"""

from collections.abc import Mapping
from typing import ClassVar


class ArtifactRefused(Exception):
    """A model that must not be served. `code` is stable; the text is for an operator."""

    code: ClassVar[str] = "artifact-refused"


class NotSigned(ArtifactRefused):
    """The folder holds no manifest or no signature."""

    code = "not-signed"


class SignatureInvalid(ArtifactRefused):
    """No trusted key made this signature over this manifest."""

    code = "signature-invalid"


class UnexpectedEntry(ArtifactRefused):
    """An extra file, a folder, a symlink or a name that leaves the folder."""

    code = "unexpected-entry"


class MissingFile(ArtifactRefused):
    """A file that the manifest names is absent."""

    code = "missing-file"


class ContentMismatch(ArtifactRefused):
    """A file's size or SHA-256 differs from the manifest."""

    code = "content-mismatch"


class TooLarge(ArtifactRefused):
    """The artefact is larger than a scorer agrees to read."""

    code = "too-large"


class UnsafeFormat(ArtifactRefused):
    """A file is not one of the plain-data formats, or carries a pickle."""

    code = "unsafe-format"


class MalformedArtifact(ArtifactRefused):
    """Genuine, but a part of it cannot be read."""

    code = "malformed"


class WrongIdentity(ArtifactRefused):
    """The signed name, version or hash is not the one that was asked for."""

    code = "wrong-identity"


class RolledBack(ArtifactRefused):
    """Older than what has been seen, without a signed order to go back."""

    code = "rolled-back"


class LibraryMismatch(ArtifactRefused):
    """Trained with another major.minor of a library that has to run it."""

    code = "library-mismatch"


class FeatureMismatch(ArtifactRefused):
    """Its parts disagree about the number or the order of features."""

    code = "feature-mismatch"


class GoldenMismatch(ArtifactRefused):
    """It does not reproduce the scores recorded at training."""

    code = "golden-mismatch"


class DegenerateScores(ArtifactRefused):
    """Its scores are not finite, constant, or rank fraud below legitimate."""

    code = "degenerate-scores"


class TooSlow(ArtifactRefused):
    """One row takes longer than a scorer may spend."""

    code = "too-slow"


class SandboxFailed(ArtifactRefused):
    """It hung, ran out of memory or crashed when it was tried in a process of its own."""

    code = "trial-failed"


_REASONS: list[type[ArtifactRefused]] = ArtifactRefused.__subclasses__()
REFUSALS: Mapping[str, type[ArtifactRefused]] = {one.code: one for one in _REASONS}
"""Every reason by its code."""


class RegistryError(Exception):
    """The registry could not do what was asked."""

    code: ClassVar[str] = "registry-error"


class ModelMissing(RegistryError):
    """No such model or version in the registry."""

    code = "model-missing"


class AliasMissing(RegistryError):
    """The model has no such alias, or no earlier target to go back to."""

    code = "alias-missing"


class AliasUnknown(RegistryError):
    """Only the aliases champion and challenger can be ordered: no scorer follows another."""

    code = "alias-unknown"


class AliasUnsigned(RegistryError):
    """An MLflow alias that nobody signed must be signed before another is ordered."""

    code = "alias-unsigned"


class RegistryUnavailable(RegistryError):
    """The storage behind the registry did not answer."""

    code = "registry-unavailable"


class SigningKeyMissing(RegistryError):
    """Publishing and promoting need the private key (`FRAUD_SIGNING_KEY`)."""

    code = "signing-key-missing"
