"""How long a payment waits for the database."""

import asyncio
from collections.abc import Awaitable
from typing import TypeVar

from fraud_shared.mesh.deadline import Deadline
from fraud_shared.web.problems import Unavailable

# What a commit may take when a payment comes to it in time: some ten times as long as it
# takes, and little enough for an answer within 200 ms.
LEAST_MS = 150.0
# With less than this left a payment is late because this process is busy, not the database:
# to give up all that was computed would make an overload worse.
IN_TIME_MS = 60.0
LATE_MS = 500.0
Result = TypeVar("Result")


async def in_time(work: Awaitable[Result], deadline: Deadline) -> Result:
    """`work`, or Unavailable when it takes longer than there is time; a payment that was
    slow elsewhere can still be recorded."""
    left = deadline.remaining_ms()
    ms = max(left, LEAST_MS) if left >= IN_TIME_MS else LATE_MS
    try:
        async with asyncio.timeout(ms / 1000):
            return await work
    except TimeoutError:
        raise Unavailable("The data store did not answer in time.") from None
