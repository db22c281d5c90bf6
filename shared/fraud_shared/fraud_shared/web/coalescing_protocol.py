"""uvicorn's HTTP/1.1 protocol, with head and body of a reply in one write.

uvicorn writes them apart, which costs a system call here and often wakes the caller twice (ADR 0014: a fifth more requests of
one caller, a sixteenth more of sixteen).
"""

import asyncio
from typing import Any

from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

_HEAD = b"HTTP/1.1 "


class CoalescingProtocol(HttpToolsProtocol):
    """`HttpToolsProtocol` over a transport that waits a moment with a reply's head."""

    def connection_made(self, transport: Any) -> None:
        """Put the cork between the protocol and its transport."""
        super().connection_made(CoalescingTransport(transport, self.loop))  # type: ignore[arg-type]


class CoalescingTransport:
    """A transport that joins a reply's head with whatever is written next.

    What comes in the same turn of the loop goes out with it; else the head goes alone.
    """

    __slots__ = ("_held", "_loop", "_transport")

    def __init__(self, transport: Any, loop: asyncio.AbstractEventLoop) -> None:
        self._transport = transport
        self._loop = loop
        self._held: bytes | None = None

    def __getattr__(self, name: str) -> Any:
        return getattr(self._transport, name)

    def write(self, data: bytes) -> None:
        """Send `data`, after a head that is waiting; hold it when it is a head."""
        if self._held is not None:
            data, self._held = self._held + data, None
        elif data.startswith(_HEAD):
            self._held = data
            self._loop.call_soon(self._flush)
            return
        self._transport.write(data)

    def write_whole(self, data: bytes) -> None:
        """Send a whole reply now, after what waits."""
        self._flush()
        self._transport.write(data)

    def close(self) -> None:
        """Send what waits, then close."""
        self._flush()
        self._transport.close()

    def _flush(self) -> None:
        if self._held is not None:
            data, self._held = self._held, None
            self._transport.write(data)
