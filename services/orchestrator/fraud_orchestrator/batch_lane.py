"""Slots for the payments of batches: all batches share them, and single payments come
first."""

import asyncio
from collections import deque
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager


class BatchLane:
    """`concurrency` slots while no single payment is being decided, one while any is.

    A slot that is in use is finished; one is always left, so that a batch ends under any
    load. Slots go to items in the order in which they came.
    """

    def __init__(self, concurrency: int) -> None:
        self._concurrency = concurrency
        self._singles = 0
        self._running = 0
        self._waiting: deque[asyncio.Future[None]] = deque()

    @contextmanager
    def single(self) -> Iterator[None]:
        """Around the decision of one payment that came alone."""
        self._singles += 1
        try:
            yield
        finally:
            self._singles -= 1
            if self._waiting:
                self._wake()

    @asynccontextmanager
    async def slot(self) -> AsyncIterator[None]:
        """Around the decision of one payment of a batch; waits for its turn."""
        if self._waiting or not self._is_free():
            turn = asyncio.get_running_loop().create_future()
            self._waiting.append(turn)
            try:
                await turn
            except asyncio.CancelledError:
                if turn.done() and not turn.cancelled():
                    self._leave()
                raise
        else:
            self._running += 1
        try:
            yield
        finally:
            self._leave()

    def _is_free(self) -> bool:
        return self._running < (1 if self._singles else self._concurrency)

    def _leave(self) -> None:
        self._running -= 1
        self._wake()

    def _wake(self) -> None:
        while self._waiting and self._is_free():
            turn = self._waiting.popleft()
            if not turn.done():
                self._running += 1
                turn.set_result(None)
