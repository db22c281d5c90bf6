"""A registry of one chaos run: everything that serves, published again, and more besides."""

from collections.abc import Callable, Sequence
from datetime import UTC, datetime

from fraud_ops.mesh.environment import LocalMesh
from fraud_scoring.artifacts.artifact import MANIFEST, SIGNATURE, Artifact
from fraud_scoring.artifacts.keys import Signer, Verifier, development_keys
from fraud_scoring.registry.file import open_registry
from fraud_scoring.registry.port import ModelRegistry, UnpublishedModel

# The model that changes; named so that `fraud_lab.chaos.recompute` can ask it again.
MODEL = "xgboost"


def registry_at(stage: LocalMesh, uri: str) -> ModelRegistry:
    """The registry at that address, with this mesh's keys."""
    keys = development_keys(stage.var)
    return open_registry(uri, Verifier(keys.public_pem), Signer(keys.private_pem))


def stocked(
    source: ModelRegistry,
    registry: ModelRegistry,
    drafts: Callable[[Artifact], Sequence[UnpublishedModel]],
) -> list[Artifact]:
    """Publish everything that serves; of `MODEL` all that `drafts` makes of it, of which
    the first gets its alias. Returns those."""
    now = datetime.now(UTC)
    made: list[Artifact] = []
    for name in source.models():
        for alias, pointed in source.aliases(name).aliases.items():
            original = source.load(name, pointed.target.version)
            wanted = drafts(original) if name == MODEL else [again(original)]
            published = [registry.publish(draft, now=now) for draft in wanted]
            registry.promote(name, published[0].manifest.version, alias, now=now)
            made += published if name == MODEL else []
    return made


def again(original: Artifact) -> UnpublishedModel:
    """The same files under the next version."""
    files = {
        name: data
        for name, data in original.files.items()
        if name not in (MANIFEST, SIGNATURE)
    }
    return UnpublishedModel(original.manifest.name, original.manifest.bundle, files)
