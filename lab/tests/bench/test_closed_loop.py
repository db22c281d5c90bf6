"""The load generator against a small server."""

import asyncio
from contextlib import asynccontextmanager

import pytest

from fraud_lab.bench.serving.closed_loop import (
    BrokenReply,
    Connection,
    closed_loop,
    post,
)
from fraud_lab.bench.serving.target import Target, WrongAnswer


@asynccontextmanager
async def server(reply):
    """Answers each request with what `reply(number, body)` says; yields its port."""
    count, handlers = 0, set()

    async def serve(reader, writer):
        nonlocal count
        handlers.add(asyncio.current_task())
        while True:
            try:
                head = await reader.readuntil(b"\r\n\r\n")
            except asyncio.IncompleteReadError:
                break
            length = int(head.lower().split(b"content-length:")[1].split(b"\r\n")[0])
            body = await reader.readexactly(length)
            count += 1
            for part in reply(count, body):
                writer.write(part)
                await writer.drain()
        writer.close()
        await writer.wait_closed()

    listening = await asyncio.start_server(serve, "127.0.0.1", 0)
    async with listening:
        yield listening.sockets[0].getsockname()[1]
        await asyncio.gather(*handlers)


def answer(body, status=b"200 OK"):
    return b"HTTP/1.1 %s\r\nContent-Length: %d\r\n\r\n%s" % (status, len(body), body)


class TestConnection:
    async def test_a_reply_in_pieces_is_put_together(self):
        whole = answer(b'{"score": 1}')
        async with server(lambda *_: (whole[:20], whole[20:50], whole[50:])) as port:
            connection = await Connection.open(port)
            assert await connection.ask(post("/", b"{}", {})) == (200, b'{"score": 1}')
            connection.close()

    async def test_a_reply_without_a_length_is_broken(self):
        async with server(lambda *_: (b"HTTP/1.1 200 OK\r\n\r\n",)) as port:
            connection = await Connection.open(port)
            with pytest.raises(BrokenReply):
                await connection.ask(post("/", b"{}", {}))
            connection.close()


class TestClosedLoop:
    async def test_what_is_not_a_200_is_a_failure_and_not_an_answer(self):
        def reply(number, _):
            return (answer(b"{}", b"503 No" if number % 4 == 0 else b"200 OK"),)

        async with server(reply) as port:
            lap = await closed_loop(
                port, [post("/", b"{}", {})], concurrency=4, seconds=0.2
            )
        asked = len(lap.latency_ms) + lap.failed
        assert asked > 40
        assert lap.failed == asked // 4
        assert lap.per_second == pytest.approx(len(lap.latency_ms) / lap.seconds)

    async def test_requests_take_turns(self):
        bodies = set()

        def reply(_, body):
            bodies.add(body)
            return (answer(b"{}"),)

        requests = [post("/", b"%d" % n, {}) for n in range(8)]
        async with server(reply) as port:
            await closed_loop(port, requests, concurrency=2, seconds=0.1)
        assert bodies == {b"%d" % n for n in range(8)}


class TestTarget:
    async def test_scores_are_read_from_every_reply(self):
        async with server(lambda _, body: (answer(body),)) as port:
            target = Target.of("echo", 1, port, "/", [{"a": 1}, {"b": 2}], len)
            assert await target.scores() == [8.0, 8.0]

    async def test_a_server_that_refuses_is_not_measured(self):
        async with server(lambda *_: (answer(b"no", b"422 No"),)) as port:
            target = Target.of("echo", 1, port, "/", [{}], len)
            with pytest.raises(WrongAnswer, match="422"):
                await target.scores()
