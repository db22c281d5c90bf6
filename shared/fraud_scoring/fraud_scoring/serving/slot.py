"""A slot: one hosted model, its predecessor, and the change from one to the other."""

import threading
from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Literal

import structlog

from fraud_scoring.artifacts import libraries
from fraud_scoring.errors import (
    REFUSALS,
    AliasMissing,
    ArtifactRefused,
    RegistryError,
)
from fraud_scoring.registry.aliases import AliasBook, AliasTarget
from fraud_scoring.registry.cache import ArtifactCache, Rollback
from fraud_scoring.serving import telemetry
from fraud_scoring.serving.model import Model
from fraud_scoring.serving.rollback import (
    DEGRADED,
    FAILING,
    RollbackLimits,
    RollbackMonitor,
)
from fraud_scoring.serving.sandbox import ModelCheck
from fraud_scoring.serving.scorer import ScorerEngine
from fraud_scoring.serving.validation import validate_model
from fraud_shared.contracts.signal import ModelRef

log = structlog.get_logger()
SwapStatus = Literal["swapped", "unchanged", "refused", "unavailable"]
ROLLED_BACK = "rolled-back"


@dataclass(frozen=True, slots=True)
class Swap:
    """What one refresh did. `problem` is the stable code of a refusal."""

    model: str
    status: SwapStatus
    before: ModelRef | None
    after: ModelRef | None
    problem: str | None = None


@dataclass(frozen=True, slots=True)
class SwapPolicy:
    """What a new model has to pass here: the trial in another process, then `admit`."""

    trial: ModelCheck
    top_features: int
    limit_ms: float
    slowdown: float
    rollback: RollbackLimits


@dataclass(frozen=True, slots=True, eq=False)
class ServedModel:
    """What serves: a model, the alias it came by (at that revision), and since when.
    `probation` is None when there is nothing to go back to."""

    model: Model
    alias: str
    revision: int
    since: datetime
    probation: RollbackMonitor | None = None


class ModelSlot:
    """Holds the serving model. `refresh` blocks and is called from one thread only, while
    `roll_back` belongs to the loop; readers take `current` once and keep what they took."""

    def __init__(
        self,
        service: str,
        name: str,
        aliases: tuple[str, ...],
        engine: ScorerEngine,
        gate: SwapPolicy,
        *,
        now: Callable[[], datetime],
    ) -> None:
        self.name = name
        self.current: ServedModel | None = None
        self.previous: ServedModel | None = None
        self.problem: str | None = None
        self.rolled_back: Rollback | None = None
        self._service = service
        self._aliases = aliases
        self._engine = engine
        self._gate = gate
        self._now = now
        self._refused: AliasTarget | None = None
        self._changing = threading.Lock()
        telemetry.begin(service, name, problems=REFUSALS, reasons=(FAILING, DEGRADED))

    def refresh(
        self, open_cache: Callable[[], ArtifactCache], *, retry: bool = False
    ) -> Swap:
        """Serve what the alias names. Whatever goes wrong, the old model stays.

        A target that was refused is not tried again until it changes or `retry` is set;
        one that was rolled back from, not before the alias book has a newer revision.
        """
        target: AliasTarget | None = None
        try:
            artifact_cache = open_cache()
            book = artifact_cache.book(self.name)
            alias, target, problem = self._wanted(book, artifact_cache)
            serving = self.current
            if serving is not None and serving.model.ref.hash == target.hash:
                self.problem = problem
                return self._result("unchanged", serving)
            if target == self._refused and not retry:
                return self._result("refused", serving)
            model = self._kept(target) or self._load(artifact_cache, target)
        except ArtifactRefused as error:
            return self._refuse(error, target)
        except RegistryError as error:
            if self.problem != error.code:
                log.warning(
                    "registry_silent",
                    model=self.name,
                    problem=error.code,
                    why=str(error)[:200],
                )
            self.problem = error.code
            return self._result("unavailable", self.current)
        arriving = ServedModel(model, alias, book.revision, self._now())
        return self._flip(arriving, problem)

    def roll_back(self, failing: ServedModel, reason: str) -> Rollback | None:
        """Put the predecessor of `failing` back; None when it serves no longer."""
        with self._changing:
            before = self.previous
            if self.current is not failing or before is None:
                return None
            self.rolled_back = Rollback(
                bad=_target(failing),
                good=_target(before),
                revision=failing.revision,
                reason=reason,
                at=self._now(),
            )
            # The predecessor has nothing behind it, so it cannot be rolled back in turn.
            restored = replace(before, since=self._now(), probation=None)
            self.current, self.previous = restored, failing
            self.problem = ROLLED_BACK
            self._publish_info(failing, restored)
        telemetry.ROLLBACKS.labels(self._service, self.name, reason).inc()
        log.error(
            "model_rolled_back",
            model=self.name,
            version=failing.model.ref.version,
            back_to=restored.model.ref.version,
            why=reason,
        )
        return self.rolled_back

    def _wanted(
        self, book: AliasBook, artifact_cache: ArtifactCache
    ) -> tuple[str, AliasTarget, str | None]:
        """What the alias names, or what this service went back to from there."""
        alias, target = self._chosen(book)
        barred = self.rolled_back or artifact_cache.rollback(self.name)
        if barred is not None and barred.bars(target, book.revision):
            self.rolled_back = barred
            return alias, barred.good, ROLLED_BACK
        return alias, target, None

    def _chosen(self, book: AliasBook) -> tuple[str, AliasTarget]:
        for alias in self._aliases:
            if alias in book.aliases:
                return alias, book.target(alias)
        raise AliasMissing(f"{self.name} has none of {self._aliases}")

    def _kept(self, target: AliasTarget) -> Model | None:
        kept = self.previous
        if kept is not None and kept.model.ref.hash == target.hash:
            return kept.model
        return None

    def _load(self, artifact_cache: ArtifactCache, target: AliasTarget) -> Model:
        """Verified bytes, tried elsewhere, then loaded and tested here."""
        artifact = artifact_cache.artifact(self.name, target)
        gate = self._gate
        versions = libraries.installed(self._engine.libraries)
        tried_with = " ".join(f"{name}={now}" for name, now in sorted(versions.items()))
        if not artifact_cache.passed(self.name, target, tried_with):
            gate.trial(artifact)
            artifact_cache.keep_passed(self.name, target, tried_with)
        serving = self.current
        return validate_model(
            self._engine,
            artifact,
            top_features=gate.top_features,
            limit_ms=gate.limit_ms,
            than=None if serving is None else serving.model,
            slowdown=gate.slowdown,
        )

    def _refuse(self, error: ArtifactRefused, target: AliasTarget | None) -> Swap:
        self._refused, self.problem = target, error.code
        telemetry.SWAPS.labels(self._service, self.name, "refused").inc()
        telemetry.REFUSALS.labels(self._service, self.name, error.code).inc()
        log.error(
            "model_refused",
            model=self.name,
            version=None if target is None else target.version,
            problem=error.code,
            why=str(error)[:200],
        )
        return self._result("refused", self.current)

    def _flip(self, serving: ServedModel, problem: str | None) -> Swap:
        with self._changing:
            before, back = self.current, self.rolled_back
            if back is not None and back.bars(_target(serving), serving.revision):
                # Rolled back while this refresh was under way.
                return self._result("unchanged", before)
            if before is not None:
                watch = RollbackMonitor(self._gate.rollback)
                serving = replace(serving, probation=watch)
            self.previous, self.current = before, serving
            self._refused, self.problem = None, problem
            self._publish_info(before, serving)
        telemetry.SWAPS.labels(self._service, self.name, "swapped").inc()
        ref = serving.model.ref
        log.info("model_swapped", model=self.name, version=ref.version, hash=ref.hash)
        return Swap(self.name, "swapped", _ref(before), ref, self.problem)

    def _publish_info(self, before: ServedModel | None, after: ServedModel) -> None:
        if before is not None:
            telemetry.MODEL_INFO.remove(*self._labels(before))
        telemetry.MODEL_INFO.labels(*self._labels(after)).set(1)
        trained = after.model.artifact.metadata.training.trained_at
        labels = (self._service, self.name)
        telemetry.MODEL_TRAINED.labels(*labels).set(trained.timestamp())

    def _labels(self, serving: ServedModel) -> tuple[str, ...]:
        ref = serving.model.ref
        who = (self._service, self.name)
        return (*who, ref.version, ref.hash, ref.bundle, serving.alias)

    def _result(self, status: SwapStatus, serving: ServedModel | None) -> Swap:
        ref = _ref(serving)
        return Swap(self.name, status, ref, ref, self.problem)


def _ref(serving: ServedModel | None) -> ModelRef | None:
    return None if serving is None else serving.model.ref


def _target(serving: ServedModel) -> AliasTarget:
    ref = serving.model.ref
    return AliasTarget(version=ref.version, hash=ref.hash, bundle=ref.bundle)
