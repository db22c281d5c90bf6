"""The keeper of a scorer's slots: loads what the registry names, watches it, and goes back
from a version that does badly."""

import asyncio
import time
from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import asynccontextmanager, suppress
from datetime import datetime
from functools import partial

import structlog

from fraud_scoring.registry.cache import ArtifactCache, Rollback
from fraud_scoring.registry.file import open_registry
from fraud_scoring.registry.port import ModelRegistry
from fraud_scoring.serving.sandbox import Bounds, ModelCheck, SandboxedCheck
from fraud_scoring.serving.scorer import ScorerEngine
from fraud_scoring.serving.settings import ScorerSettings
from fraud_scoring.serving.slot import ModelSlot, ServedModel, Swap, SwapPolicy

log = structlog.get_logger()


class ModelManager:
    """Slots by model name, the default one first. Registry and trials block, so they work
    on one thread of their own."""

    def __init__(
        self,
        service: str,
        settings: ScorerSettings,
        engine: ScorerEngine,
        *,
        registry: ModelRegistry | None,
        trial: ModelCheck | None,
        now: Callable[[], datetime],
    ) -> None:
        settings.require_keys()
        self._service = service
        self._settings = settings
        self._uri = settings.registry()
        self._registry = registry
        self._cache: ArtifactCache | None = None
        bounds = Bounds(
            memory_mb=settings.trial_memory_mb,
            seconds=settings.trial_seconds,
            limit_ms=settings.score_limit_ms,
        )
        self.slots: Mapping[str, ModelSlot] = {}
        gate = SwapPolicy(
            trial=trial or SandboxedCheck(engine, bounds, self._serving),
            top_features=settings.top_features,
            limit_ms=settings.score_limit_ms,
            slowdown=settings.slowdown_limit,
            rollback=settings.rollback_limits(),
        )
        self.slots = {
            name: ModelSlot(service, name, settings.aliases, engine, gate, now=now)
            for name in settings.models
        }
        self.default = self.slots[settings.models[0]]
        self._thread = ThreadPoolExecutor(1, f"{service}-swap")

    @asynccontextmanager
    async def running(self) -> AsyncIterator[None]:
        """Load what there is and keep watching the registry.

        A slow registry does not hold the start up for long: the service is live, and
        becomes ready later.
        """
        first = asyncio.Event()
        watch = asyncio.create_task(self._watch(first))
        try:
            with suppress(TimeoutError):
                async with asyncio.timeout(self._settings.start_wait_seconds):
                    await first.wait()
            yield
        finally:
            watch.cancel()
            with suppress(asyncio.CancelledError):
                await watch
            self._thread.shutdown(wait=False, cancel_futures=True)

    async def refresh(
        self, names: Sequence[str] | None = None, *, retry: bool = False
    ) -> list[Swap]:
        """Bring the slots (all, unless named) to what their aliases name, one after the
        other."""
        loop = asyncio.get_running_loop()
        return [
            await loop.run_in_executor(
                self._thread, partial(slot.refresh, self._open_cache, retry=retry)
            )
            for name, slot in self.slots.items()
            if names is None or name in names
        ]

    def served(
        self,
        slot: ModelSlot,
        serving: ServedModel,
        rows: int,
        *,
        failed: int,
        degraded: int,
    ) -> None:
        """Count rows that `serving` answered; goes back when too many were bad."""
        if serving.probation is None:
            return
        now = time.monotonic()
        reason = serving.probation.record(now, rows, failed=failed, degraded=degraded)
        if reason is None:
            return
        rollback = slot.roll_back(serving, reason)
        if rollback is not None:
            self._thread.submit(self._remember, slot.name, rollback)

    def _serving(self) -> bool:
        return any(slot.current is not None for slot in self.slots.values())

    def _remember(self, name: str, rollback: Rollback) -> None:
        self._open_cache().keep_rollback(name, rollback)

    async def _watch(self, first: asyncio.Event) -> None:
        while True:
            try:
                await self.refresh()
            except Exception as error:
                log.error("watch_failed", exception=type(error).__name__)
            first.set()
            settings = self._settings
            await asyncio.sleep(
                settings.poll_seconds
                if self.default.current is None
                else settings.watch_seconds
            )

    def _open_cache(self) -> ArtifactCache:
        if self._cache is None:
            settings = self._settings
            verifier = settings.verifier()
            registry = self._registry or open_registry(self._uri, verifier)
            folder = settings.var_dir / "cache" / "models" / self._service
            self._cache = ArtifactCache(registry, verifier, folder)
        return self._cache
