"""One connection to Redis that all calls of a process share.

Commands leave as they come and answers come back in that order, so many payments are on
the way at once. redis-py makes the connection (URL, TLS, credentials, database) and hiredis
reads and writes its language; what is replaced is redis-py's way through a command, whose
pool, retries, task and stream cost more processor time than a usual script.
"""

import asyncio
from collections import deque
from collections.abc import Awaitable, Callable
from typing import Any

from hiredis import ProtocolError, Reader, pack_command
from redis.asyncio import ConnectionPool
from redis.asyncio.retry import Retry
from redis.backoff import NoBackoff
from redis.exceptions import NoScriptError, RedisError, ResponseError

from fraud_shared.mesh.spans import CURRENT, SpanKind

__all__ = ["Ask", "NoScriptError", "RedisError", "RedisMultiplexer"]

_INCOMPLETE = object()
# Sends a command; the future is its answer.
Ask = Callable[[tuple[Any, ...]], "asyncio.Future[Any]"]


class RedisMultiplexer:
    """Times in seconds. `call` raises `RedisError`, `OSError` or `TimeoutError`, the last
    two also when no connection can be made within `connect_timeout`. Nothing is sent twice.

    After an answer that did not come in time nobody knows whether the connection still
    leads anywhere: calls that are on it may wait their time out, the next makes another.
    """

    def __init__(
        self,
        url: str,
        *,
        timeout: float,
        connect_timeout: float,
        check: Callable[["Ask"], Awaitable[None]] | None = None,
    ) -> None:
        """`check` may ask a new connection something, and raise where it is of no use."""
        # It lends no connection: it only knows how to make one for this URL. Under
        # protocol 2 a server sends nothing that was not asked for. redis-py leaves its
        # pool half typed.
        self._maker: Any = ConnectionPool.from_url(
            url,
            protocol=2,
            socket_timeout=connect_timeout,
            socket_connect_timeout=connect_timeout,
            retry=Retry(NoBackoff(), 0),
        )
        self._attributes = _attributes(self._maker.connection_kwargs)
        self._timeout, self._connect_timeout = timeout, connect_timeout
        self._check = check
        self._wire: _Wire | None = None
        self._wires: set[_Wire] = set()
        self._connecting: asyncio.Task[_Wire] | None = None

    async def call(self, *arguments: str | int) -> Any:
        """The answer to one command, or its error raised."""
        spans = CURRENT.get()
        if spans is None:
            return await self._call(arguments)
        operation = str(arguments[0])
        attributes = {**self._attributes, "db.operation.name": operation}
        with spans.inside(operation, SpanKind.CLIENT, attributes):
            return await self._call(arguments)

    async def _call(self, arguments: tuple[str | int, ...]) -> Any:
        wire = self._wire
        if wire is None or not wire.is_open:
            wire = await self._connected()
        try:
            return await wire.ask(arguments)
        except TimeoutError:
            if self._wire is wire:
                self._wire = None
            raise

    async def close(self) -> None:
        """End the connection; calls on the way fail."""
        if self._connecting is not None:
            await asyncio.wait([self._connecting])
        self._wire = None
        for wire in tuple(self._wires):
            wire.abort()
            await wire.gone

    async def _connected(self) -> "_Wire":
        """The connection that is being made, by whoever asked first."""
        if self._connecting is None:
            self._connecting = asyncio.create_task(self._connect())
            self._connecting.add_done_callback(self._keep)
        # A caller that gives up leaves it to the others.
        return await asyncio.shield(self._connecting)

    async def _connect(self) -> "_Wire":
        async with asyncio.timeout(self._connect_timeout):
            wire = await self._taken_over()
            try:
                if self._check is not None:
                    await self._check(wire.ask)
            except BaseException:
                wire.abort()
                raise
            return wire

    async def _taken_over(self) -> "_Wire":
        connection = self._maker.make_connection()
        try:
            await connection.connect()
        except BaseException:
            await connection.disconnect(nowait=True)
            raise
        wire = _Wire(connection._writer, self._timeout, self._wires)
        # redis-py is done with it, and warns about what it still holds when collected.
        connection._reader = connection._writer = None
        return wire

    def _keep(self, made: "asyncio.Task[_Wire]") -> None:
        self._connecting = None
        if not made.cancelled() and made.exception() is None:
            self._wire = made.result()


class _Wire(asyncio.Protocol):
    """The connection behind a line, taken over from a stream. `peers` holds the open ones."""

    def __init__(
        self, stream: asyncio.StreamWriter, within: float, peers: "set[_Wire]"
    ) -> None:
        # Kept, because a stream that is collected closes its transport.
        self._stream = stream
        self._transport = stream.transport
        self._reader = Reader(notEnoughData=_INCOMPLETE, replyError=_refusal)
        # When each answer is due, and who waits for it. All have as long, so the first is
        # due first, and one timer will do.
        self._asked: deque[tuple[float, asyncio.Future[Any]]] = deque()
        self._within = within
        self._timer: asyncio.TimerHandle | None = None
        self._retired = False
        self._loop = asyncio.get_running_loop()
        self._peers = peers
        self.gone = self._loop.create_future()
        self.is_open = True
        peers.add(self)
        self._transport.set_protocol(self)

    def ask(self, arguments: tuple[Any, ...]) -> "asyncio.Future[Any]":
        """Send a command; the future is its answer, or `TimeoutError` when that does not
        come in time. A cancelled one is passed over."""
        if not self.is_open:
            raise ConnectionError("the connection to Redis was closed")
        answer = self._loop.create_future()
        self._transport.write(pack_command(arguments))
        due = self._loop.time() + self._within
        self._asked.append((due, answer))
        if self._timer is None:
            self._timer = self._loop.call_at(due, self._look)
        return answer

    def _look(self) -> None:
        """Fail what is overdue, and come back when the next answer is due."""
        self._timer = None
        now, is_late = self._loop.time(), False
        for due, answer in self._asked:
            if due > now:
                self._timer = self._loop.call_at(due, self._look)
                break
            if not answer.done():
                answer.set_exception(TimeoutError())
                is_late = True
        if is_late:
            self.retire()

    def retire(self) -> None:
        """Close as soon as nobody waits for an answer any more."""
        self._retired = True
        if all(answer.done() for _, answer in self._asked):
            self.abort()

    def abort(self) -> None:
        """Close at once."""
        self.is_open = False
        self._transport.abort()

    def data_received(self, data: bytes) -> None:
        """Give each answer to who asked first."""
        self._reader.feed(data)
        try:
            while (found := self._reader.gets()) is not _INCOMPLETE:
                _, answer = self._asked.popleft()
                if answer.done():
                    continue
                if isinstance(found, RedisError):
                    answer.set_exception(found)
                else:
                    answer.set_result(found)
        except (ProtocolError, IndexError):
            # What came is no answer to anything; so nothing after it is.
            self.abort()
        if self._retired:
            self.retire()

    def connection_lost(self, exc: Exception | None) -> None:
        """Whoever waits learns that no answer comes."""
        self.is_open = False
        self._peers.discard(self)
        if self._timer is not None:
            self._timer.cancel()
        for _, answer in self._asked:
            if not answer.done():
                answer.set_exception(
                    ConnectionError("the connection to Redis was closed")
                )
        self._asked.clear()
        if not self.gone.done():
            self.gone.set_result(None)


def _attributes(connection: dict[str, Any]) -> dict[str, str | int]:
    """What its spans say of the server; of a command only its name, never a key."""
    found: dict[str, str | int] = {
        "db.system.name": "redis",
        "db.namespace": str(connection.get("db") or 0),
    }
    if "path" in connection:
        return {**found, "server.address": connection["path"]}
    found["server.address"] = connection.get("host", "localhost")
    return {**found, "server.port": connection.get("port", 6379)}


def _refusal(text: str) -> RedisError:
    return NoScriptError(text) if text.startswith("NOSCRIPT") else ResponseError(text)
