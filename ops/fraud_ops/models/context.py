"""What the commands work on: the mesh's registry, its keys, its gateway."""

import os
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from fraud_ops.mesh.environment import LocalMesh, local_mesh
from fraud_ops.signing import signing_key
from fraud_scoring.artifacts.artifact import Artifact
from fraud_scoring.artifacts.keys import PUBLIC_KEY, Verifier, development_keys
from fraud_scoring.errors import ArtifactRefused, RegistryError
from fraud_scoring.registry.aliases import AliasBook
from fraud_scoring.registry.file import open_registry
from fraud_scoring.registry.port import ModelRegistry


@dataclass(frozen=True)
class RegistryContext:
    """A registry, and the mesh whose scorers read it."""

    mesh: LocalMesh
    registry: ModelRegistry
    where: str


def opened(
    var: Path | None, registry: str, *, writable: bool = False
) -> RegistryContext:
    """The registry that was named, or the mesh's own. The private key is read only for
    commands that sign. Raises `SigningKeyMissing`."""
    mesh = local_mesh(var)
    signer = signing_key(mesh.var) if writable else None
    public = os.environ.get(PUBLIC_KEY) or (
        signer.public_pem if signer else development_keys(mesh.var).public_pem
    )
    where = registry or mesh.registry
    return RegistryContext(mesh, open_registry(where, Verifier(public), signer), where)


@dataclass(frozen=True)
class Line:
    """One version of one model; `problem` says why it is not genuine."""

    name: str
    version: str
    aliases: tuple[str, ...]
    artifact: Artifact | None
    problem: str | None


def lines(registry: ModelRegistry, names: tuple[str, ...]) -> Iterator[Line]:
    """Every complete version of these models, newest last, verified."""
    for name in names:
        book, problem = _book(registry, name)
        if problem is not None:
            yield Line(name, "aliases", (), None, problem)
        for version in registry.versions(name):
            held = tuple(a for a, v in book.items() if v == version)
            try:
                yield Line(name, version, held, registry.load(name, version), None)
            except (ArtifactRefused, RegistryError) as error:
                yield Line(name, version, held, None, f"{error.code}: {error}")


def resolve(registry: ModelRegistry, name: str, which: str) -> str:
    """A version, of a version or an alias; raises `AliasMissing`."""
    if which in registry.versions(name):
        return which
    return registry.aliases(name).target(which).version


def _book(registry: ModelRegistry, name: str) -> tuple[dict[str, str], str | None]:
    try:
        book: AliasBook = registry.aliases(name)
    except ArtifactRefused as error:
        return {}, f"{error.code}: {error}"
    return {a: there.target.version for a, there in book.aliases.items()}, None
