"""What one sender can hold open or send, over real sockets."""

import asyncio
import json
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import AbstractAsyncContextManager, asynccontextmanager, suppress
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

import pytest
import uvicorn
from fastapi import FastAPI

from fraud_shared.mesh.tokens import TokenIssuer
from fraud_shared.testing.asgi import TEST_TOKEN_KEY
from fraud_shared.web import run
from fraud_shared.web.settings import ServiceSettings

OK = b'{"name":"a"}'
SOON = timedelta(seconds=0.3)


@dataclass
class Client:
    """One connection, and what it has read."""

    reader: asyncio.StreamReader
    writer: asyncio.StreamWriter

    async def reply(self) -> tuple[int, bytes]:
        """Status and body of the next response."""
        head = await self.reader.readuntil(b"\r\n\r\n")
        fields = dict(line.split(b": ", 1) for line in head.split(b"\r\n")[1:-2])
        length = int(fields.get(b"content-length", b"0"))
        return int(head.split()[1]), await self.reader.readexactly(length)

    async def closed(self) -> bytes:
        """What came until the server closed the connection."""
        parts = []
        with suppress(ConnectionError):
            while part := await self.reader.read(65_536):
                parts.append(part)
        return b"".join(parts)

    async def closed_while_sending(self, data: bytes) -> bytes:
        """The same, while `data` goes out again and again."""
        reading = asyncio.create_task(self.closed())
        while not (await asyncio.wait([reading], timeout=0.01))[0]:
            await self.send(data)
        return await reading

    async def send(self, data: bytes) -> None:
        with suppress(ConnectionError):
            self.writer.write(data)
            await self.writer.drain()


@dataclass
class Server:
    """A running service and the connections of the test."""

    port: int
    clients: list[Client]

    async def connect(self, data: bytes = b"", source: str = "127.0.0.1") -> Client:
        pair = await asyncio.open_connection(
            "127.0.0.1", self.port, local_addr=(source, 0)
        )
        client = Client(*pair)
        self.clients.append(client)
        await client.send(data)
        return client

    async def ask(self, data: bytes) -> tuple[int, bytes]:
        return await (await self.connect(data)).reply()


Serve = Callable[..., AbstractAsyncContextManager[Server]]


@pytest.fixture
def serve(make_settings: Callable[..., ServiceSettings]) -> Serve:
    """Serve an app under uvicorn, as `run.serve` does."""

    @asynccontextmanager
    async def running(app: FastAPI, **settings: Any) -> AsyncIterator[Server]:
        listening = uvicorn.Server(
            uvicorn.Config(
                app,
                port=0,
                http=run.protocol(
                    make_settings(**settings),
                    app.state.head_refusals if isinstance(app, FastAPI) else None,
                ),
                backlog=4096,
                lifespan="off",
                ws="none",
                log_config=None,
            )
        )
        serving = asyncio.create_task(listening.serve())
        while not listening.started:
            await asyncio.sleep(0)
        server = Server(listening.servers[0].sockets[0].getsockname()[1], [])
        try:
            yield server
        finally:
            for client in server.clients:
                client.writer.close()
            listening.should_exit = True
            await serving

    return running


def request(
    body: bytes = OK, *fields: str, path: str = "/tell", method: str = "POST"
) -> bytes:
    head = [f"{method} {path} HTTP/1.1", "Host: kit", *fields]
    if body:
        head += [f"Content-Length: {len(body)}"]
    return "\r\n".join(head).encode() + b"\r\n\r\n" + body


def chunked(*fields: str, trailers: bytes = b"") -> bytes:
    head = ["POST /tell HTTP/1.1", "Host: kit", "Transfer-Encoding: chunked", *fields]
    framed = b"%x\r\n%b\r\n0\r\n%b\r\n" % (len(OK), OK, trailers)
    return "\r\n".join(head).encode() + b"\r\n\r\n" + framed


def kind(body: bytes) -> str:
    return str(json.loads(body)["type"]).rpartition(":")[2]


@pytest.fixture
def token(bearer: dict[str, str]) -> str:
    return f"Authorization: {bearer['authorization']}"


class TestRefusedByHead:
    """A full process refuses known callers before their body is read."""

    async def test_refusals_keep_the_connection_and_go_between_answers(
        self, kit: Any, serve: Serve, token: str, gate: asyncio.Event
    ) -> None:
        async with serve(kit(max_in_flight=1)) as server:
            client = await server.connect(request(OK, token))
            assert (await client.reply())[0] == 200
            slow = await server.connect(request(OK, token, path="/wait"))
            async with asyncio.timeout(10):
                while (refused := await answered(client, request(OK, token)))[0] == 200:
                    pass
            assert refused[0] == 503
            assert kind(refused[1]) == "overloaded"
            # Head and body apart, in small parts: nothing of it is read as a request.
            head, body = request(OK, token)[: -len(OK)], OK
            await client.send(head)
            assert (await client.reply())[0] == 503
            for byte in body:
                await client.send(bytes([byte]))
            gate.set()
            assert (await slow.reply())[0] == 200
            assert (await answered(client, request(OK, token)))[0] == 200

    async def test_a_caller_that_is_not_known_still_learns_that_first(
        self, kit: Any, serve: Serve, token: str, gate: asyncio.Event
    ) -> None:
        async with serve(kit(max_in_flight=1)) as server:
            client = await server.connect(request(OK, token))
            assert (await client.reply())[0] == 200
            await server.connect(request(OK, token, path="/wait"))
            async with asyncio.timeout(10):
                while (await answered(client, request(OK, token)))[0] == 200:
                    pass
            wrong = request(OK, "Authorization: Bearer wrong")
            assert (await answered(client, wrong))[0] == 401
            gate.set()


async def answered(client: "Client", data: bytes) -> tuple[int, bytes]:
    await client.send(data)
    return await client.reply()


class TestHead:
    async def test_a_half_sent_head_is_closed_after_the_timeout(
        self, kit: Any, serve: Serve
    ) -> None:
        async with serve(kit(), head_timeout=SOON) as server:
            client = await server.connect(b"POST /tell HTTP/1.1\r\nHost: k")
            assert b" 408 " in await client.closed()

    async def test_a_socket_without_a_byte_is_closed_after_the_timeout(
        self, kit: Any, serve: Serve
    ) -> None:
        async with serve(kit(), head_timeout=SOON) as server:
            assert await (await server.connect()).closed() == b""

    async def test_a_head_sent_byte_by_byte_gets_no_more_time(
        self, kit: Any, serve: Serve
    ) -> None:
        async with serve(kit(), head_timeout=SOON) as server:
            client = await server.connect(b"GET /tell HTTP/1.1\r\nX-A: ")
            assert b" 408 " in await client.closed_while_sending(b"a")

    async def test_the_second_head_of_a_connection_has_its_own_time(
        self, kit: Any, serve: Serve, token: str
    ) -> None:
        async with serve(kit(), head_timeout=SOON) as server:
            client = await server.connect(request(OK, token))
            assert (await client.reply())[0] == 200
            await (await server.connect()).closed()  # a head is due no sooner
            await client.send(request(OK, token))
            assert (await client.reply())[0] == 200
            await client.send(b"POST /tell")
            assert b" 408 " in await client.closed()

    @pytest.mark.parametrize("piece", [1, 100, 300_000])
    async def test_a_large_head_is_refused_before_it_is_read(
        self, kit: Any, serve: Serve, piece: int
    ) -> None:
        flood = b"GET /tell HTTP/1.1\r\nX-A: " + b"a" * 40_000_000
        async with serve(kit()) as server:
            client = await server.connect()
            reading = asyncio.create_task(client.closed())
            sent = 0
            while sent < len(flood) and not reading.done():
                await client.send(flood[sent : sent + piece])
                await asyncio.sleep(0)
                sent += piece
            assert b" 431 " in await reading or sent < len(flood)
            assert sent <= 8_000_000  # what sockets buffer, and not the head

    async def test_many_headers_are_refused(self, kit: Any, serve: Serve) -> None:
        many = [f"X-{n}: a" for n in range(98)]
        async with serve(kit()) as server:
            assert (await server.ask(request(OK, *many)))[0] == 401
            status, body = await server.ask(request(OK, *many, "X-98: a"))
            assert (status, kind(body)) == (431, "head-too-large")

    async def test_a_flood_of_headers_reaches_no_handler(
        self, kit: Any, serve: Serve
    ) -> None:
        async with serve(kit()) as server:
            flood = b"GET /livez HTTP/1.1\r\n" + b"a:\r\n" * 200_000 + b"\r\n"
            client = await server.connect()
            reading = asyncio.create_task(client.closed())
            await client.send(flood)
            assert b" 200 " not in await reading

    async def test_a_long_line_is_refused(
        self, kit: Any, serve: Serve, token: str
    ) -> None:
        async with serve(kit(), max_line_bytes=500) as server:
            status, _ = await server.ask(request(OK, "X-A: " + "a" * 500))
            assert status == 431
            status, _ = await server.ask(request(OK, path="/" + "a" * 500))
            assert status == 414
            short = request(OK, "X-A: " + "a" * 400, token)
            assert (await server.ask(short))[0] == 200

    async def test_requests_sent_ahead_are_each_answered(
        self, kit: Any, serve: Serve, token: str
    ) -> None:
        async with serve(kit(), max_head_bytes=1024) as server:
            client = await server.connect(request(OK, token) * 40)
            assert [(await client.reply())[0] for _ in range(40)] == [200] * 40


class TestBody:
    async def test_a_body_that_does_not_come_is_closed_after_the_timeout(
        self, kit: Any, serve: Serve, token: str
    ) -> None:
        async with serve(kit(), body_timeout=SOON) as server:
            client = await server.connect(request(OK, token)[:-3])
            assert b" 408 " in await client.closed()

    async def test_a_body_sent_byte_by_byte_gets_no_more_time(
        self, kit: Any, serve: Serve, token: str
    ) -> None:
        async with serve(kit(), body_timeout=SOON) as server:
            client = await server.connect(request(b" " * 60_000, token)[:-60_000])
            assert b" 408 " in await client.closed_while_sending(b" ")

    @pytest.mark.parametrize("path", ["/tell", "/cold/raw"])
    async def test_a_wrong_key_is_refused_before_a_body_byte(
        self, kit: Any, serve: Serve, path: str
    ) -> None:
        async with serve(kit(guard=None), body_timeout=SOON) as server:
            head = request(OK, "Content-Type: application/json", path=path)[: -len(OK)]
            client = await server.connect(head)
            assert (await client.reply())[0] == 401
            # What the caller does then holds nothing for longer than a body may take.
            assert await client.closed() == b""

    async def test_an_endless_trailer_is_refused(
        self, kit: Any, serve: Serve, token: str
    ) -> None:
        async with serve(kit()) as server:
            client = await server.connect(chunked(token)[:-2] + b"X-A: ")
            reply = await client.closed_while_sending(b"a" * 10_000)
            assert b" 200 " not in reply

    async def test_a_reply_that_is_not_read_is_given_up(
        self, make_app: Any, serve: Serve
    ) -> None:
        async def app(scope: Any, receive: Any, send: Any) -> None:
            await send({"type": "http.response.start", "status": 200, "headers": []})
            for _ in range(1000):
                part = {"type": "http.response.body", "body": b"x" * 100_000}
                await send({**part, "more_body": True})
            await send({"type": "http.response.body"})

        limits = {"head_timeout": SOON, "body_timeout": SOON}
        async with serve(app, **limits) as server:
            client = await server.connect(request(b"", method="GET"))
            transport: Any = client.writer.transport
            transport.pause_reading()
            # Only a write shows that the other side is gone.
            while not transport.is_closing():
                await client.send(b"G")
                await (await server.connect()).closed()


class TestTrailers:
    async def test_a_key_in_a_trailer_is_not_one(
        self, kit: Any, serve: Serve, token: str
    ) -> None:
        trailer = f"{token}\r\n".encode()
        async with serve(kit()) as server:
            status, _ = await server.ask(chunked(trailers=trailer))
            wrong = chunked("Authorization: Bearer no", trailers=trailer)
            assert (status, (await server.ask(wrong))[0]) == (401, 401)

    async def test_a_trailer_changes_no_header(
        self, kit: Any, serve: Serve, token: str
    ) -> None:
        sent = chunked(
            token,
            trailers=b"Traceparent: 00-"
            + b"a" * 32
            + b"-"
            + b"b" * 16
            + b"-01\r\nAuthorization: Bearer no\r\n",
        )
        async with serve(kit()) as server:
            client = await server.connect(sent[:-60])
            await asyncio.sleep(0.05)
            await client.send(sent[-60:])
            status, body = await client.reply()
        assert status == 200
        assert b"a" * 32 not in body


class TestPaths:
    @pytest.mark.parametrize("path", ["/tell/", "/cold/raw/", "/cold/fall/"])
    @pytest.mark.parametrize("method", ["GET", "POST"])
    async def test_a_trailing_slash_leads_nowhere(
        self, kit: Any, serve: Serve, path: str, method: str
    ) -> None:
        async with serve(kit()) as server:
            status, body = await server.ask(request(b"", path=path, method=method))
            assert status == 404
            assert kind(body) == "not-found"


class TestManyConnections:
    async def test_the_oldest_without_a_key_gives_its_place_to_a_new_one(
        self, kit: Any, serve: Serve, token: str
    ) -> None:
        async with serve(kit(), max_unauthenticated_per_address=3) as server:
            kept = await server.connect(request(OK, token))
            assert (await kept.reply())[0] == 200
            idle = [await server.connect() for _ in range(3)]
            last = await server.connect(request(OK, token))
            assert (await last.reply())[0] == 200
            assert await idle[0].closed() == b""
            await kept.send(request(OK, token))
            assert (await kept.reply())[0] == 200

    async def test_another_address_is_not_concerned(
        self, kit: Any, serve: Serve, token: str
    ) -> None:
        async with serve(kit(), max_unauthenticated_per_address=2) as server:
            other = await server.connect(source="127.0.0.9")
            for _ in range(4):
                await server.connect()
            assert (await server.ask(request(OK, token)))[0] == 200
            await other.send(request(OK, token))
            assert (await other.reply())[0] == 200

    async def test_there_is_a_limit_for_all_addresses(
        self, kit: Any, serve: Serve, token: str
    ) -> None:
        async with serve(kit(), max_connections=4) as server:
            sources = [f"127.0.0.{n}" for n in range(2, 6)]
            idle = [await server.connect(source=source) for source in sources]
            assert (await server.ask(request(OK, token)))[0] == 200
            assert await idle[0].closed() == b""

    async def test_open_requests_of_one_client_are_limited(
        self, kit: Any, serve: Serve, token: str
    ) -> None:
        async with serve(kit(max_open_per_client=2)) as server:
            held = [await server.connect(request(OK, token)[:-3]) for _ in range(2)]
            while (await server.ask(request(OK, token)))[0] == 200:
                await asyncio.sleep(0)
            status, body = await server.ask(request(OK, token))
            assert (status, kind(body)) == (429, "rate-limited")
            await held[0].send(OK[-3:])
            assert (await held[0].reply())[0] == 200
            assert (await server.ask(request(OK, token)))[0] == 200


class TestSlowClients:
    @pytest.mark.parametrize("sockets", [64, 500, 2000])
    @pytest.mark.parametrize(
        "kind", ["idle_head", "idle_body", "idle_body_with_key", "byte_by_byte"]
    )
    async def test_slow_clients_stop_no_payment_and_are_closed(
        self, kit: Any, serve: Serve, token: str, sockets: int, kind: str
    ) -> None:
        within = timedelta(seconds=0.5 + sockets / 1000)
        limits = {
            "head_timeout": within,
            "body_timeout": within,
            "max_unauthenticated_per_address": 4096,
        }
        begun = {
            "idle_head": b"POST /tell HTTP/1.1\r\nHost: k",
            "idle_body": request(OK)[: -len(OK)],
            "idle_body_with_key": request(OK, token)[: -len(OK)],
            "byte_by_byte": b"POST /tell HTTP/1.1\r\nX-A: ",
        }[kind]
        async with serve(kit(max_in_flight=8), **limits) as server:
            alone = await paying(server)
            slow: list[Client] = []
            for _ in range(sockets // 50):
                slow += await asyncio.gather(
                    *(server.connect(begun) for _ in range(50))
                )
            dripping = asyncio.create_task(drip(slow if kind == "byte_by_byte" else []))
            beside = await paying(server)
            endings = await asyncio.gather(*(client.closed() for client in slow))
            dripping.cancel()
        assert alone.statuses == beside.statuses == [200] * 26
        assert len(endings) == len(slow) >= sockets // 50 * 50
        # Generous, for a busy machine: whoever waits for a slow client waits for hundreds
        # of times as long as a payment takes.
        assert beside.median_s < 25 * alone.median_s


@dataclass(frozen=True)
class Paid:
    """How paying callers were served."""

    statuses: list[int]
    median_s: float


async def paying(server: Server) -> Paid:
    """26 requests of a client with a key, two at a time, each on a connection of its own."""
    clock = asyncio.get_running_loop().time
    token = TokenIssuer("payer", TEST_TOKEN_KEY).bearer("kit")

    async def one() -> tuple[int, float]:
        started = clock()
        status, _ = await server.ask(request(OK, f"Authorization: {token}"))
        return status, clock() - started

    pairs: list[tuple[int, float]] = []
    for _ in range(13):
        pairs += await asyncio.gather(one(), one())
    times = sorted(seconds for _, seconds in pairs)
    return Paid([status for status, _ in pairs], times[len(times) // 2])


async def drip(clients: Sequence[Client]) -> None:
    """A byte from each, again and again."""
    while clients:
        for client in clients:
            await client.send(b"a")
        await asyncio.sleep(0.2)
