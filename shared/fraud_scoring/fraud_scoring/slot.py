"""A slot: one hosted model, its predecessor, and the change from one to the other."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from typing import Literal

import structlog

from fraud_scoring import telemetry
from fraud_scoring.admission import admit
from fraud_scoring.aliases import AliasBook, Target
from fraud_scoring.errors import AliasMissing, ArtifactRefused, RegistryError
from fraud_scoring.model import Model
from fraud_scoring.scorer import ScorerEngine
from fraud_scoring.shelf import Shelf
from fraud_shared.contracts.signal import ModelRef

log = structlog.get_logger()
SwapStatus = Literal["swapped", "unchanged", "refused", "unavailable"]


@dataclass(frozen=True, slots=True)
class Swap:
    """What one refresh did. `problem` is the stable code of a refusal."""

    model: str
    status: SwapStatus
    before: ModelRef | None
    after: ModelRef | None
    problem: str | None = None


@dataclass(frozen=True, slots=True)
class Serving:
    """What serves: a model, the alias it came by, and since when."""

    model: Model
    alias: str
    since: datetime


class Slot:
    """Holds the serving model. `refresh` blocks and is called from one thread only;
    readers take `current` once and keep what they took."""

    def __init__(
        self,
        service: str,
        name: str,
        aliases: tuple[str, ...],
        engine: ScorerEngine,
        *,
        now: Callable[[], datetime],
        top_features: int,
        limit_ms: float,
    ) -> None:
        self.name = name
        self.current: Serving | None = None
        self.previous: Serving | None = None
        self.problem: str | None = None
        self._service = service
        self._aliases = aliases
        self._engine = engine
        self._now = now
        self._top_features = top_features
        self._limit_ms = limit_ms
        self._refused: Target | None = None

    def refresh(self, open_shelf: Callable[[], Shelf], *, retry: bool = False) -> Swap:
        """Serve what the alias names. Whatever goes wrong, the old model stays.

        A target that was refused is not tried again until it changes or `retry` is set.
        """
        target: Target | None = None
        try:
            shelf = open_shelf()
            alias, target = self._chosen(shelf.book(self.name))
            serving = self.current
            if serving is not None and serving.model.ref.hash == target.hash:
                self.problem = None
                return self._result("unchanged", serving)
            if target == self._refused and not retry:
                return self._result("refused", serving)
            model = self._kept(target) or admit(
                self._engine,
                shelf.artifact(self.name, target),
                top_features=self._top_features,
                limit_ms=self._limit_ms,
            )
        except ArtifactRefused as error:
            return self._refuse(error, target)
        except RegistryError as error:
            if self.problem != error.code:
                log.warning("registry_silent", model=self.name, problem=error.code)
            self.problem = error.code
            return self._result("unavailable", self.current)
        return self._flip(Serving(model, alias, self._now()))

    def _chosen(self, book: AliasBook) -> tuple[str, Target]:
        for alias in self._aliases:
            if alias in book.aliases:
                return alias, book.target(alias)
        raise AliasMissing(f"{self.name} has none of {self._aliases}")

    def _kept(self, target: Target) -> Model | None:
        kept = self.previous
        if kept is not None and kept.model.ref.hash == target.hash:
            return kept.model
        return None

    def _refuse(self, error: ArtifactRefused, target: Target | None) -> Swap:
        self._refused, self.problem = target, error.code
        telemetry.SWAPS.labels(self._service, self.name, "refused").inc()
        log.error(
            "model_refused",
            model=self.name,
            version=None if target is None else target.version,
            problem=error.code,
            why=str(error)[:200],
        )
        return self._result("refused", self.current)

    def _flip(self, serving: Serving) -> Swap:
        before = self.current
        self.previous = before
        self.current = serving
        self._refused = self.problem = None
        self._publish_info(before, serving)
        ref = serving.model.ref
        log.info("model_swapped", model=self.name, version=ref.version, hash=ref.hash)
        return Swap(self.name, "swapped", _ref(before), ref)

    def _publish_info(self, before: Serving | None, after: Serving) -> None:
        if before is not None:
            telemetry.MODEL_INFO.remove(*self._labels(before))
        telemetry.MODEL_INFO.labels(*self._labels(after)).set(1)
        trained = after.model.artifact.metadata.training.trained_at
        labels = (self._service, self.name)
        telemetry.MODEL_TRAINED.labels(*labels).set(trained.timestamp())
        telemetry.SWAPS.labels(*labels, "swapped").inc()

    def _labels(self, serving: Serving) -> tuple[str, ...]:
        ref = serving.model.ref
        who = (self._service, self.name)
        return (*who, ref.version, ref.hash, ref.bundle, serving.alias)

    def _result(self, status: SwapStatus, serving: Serving | None) -> Swap:
        ref = _ref(serving)
        return Swap(self.name, status, ref, ref, self.problem)


def _ref(serving: Serving | None) -> ModelRef | None:
    return None if serving is None else serving.model.ref
