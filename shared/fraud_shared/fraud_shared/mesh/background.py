"""Work that a service repeats beside its requests: sweeps, projections, exports."""

import asyncio
import random
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager, suppress

import structlog

from fraud_shared.mesh.metrics import BACKGROUND_FAILURES

log = structlog.get_logger()


@asynccontextmanager
async def repeating(
    name: str,
    work: Callable[[], Awaitable[object]],
    *,
    every_s: float,
    wake: asyncio.Event | None = None,
) -> AsyncIterator[None]:
    """Run `work` at once and every `every_s` seconds while inside, or sooner on `wake`.

    A failure is counted and tried again with full jitter (base 100 ms, at most 10 s or
    `every_s`, whichever is longer); it never ends the repetition.
    """
    task = asyncio.create_task(_forever(name, work, every_s, wake or asyncio.Event()))
    try:
        yield
    finally:
        task.cancel()
        with suppress(asyncio.CancelledError):
            await task


async def _forever(
    name: str,
    work: Callable[[], Awaitable[object]],
    every_s: float,
    wake: asyncio.Event,
) -> None:
    failures = 0
    while True:
        wake.clear()
        try:
            await work()
            failures = 0
        except Exception as error:
            failures += 1
            BACKGROUND_FAILURES.labels(name).inc()
            log.warning(
                "background_failed",
                work=name,
                exception=type(error).__name__,
                failures=failures,
            )
            cap_s = min(max(10.0, every_s), 0.1 * 2 ** min(failures, 16))
            await asyncio.sleep(random.uniform(0, cap_s))
            continue
        with suppress(TimeoutError):
            async with asyncio.timeout(every_s):
                await wake.wait()
