"""What the registry holds, as model owners read it: models by alias, cards, retrainings.

A scorer answers this because it can read the registry; which service asks, and for whom, is
the gateway's affair. Nothing here touches the models that serve.
"""

import asyncio
from collections.abc import Callable
from datetime import datetime
from typing import Literal, TypeVar

from pydantic import ValidationError

from fraud_scoring.artifacts.artifact import Artifact
from fraud_scoring.errors import (
    AliasMissing,
    ArtifactRefused,
    ContentMismatch,
    ModelMissing,
    RegistryError,
)
from fraud_scoring.registry.aliases import CHALLENGER, CHAMPION, Alias, AliasTarget
from fraud_scoring.registry.file import open_registry
from fraud_scoring.registry.port import MLFLOW, ModelRegistry
from fraud_scoring.registry.storage import Storage
from fraud_scoring.serving.settings import ScorerSettings
from fraud_shared.contracts.models import (
    BundleState,
    ListedModel,
    ModelCard,
    ModelList,
    RetrainingRun,
)
from fraud_shared.contracts.paging import Page
from fraud_shared.web.problems import NotFound, Unavailable

RETRAINING, RECORD = "retraining", "record.json"
_MOST_BYTES = 1024 * 1024
# Targets of which the facts are remembered: they never change, and reading is megabytes.
_REMEMBERED = 256
State = Literal["champion", "challenger", "former"]
_STATES: dict[str, State] = {CHAMPION: "champion", CHALLENGER: "challenger"}
T = TypeVar("T")


class RegistryCatalogue:
    """Reads the registry on a thread, one question at a time: the process scores payments.
    `lead` is the model whose champion names the bundle in force."""

    def __init__(
        self, settings: ScorerSettings, registry: ModelRegistry | None = None
    ) -> None:
        self._settings = settings
        self._registry = registry
        self._lead = settings.models[0]
        self._one = asyncio.Lock()
        self._known: dict[tuple[str, str], ListedModel] = {}

    async def models(self) -> ModelList:
        """Every alias of every model. Raises Unavailable."""
        return await self._ask(self._models)

    async def card(self, name: str, version: str) -> ModelCard:
        """Card and metadata of one genuine version. Raises NotFound and Unavailable."""
        return await self._ask(lambda: _card(self._open().load(name, version)))

    async def retrainings(self, limit: int, cursor: str | None) -> Page[RetrainingRun]:
        """Records of runs, newest first. Raises NotFound where they lie elsewhere."""
        return await self._ask(lambda: self._retrainings(limit, cursor))

    async def _ask(self, read: Callable[[], T]) -> T:
        async with self._one:
            try:
                return await asyncio.to_thread(read)
            except (ModelMissing, AliasMissing, ArtifactRefused):
                # What is not genuine is as good as not there.
                raise NotFound from None
            except RegistryError as error:
                raise Unavailable("The model registry did not answer.") from error

    def _open(self) -> ModelRegistry:
        if self._registry is None:
            settings = self._settings
            self._registry = open_registry(settings.registry(), settings.verifier())
        return self._registry

    def _models(self) -> ModelList:
        registry = self._open()
        found: list[ListedModel] = []
        bundles: dict[str, BundleState] = {}
        champion = None
        for name in registry.models():
            try:
                book = registry.aliases(name)
            except ArtifactRefused:
                continue
            for alias in sorted(book.aliases, key=_champion_first):
                there = book.aliases[alias]
                found.append(self._listed(name, alias, there))
                if (name, alias) == (self._lead, CHAMPION):
                    champion = there.target.bundle
                _note(bundles, alias, there)
        return ModelList(
            champion=champion,
            models=tuple(found),
            bundles=tuple(sorted(bundles.values(), key=_newest_first, reverse=True)),
        )

    def _listed(self, name: str, alias: str, there: Alias) -> ListedModel:
        """One alias, with what its artefact says of itself where that is genuine."""
        target = there.target
        known = self._known.get((name, target.hash))
        if known is None:
            known = _described(self._open(), name, target)
            if known.problem is None:
                if len(self._known) >= _REMEMBERED:
                    self._known.clear()
                self._known[name, target.hash] = known
        return known.model_copy(update={"alias": alias, "since": there.since})

    def _retrainings(self, limit: int, cursor: str | None) -> Page[RetrainingRun]:
        place = self._settings.registry()
        if place.startswith(MLFLOW):
            raise NotFound("With models in MLflow, records lie beside the datasets.")
        storage = Storage(f"{place.rstrip('/')}/{RETRAINING}")
        # The name of a run begins with the time it started.
        names = [
            run
            for run in reversed(storage.folders(""))
            if cursor is None or run < cursor
        ]
        items: list[RetrainingRun] = []
        for run in names:
            if len(items) == limit:
                return Page(items=items, next_cursor=items[-1].run)
            try:
                data = storage.read(f"{run}/{RECORD}", _MOST_BYTES)
                record = RetrainingRun.model_validate_json(data)
            except (ArtifactRefused, ModelMissing, ValidationError):
                continue
            if record.run == run:
                items.append(record)
        return Page(items=items)


def _described(registry: ModelRegistry, name: str, target: AliasTarget) -> ListedModel:
    listed = ListedModel(
        name=name, version=target.version, hash=target.hash, bundle=target.bundle
    )
    try:
        made = registry.load(name, target.version)
        metadata = made.metadata
    except ModelMissing:
        return listed.model_copy(update={"problem": "model-missing"})
    except ArtifactRefused as error:
        return listed.model_copy(update={"problem": error.code})
    if made.hash != target.hash:
        return listed.model_copy(update={"problem": ContentMismatch.code})
    training = metadata.training
    return listed.model_copy(
        update={
            "algorithm": metadata.algorithm,
            "trained_at": training.trained_at,
            "data_version": training.data_version,
            "rows": training.rows,
            "features": len(metadata.features),
            "metrics": metadata.metrics,
        }
    )


def _card(made: Artifact) -> ModelCard:
    return ModelCard(
        name=made.manifest.name,
        version=made.manifest.version,
        hash=made.hash,
        bundle=made.manifest.bundle,
        created_at=made.manifest.created_at,
        metadata=made.metadata.model_dump(mode="json"),
        model_card=made.card,
    )


def _note(bundles: dict[str, BundleState], alias: str, there: Alias) -> None:
    """Keep the best state of a bundle: in force before challenger before former."""
    state = _STATES.get(alias, "former")
    now = BundleState(bundle=there.target.bundle, state=state, since=there.since)
    before = bundles.get(now.bundle)
    if before is None or _rank(now.state) < _rank(before.state):
        bundles[now.bundle] = now
    for past in there.history:
        former = BundleState(bundle=past.bundle, state="former", since=None)
        bundles.setdefault(past.bundle, former)


def _rank(state: State) -> int:
    return (*_STATES, "former").index(state)


def _champion_first(alias: str) -> tuple[bool, str]:
    return alias != CHAMPION, alias


def _newest_first(bundle: BundleState) -> tuple[int, float]:
    since: datetime | None = bundle.since
    return -_rank(bundle.state), 0.0 if since is None else since.timestamp()
