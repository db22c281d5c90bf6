"""How long a payment waits for the database, and when it does not wait at all."""

import asyncio
import time
from collections.abc import Awaitable, Callable
from typing import TypeVar

from fraud_shared.mesh.breaker import Breaker
from fraud_shared.mesh.deadline import Deadline
from fraud_shared.web.problems import Unavailable

# What a commit may take when a payment comes to it in time: some ten times as long as it
# takes, and little enough for an answer within 200 ms.
LEAST_MS = 150.0
# With less than this left a payment is late because this process is busy, not the database:
# to give up all that was computed would make an overload worse.
IN_TIME_MS = 60.0
LATE_MS = 500.0
AWAY = "The data store did not answer in time."
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
        raise Unavailable(AWAY) from None


class Patience:
    """Waits as `in_time`, until the database has let several payments wait in vain: then
    each is refused at once, and one at a time finds out whether it answers again."""

    def __init__(self, monotonic: Callable[[], float] = time.monotonic) -> None:
        self._breaker = Breaker(monotonic)

    def check(self) -> None:
        """Refuse what could only wait in vain. Raises Unavailable."""
        if self._breaker.state == "open":
            raise Unavailable(AWAY)

    async def wait(
        self, begin: Callable[[], Awaitable[Result]], deadline: Deadline
    ) -> Result:
        """What `begin` begins, in time. Raises Unavailable."""
        if not self._breaker.allow():
            raise Unavailable(AWAY)
        try:
            result = await in_time(begin(), deadline)
        except Unavailable:
            self._breaker.failed()
            raise
        except BaseException:
            # Our own caller left, or the statement was wrong: this says nothing.
            self._breaker.abandoned()
            raise
        self._breaker.succeeded()
        return result
