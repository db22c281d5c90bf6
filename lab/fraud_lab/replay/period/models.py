"""The published models that recorded scores came from, or those of another bundle."""

from collections.abc import Mapping, Sequence

from fraud_ops.retrain.models import ENGINES
from fraud_ops.running import CommandError
from fraud_scoring.errors import RegistryError
from fraud_scoring.registry.aliases import CHAMPION
from fraud_scoring.registry.port import ModelRegistry
from fraud_scoring.serving.model import Model, Scored, WrongFeatureSet
from fraud_shared.contracts.features import FeatureVector
from fraud_shared.contracts.signal import ModelRef, Signal


class NoSuchBundle(CommandError, ValueError):
    """The registry has no model of this bundle."""


class NotRecomputable(Exception):
    """What decided is not to be had any more; the message names it."""


class PublishedModels:
    """Loads each version once. With `bundle`, its models answer for every version."""

    def __init__(self, registry: ModelRegistry, bundle: str | None) -> None:
        self._registry = registry
        self._loaded: dict[tuple[str, str], Model | None] = {}
        self._instead: Mapping[str, Model] = {}
        if bundle is not None:
            self._instead = dict(_of_bundle(registry, bundle))
            if not self._instead:
                raise NoSuchBundle(f"the registry has no model of bundle {bundle}")

    def that_scored(self, source: str, ref: ModelRef | None) -> Model:
        """The model for a signal of `source` that `ref` gave; without one, which serves.
        Raises NotRecomputable."""
        if (model := self._instead.get(source)) is not None:
            return model
        name, version = (source, "") if ref is None else (ref.name, ref.version)
        if (name, version) not in self._loaded:
            self._loaded[name, version] = self._load(source, name, version)
        found = self._loaded[name, version]
        if found is None or (ref is not None and found.ref != ref):
            raise NotRecomputable(f"model {name}@{version or CHAMPION}")
        return found

    def _load(self, source: str, name: str, version: str) -> Model | None:
        try:
            if not version:
                version = self._registry.aliases(name).target(CHAMPION).version
            return Model(ENGINES[source], self._registry.load(name, version))
        except RegistryError:
            return None


def _of_bundle(registry: ModelRegistry, bundle: str) -> list[tuple[str, Model]]:
    found = []
    for name in registry.models():
        for version in registry.versions(name) if name in ENGINES else ():
            artifact = registry.load(name, version)
            if artifact.manifest.bundle == bundle:
                found.append((name, Model(ENGINES[name], artifact)))
    return found


def signals_of(
    model: Model, vectors: Sequence[FeatureVector], recorded: Sequence[Signal]
) -> list[Signal]:
    """What a model says of many payments at once; explained where the recorded signals
    are. What was measured is taken from the record. Raises NotRecomputable."""
    try:
        rows = model.rows(vectors)
    except WrongFeatureSet:
        raise NotRecomputable(f"features of {model.ref.name}") from None
    made = []
    for number, scored in enumerate(model.score(rows)):
        row, was = rows[number], recorded[number]
        if model.ref == was.model and not _says(was, scored):
            # Sums over many rows round otherwise; it was served alone.
            scored = model.score(rows[number : number + 1])[0]
        top = model.explain(row) if was.top_features else ()
        detail = was.detail if was.outcome == "scored" else None
        made.append(model.signal(scored, top, detail, was.elapsed_ms))
    return made


def _says(signal: Signal, scored: Scored) -> bool:
    return signal.score == scored.score and scored.raw in signal.raw.values()
