"""The champions of a registry, loaded as the scorers load them."""

from collections.abc import Sequence
from dataclasses import dataclass

import fraud_autoencoder.scorer
import fraud_isolation_forest.scorer
import fraud_xgboost.scorer
from fraud_ops.mesh.environment import LocalMesh
from fraud_scoring.artifacts.keys import Verifier, development_keys
from fraud_scoring.registry.file import open_registry
from fraud_scoring.serving.model import Model
from fraud_shared.contracts.features import FeatureVector
from fraud_shared.contracts.signal import Signal

ENGINES = (
    fraud_isolation_forest.scorer.ENGINE,
    fraud_autoencoder.scorer.ENGINE,
    fraud_xgboost.scorer.ENGINE,
)


@dataclass(frozen=True)
class Bundle:
    """Loaded models, in the order in which the gateway asks them."""

    models: tuple[Model, ...]

    @classmethod
    def champions(cls, mesh: LocalMesh) -> "Bundle":
        """The champion of each model in the mesh's registry."""
        keys = development_keys(mesh.var)
        registry = open_registry(mesh.registry, Verifier(keys.public_pem))
        loaded = []
        for engine in ENGINES:
            target = registry.aliases(engine.source).target("champion")
            artifact = registry.load(engine.source, target.version)
            loaded.append(Model(engine, artifact))
        return cls(tuple(loaded))

    @property
    def versions(self) -> dict[str, str]:
        """Which version of which model."""
        return {m.ref.name: m.ref.version for m in self.models}

    def signals(self, vectors: Sequence[FeatureVector]) -> list[tuple[Signal, ...]]:
        """Every model's signal for each vector."""
        columns = [
            [model.signal(scored) for scored in model.score(model.rows(vectors))]
            for model in self.models
        ]
        return list(zip(*columns, strict=True))
