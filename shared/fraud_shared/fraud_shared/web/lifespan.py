"""What a service opened for itself is closed with it."""

from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import AbstractAsyncContextManager, AsyncExitStack, asynccontextmanager


@asynccontextmanager
async def owning(
    closers: Sequence[Callable[[], Awaitable[None]]],
    running: Callable[[], AbstractAsyncContextManager[None]],
) -> AsyncIterator[None]:
    """Run, and afterwards close everything, the newest first."""
    async with AsyncExitStack() as stack:
        for close in closers:
            stack.push_async_callback(close)
        await stack.enter_async_context(running())
        yield
