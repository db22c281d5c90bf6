"""A TCP link that tests can cut, silence or freeze, between a client and a real server."""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager, suppress
from urllib.parse import urlsplit, urlunsplit


class Link:
    """While `silent`, what the server says does not come back; `cut()` ends every
    connection; between `freeze()` and `thaw()` nothing passes and nothing is lost, as with
    a stopped process: connections are still accepted. `passes` may refuse what either side
    says (its second argument is true for the server's bytes): the connection ends there, and
    those bytes never arrive. `url` is the server's, through this link."""

    def __init__(self, url: str) -> None:
        self._server = urlsplit(url)
        self._writers: set[asyncio.StreamWriter] = set()
        self._tasks: set[asyncio.Task[None]] = set()
        self.silent = False
        self.passes: Callable[[bytes, bool], bool] = lambda _data, _back: True
        self._flowing = asyncio.Event()
        self._flowing.set()
        self.connections = 0
        self.url = ""

    @asynccontextmanager
    async def open(self) -> AsyncIterator["Link"]:
        """Listen on a free port of this machine while inside."""
        server = await asyncio.start_server(self._accept, "127.0.0.1", 0)
        port = server.sockets[0].getsockname()[1]
        user = self._server.netloc.rpartition("@")[0]
        there = f"{user}@127.0.0.1:{port}" if user else f"127.0.0.1:{port}"
        self.url = urlunsplit(self._server._replace(netloc=there))
        try:
            yield self
        finally:
            server.close()
            self.thaw()
            self.cut()
            await asyncio.gather(*self._tasks, return_exceptions=True)

    def cut(self) -> None:
        """End every connection, without a word to either side."""
        for writer in list(self._writers):
            writer.transport.abort()

    def freeze(self) -> None:
        """Let nothing pass, in either direction, until `thaw`."""
        self._flowing.clear()

    def thaw(self) -> None:
        """Let pass what was held back, and what comes."""
        self._flowing.set()

    async def _accept(
        self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter
    ) -> None:
        self.connections += 1
        host, port = self._server.hostname, self._server.port
        try:
            there, onward = await asyncio.open_connection(host, port)
        except OSError:
            writer.transport.abort()
            return
        self._writers |= {writer, onward}
        for pump in (self._pump(reader, onward), self._pump(there, writer, back=True)):
            task = asyncio.create_task(pump)
            self._tasks.add(task)
            task.add_done_callback(self._tasks.discard)

    async def _pump(
        self,
        reader: asyncio.StreamReader,
        writer: asyncio.StreamWriter,
        *,
        back: bool = False,
    ) -> None:
        with suppress(ConnectionError):
            while data := await reader.read(65_536):
                await self._flowing.wait()
                if not self.passes(data, back):
                    writer.transport.abort()
                    break
                if not (back and self.silent):
                    writer.write(data)
                    await writer.drain()
        self._writers.discard(writer)
        writer.close()
        with suppress(ConnectionError):
            await writer.wait_closed()
