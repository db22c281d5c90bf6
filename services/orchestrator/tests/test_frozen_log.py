"""The decision log's PostgreSQL falls silent: 503 within the budget, and it heals."""

import asyncio
import time
from collections.abc import AsyncIterator
from datetime import UTC, datetime
from typing import Any

import pytest

from fraud_shared.mesh.clock import SystemClock
from fraud_shared.testing.factories import payment_body
from fraud_shared.testing.links import Link
from fraud_shared.testing.servers import fresh_database

CALLERS = 64
WALL_MS = 300.0
# The wall, what a commit may take of one that is late, and a busy machine: without a limit
# it is the database driver's, or for ever.
LONGEST_S = 10.0
RETRIERS = 4
MADE_AT = datetime.now(UTC)


@pytest.fixture
async def link() -> AsyncIterator[Link]:
    async with fresh_database() as url, Link(url).open() as link:
        yield link


async def timed(run: Any, number: int) -> tuple[int, float]:
    began = time.monotonic()
    reply = await run.score(
        payment_body(transaction_id=f"t{number}", occurred_at=MADE_AT)
    )
    return reply.status_code, time.monotonic() - began


async def paid(run: Any, number: int) -> None:
    """Try until there is an answer: 409 while another gateway's work is completed."""
    while (status := (await timed(run, number))[0]) != 200:
        assert status in (409, 503)
        await asyncio.sleep(0.1)


async def test_frozen_log_every_caller_gets_503_in_time_and_it_heals(
    start: Any, link: Link
) -> None:
    own = {"database_url": link.url, "wall_ms": WALL_MS, "max_in_flight": 200}
    # Interrupted decisions are completed by the gateway's clock: it must go on.
    async with start(**own, clock=SystemClock()) as run:
        assert (await timed(run, 0))[0] == 200
        link.freeze()
        for first in (1, 1 + CALLERS):
            replies = await asyncio.gather(
                *(timed(run, number) for number in range(first, first + CALLERS))
            )
            assert {status for status, _ in replies} == {503}
            assert max(took for _, took in replies) < LONGEST_S
        link.thaw()
        async with asyncio.timeout(30):
            for at in range(1, 1 + CALLERS, RETRIERS):
                await asyncio.gather(
                    *(paid(run, number) for number in range(at, at + RETRIERS))
                )
