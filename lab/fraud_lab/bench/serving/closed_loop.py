"""The load generator of all sides: callers on kept connections, each with one request out.

Hand-made on asyncio's protocols because it shares the cores with what it measures: 40 us
of CPU a request, where an HTTP client takes 100 and more.
"""

import asyncio
import itertools
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

TIMEOUT_S = 20.0


class BrokenReply(Exception):
    """The connection ended, or the reply has no length."""


@dataclass
class Lap:
    """One stretch of load: milliseconds of every answer, and what was not a 200."""

    latency_ms: list[float] = field(default_factory=list)
    failed: int = 0
    seconds: float = 0.0

    @property
    def per_second(self) -> float:
        """Answers with status 200 a second."""
        return len(self.latency_ms) / self.seconds


def post(path: str, body: bytes, headers: Mapping[str, str]) -> bytes:
    """A request ready to be written."""
    lines = [
        f"POST {path} HTTP/1.1",
        "Host: 127.0.0.1",
        "Content-Type: application/json",
        f"Content-Length: {len(body)}",
        *(f"{name}: {value}" for name, value in headers.items()),
    ]
    return "\r\n".join(lines).encode() + b"\r\n\r\n" + body


class Connection(asyncio.Protocol):
    """One kept connection with one request out at a time."""

    def __init__(self) -> None:
        self._received = b""
        self._waiting: asyncio.Future[tuple[int, bytes]] | None = None
        self._transport: asyncio.Transport | None = None

    @classmethod
    async def open(cls, port: int) -> "Connection":
        """Connect to a server on this machine."""
        loop = asyncio.get_running_loop()
        _, found = await loop.create_connection(cls, "127.0.0.1", port)
        return found

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Keep what to write to."""
        assert isinstance(transport, asyncio.Transport)
        self._transport = transport

    def data_received(self, data: bytes) -> None:
        """Hand over the reply once it is complete."""
        self._received += data
        end = self._received.find(b"\r\n\r\n") + 4
        if end < 4:
            return
        try:
            length = _length(self._received[:end])
        except BrokenReply as error:
            self._done(error)
            return
        if len(self._received) - end >= length:
            status, body = int(self._received[9:12]), self._received[end:]
            self._received = b""
            self._done((status, body))

    def connection_lost(self, error: Exception | None) -> None:
        """Whoever waits will get nothing more."""
        self._done(BrokenReply("connection lost"))

    async def ask(self, request: bytes) -> tuple[int, bytes]:
        """Status and body. Raises BrokenReply, and TimeoutError after twenty seconds."""
        assert self._transport is not None
        if self._transport.is_closing():
            raise BrokenReply("connection lost")
        self._waiting = asyncio.get_running_loop().create_future()
        self._transport.write(request)
        return await self._waiting

    def close(self) -> None:
        """End the connection."""
        if self._transport is not None:
            self._transport.close()

    def _done(self, result: tuple[int, bytes] | BrokenReply) -> None:
        waiting, self._waiting = self._waiting, None
        if waiting is None or waiting.done():
            return
        if isinstance(result, BrokenReply):
            waiting.set_exception(result)
        else:
            waiting.set_result(result)


async def closed_loop(
    port: int, requests: Sequence[bytes], *, concurrency: int, seconds: float
) -> Lap:
    """`concurrency` callers for `seconds`; what is not answered with 200 is a failure."""
    lap = Lap()
    turns = itertools.cycle(requests)
    started = time.perf_counter()
    end = started + seconds

    async def caller() -> None:
        connection = await Connection.open(port)
        while (now := time.perf_counter()) < end:
            try:
                status, _ = await connection.ask(next(turns))
            except BrokenReply:
                lap.failed += 1
                connection = await Connection.open(port)
                continue
            if status == 200:
                lap.latency_ms.append((time.perf_counter() - now) * 1000)
            else:
                lap.failed += 1
        connection.close()

    async with asyncio.timeout(seconds + TIMEOUT_S):
        await asyncio.gather(*(caller() for _ in range(concurrency)))
    lap.seconds = time.perf_counter() - started
    return lap


def _length(head: bytes) -> int:
    name = b"\r\ncontent-length:"
    at = head.lower().find(name)
    if at < 0:
        raise BrokenReply("a reply without a length")
    return int(head[at + len(name) :].split(b"\r\n", 1)[0])
