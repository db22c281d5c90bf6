"""Long work beside payments: one piece at a time, and never past its caller's deadline."""

import asyncio
import time
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from typing import TypeVar

from fraud_shared.mesh.deadline import Deadline
from fraud_shared.web.problems import DeadlineSpent

Result = TypeVar("Result")
# Before the next piece there is a pause as long as a piece that took longer, so that payments
# have half of the time; after a shorter one a turn for whoever waits is enough.
_LONG_S = 0.002
_LONGEST_PAUSE_S = 0.1


class CooperativeQueue:
    """Pieces of work that share a process with payments, whoever asks for them.

    A piece cannot be interrupted. If each of many requests did one whenever it is its turn,
    a payment would wait for all of them.
    """

    def __init__(self) -> None:
        self._one = asyncio.Lock()
        self._next_at = 0.0

    @asynccontextmanager
    async def until(self, deadline: Deadline) -> AsyncIterator[None]:
        """Whatever is inside ends when the deadline is spent. Raises DeadlineSpent."""
        try:
            async with asyncio.timeout(max(0.0, deadline.remaining_ms() / 1000)):
                yield
        except TimeoutError:
            raise DeadlineSpent from None

    async def take(self, work: Callable[[], Result], deadline: Deadline) -> Result:
        """Do one piece when it is its turn. Raises DeadlineSpent instead of beginning one
        too late."""
        async with self._one:
            await asyncio.sleep(max(0.0, self._next_at - time.perf_counter()))
            if deadline.expired:
                raise DeadlineSpent
            started = time.perf_counter()
            try:
                return work()
            finally:
                ended = time.perf_counter()
                took = ended - started
                pause = min(took, _LONGEST_PAUSE_S) if took > _LONG_S else 0.0
                self._next_at = ended + pause
