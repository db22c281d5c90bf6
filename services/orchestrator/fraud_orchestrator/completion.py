"""Decisions whose gateway died between commit and action: their actions are done after all."""

import asyncio
from datetime import timedelta

import structlog

from fraud_orchestrator.pipeline import Pipeline
from fraud_shared.mesh.clock import Clock
from fraud_shared.mesh.deadline import Deadline

log = structlog.get_logger()
# No decision takes longer to get its reply, and a key must not be held for two seconds.
INTERRUPTED_AFTER = timedelta(seconds=1.5)
EVERY_S = 0.25
ACT_MS = 1000.0


async def complete_interrupted(pipeline: Pipeline, clock: Clock) -> None:
    """Complete interrupted decisions again and again, beside the payments, until cancelled.
    What fails is logged and tried again."""
    while True:
        await asyncio.sleep(EVERY_S)
        try:
            before = clock.now() - INTERRUPTED_AFTER
            for made in await pipeline.decisions.unfinished(before):
                deadline = Deadline.after(ACT_MS)
                await pipeline.act(made, made.decision, None, deadline)
                log.info("completed", decision_id=made.decision.decision_id)
        except Exception as error:
            log.warning("completing_failed", exception=type(error).__name__)
