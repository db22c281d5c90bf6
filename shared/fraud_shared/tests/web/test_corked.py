"""Replies leave in one write, and nothing is held back, lost or reordered."""

import asyncio
from typing import Any

import httpx
import pytest
import uvicorn

from fraud_shared.web.coalescing_protocol import CoalescingProtocol, CoalescingTransport

HEAD = b"HTTP/1.1 200 OK\r\n\r\n"


class FakeTransport:
    def __init__(self) -> None:
        self.written: list[bytes] = []
        self.closed = False

    def write(self, data: bytes) -> None:
        self.written.append(data)

    def close(self) -> None:
        self.closed = True

    def is_closing(self) -> bool:
        return self.closed


class TestWrites:
    async def test_head_and_body_leave_together(self) -> None:
        inner = FakeTransport()
        cork = CoalescingTransport(inner, asyncio.get_running_loop())
        cork.write(HEAD)
        cork.write(b"body")
        await asyncio.sleep(0)
        assert inner.written == [HEAD + b"body"]

    async def test_a_head_without_a_body_leaves_at_once(self) -> None:
        inner = FakeTransport()
        cork = CoalescingTransport(inner, asyncio.get_running_loop())
        cork.write(HEAD)
        await asyncio.sleep(0)
        assert inner.written == [HEAD]

    async def test_closing_sends_what_waits_first(self) -> None:
        inner = FakeTransport()
        cork = CoalescingTransport(inner, asyncio.get_running_loop())
        cork.write(HEAD)
        cork.close()
        assert inner.written == [HEAD]
        assert cork.is_closing()

    async def test_a_chunk_that_looks_like_a_head_stays_in_order(self) -> None:
        inner = FakeTransport()
        cork = CoalescingTransport(inner, asyncio.get_running_loop())
        for data in (HEAD, b"1", HEAD, b"2"):
            cork.write(data)
        await asyncio.sleep(0)
        assert b"".join(inner.written) == HEAD + b"1" + HEAD + b"2"


class TestUnderUvicorn:
    @pytest.mark.parametrize("body", [b"", b"small", b"x" * 1_000_000])
    async def test_replies_of_every_size_arrive_whole(
        self, body: bytes, unused_tcp_port: int
    ) -> None:
        async def app(scope: Any, receive: Any, send: Any) -> None:
            await send({"type": "http.response.start", "status": 200, "headers": []})
            await send({"type": "http.response.body", "body": body})

        server = uvicorn.Server(
            uvicorn.Config(
                app,
                port=unused_tcp_port,
                http=CoalescingProtocol,
                lifespan="off",
                log_config=None,
            )
        )
        serving = asyncio.create_task(server.serve())
        while not server.started:
            await asyncio.sleep(0.01)
        async with httpx.AsyncClient(
            base_url=f"http://127.0.0.1:{unused_tcp_port}"
        ) as http:
            replies = [(await http.get("/")).content for _ in range(3)]
        server.should_exit = True
        await serving
        assert replies == [body] * 3
