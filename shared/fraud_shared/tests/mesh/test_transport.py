"""One suite for every transport, and what only sockets can get wrong."""

import asyncio
import json
import socket
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager, suppress
from typing import Any

import pytest
import uvicorn

from fraud_shared.mesh.errors import DependencyTimeout, DependencyUnreachable
from fraud_shared.mesh.transport import AsgiTransport, HttpTransport, Transport
from fraud_shared.testing.fakes import FakeTransport

Client = Callable[[asyncio.StreamReader, asyncio.StreamWriter], Awaitable[None]]
OK = b"HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\nok"


async def app(scope: Any, receive: Any, send: Any) -> None:
    """A service of which each path behaves in its own way."""
    path = scope["path"]
    body = (await receive())["body"]
    if path == "/slow":
        await asyncio.Event().wait()
    if path == "/raise":
        raise LookupError
    if path == "/silent":
        return
    headers = {k.decode(): v.decode() for k, v in scope["headers"]}
    echoed = {
        "method": scope["method"],
        "path": path,
        "query": scope["query_string"].decode(),
        "body": body.decode(),
        "deadline": headers.get("x-deadline-ms"),
        "length": headers.get("content-length", "0"),
    }
    reply = json.dumps(echoed).encode()
    status = int(path.rpartition("/")[2]) if path.startswith("/status/") else 200
    length = b"9999" if path in ("/cut", "/stall") else str(len(reply)).encode()
    start = [(b"content-length", length)] if status != 204 else []
    await send({"type": "http.response.start", "status": status, "headers": start})
    if status == 204:
        reply = b""
    if path == "/stall":
        await asyncio.Event().wait()
    if path == "/cut":
        raise LookupError
    await send({"type": "http.response.body", "body": reply[:10], "more_body": True})
    await send({"type": "http.response.body", "body": reply[10:]})


async def respond(path: str, body: bytes) -> tuple[int, bytes]:
    """`app`, as a responder of the fake."""
    return await AsgiTransport({"x": app}).send("x", path, body, {}, 60)


@asynccontextmanager
async def serving(asgi: Any) -> AsyncIterator[str]:
    """`asgi` behind uvicorn on a free port; yields its URL."""
    with socket.socket() as sock:
        sock.bind(("127.0.0.1", 0))
        config = uvicorn.Config(
            asgi,
            log_config=None,
            ws="none",
            lifespan="off",
            timeout_graceful_shutdown=1,
        )
        server = uvicorn.Server(config)
        task = asyncio.create_task(server.serve(sockets=[sock]))
        while not server.started:
            await asyncio.sleep(0.01)
        yield f"http://127.0.0.1:{sock.getsockname()[1]}"
        server.should_exit = server.force_exit = True
        await task


@asynccontextmanager
async def listening(client: Client) -> AsyncIterator[HttpTransport]:
    """A transport to a server that treats each connection as `client` says."""

    busy: set[asyncio.Task[Any] | None] = set()

    async def one(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        busy.add(asyncio.current_task())
        with suppress(asyncio.IncompleteReadError, ConnectionError):
            await client(reader, writer)
        writer.close()
        with suppress(ConnectionError):
            await writer.wait_closed()

    server = await asyncio.start_server(one, "127.0.0.1", 0)
    port = server.sockets[0].getsockname()[1]
    transport = HttpTransport({"rules": f"http://127.0.0.1:{port}"})
    try:
        yield transport
    finally:
        await transport.close()
        server.close()
        await asyncio.gather(*(task for task in busy if task))


def free_port() -> int:
    with socket.socket() as sock:
        sock.bind(("127.0.0.1", 0))
        return int(sock.getsockname()[1])


@pytest.fixture(params=["http", "asgi", "fake"])
async def transport(request: pytest.FixtureRequest) -> AsyncIterator[Transport]:
    """Each transport to `app` as `rules`, and to nobody as `gone`."""
    if request.param == "asgi":
        yield AsgiTransport({"rules": app})
    elif request.param == "fake":
        yield FakeTransport({"rules": respond})
    else:
        async with serving(app) as url:
            gone = f"http://127.0.0.1:{free_port()}"
            http = HttpTransport({"rules": url, "gone": gone})
            yield http
            await http.close()


async def send(
    transport: Transport, path: str, body: bytes = b"", timeout_s: float = 2
) -> tuple[int, bytes]:
    return await transport.send("rules", path, body, {"x-deadline-ms": "9"}, timeout_s)


class TestEveryTransport:
    async def test_brings_the_method_there(self, transport: Transport) -> None:
        for method in ("GET", "DELETE", "POST"):
            status, reply = await transport.send(
                "rules", "/echo?a=1", b"", {"x-deadline-ms": "9"}, 2, method=method
            )
            assert status == 200
            # The fake's responders know no methods: it keeps them.
            fake = isinstance(transport, FakeTransport)
            came = transport.methods[-1] if fake else json.loads(reply)["method"]
            assert came == method

    async def test_brings_a_body_there_and_back(self, transport: Transport) -> None:
        status, reply = await send(transport, "/echo?a=1&b=%20", b'{"a": "\xc3\xa9"}')
        echoed = json.loads(reply)
        assert status == 200
        assert (echoed["method"], echoed["body"]) == ("POST", '{"a": "é"}')

    @pytest.mark.parametrize("status", [200, 204, 400, 404, 422, 500, 503])
    async def test_brings_every_status_back(
        self, transport: Transport, status: int
    ) -> None:
        assert (await send(transport, f"/status/{status}"))[0] == status

    async def test_a_large_body_arrives_whole(self, transport: Transport) -> None:
        body = b"x" * 60_000
        assert json.loads((await send(transport, "/echo", body))[1])["body"]

    async def test_nobody_there_is_unreachable(self, transport: Transport) -> None:
        with pytest.raises(DependencyUnreachable) as failed:
            await transport.send("gone", "/echo", b"", {}, 1)
        assert (failed.value.service, failed.value.kind) == ("gone", "unreachable")
        with pytest.raises(DependencyUnreachable):
            await transport.get("gone", "/echo", {}, 1)

    @pytest.mark.parametrize("path", ["/slow", "/stall"])
    async def test_too_slow_is_a_timeout_within_the_budget(
        self, transport: Transport, path: str
    ) -> None:
        await send(transport, "/echo")  # connecting is not what is measured
        started = time.perf_counter()
        with pytest.raises(DependencyTimeout) as failed:
            await send(transport, path, timeout_s=0.1)
        assert 0.09 <= time.perf_counter() - started < 0.4
        assert (failed.value.service, failed.value.kind) == ("rules", "timeout")

    async def test_serves_on_after_a_timeout(self, transport: Transport) -> None:
        with pytest.raises(DependencyTimeout):
            await send(transport, "/slow", timeout_s=0.05)
        assert (await send(transport, "/echo"))[0] == 200

    @pytest.mark.parametrize("path", ["/raise", "/silent"])
    async def test_an_app_that_gives_no_answer_is_500(
        self, transport: Transport, path: str
    ) -> None:
        assert (await send(transport, path))[0] == 500

    async def test_an_answer_cut_short_is_broken(self, transport: Transport) -> None:
        with pytest.raises(DependencyTimeout) as failed:
            await send(transport, "/cut")
        assert failed.value.kind == "broken"

    async def test_many_calls_run_side_by_side(self, transport: Transport) -> None:
        calls = [send(transport, f"/status/{200 + n % 2 * 222}") for n in range(60)]
        statuses = [status for status, _ in await asyncio.gather(*calls)]
        assert statuses == [200, 422] * 30

    async def test_a_cancelled_call_leaves_nothing_behind(
        self, transport: Transport
    ) -> None:
        call = asyncio.create_task(send(transport, "/slow", timeout_s=60))
        await asyncio.sleep(0.02)
        call.cancel()
        with pytest.raises(asyncio.CancelledError):
            await call
        assert (await send(transport, "/echo"))[0] == 200


@pytest.fixture(params=["http", "asgi"])
async def real(request: pytest.FixtureRequest) -> AsyncIterator[Transport]:
    """The two transports that know method, query and headers."""
    if request.param == "asgi":
        yield AsgiTransport({"rules": app})
        return
    async with serving(app) as url:
        http = HttpTransport({"rules": url})
        yield http
        await http.close()


class TestRequest:
    async def test_path_query_and_headers_arrive(self, real: Transport) -> None:
        echoed = json.loads((await send(real, "/echo?a=1&b=2", b"12345"))[1])
        assert echoed["path"] == "/echo"
        assert echoed["query"] == "a=1&b=2"
        assert echoed["deadline"] == "9"
        assert echoed["length"] == "5"

    async def test_a_get_has_no_body(self, real: Transport) -> None:
        status, reply = await real.get("rules", "/echo?x=y", {}, 1)
        echoed = json.loads(reply)
        assert status == 200
        assert (echoed["method"], echoed["body"], echoed["query"]) == ("GET", "", "x=y")


class TestOneProcess:
    async def test_an_app_taken_out_is_unreachable_and_back_when_put_back(self) -> None:
        apps: dict[str, Any] = {"rules": app}
        transport = AsgiTransport(apps)
        assert (await send(transport, "/echo"))[0] == 200
        del apps["rules"]
        with pytest.raises(DependencyUnreachable):
            await send(transport, "/echo")
        apps["rules"] = app
        assert (await send(transport, "/echo"))[0] == 200


class TestSockets:
    async def test_connections_are_used_again(self) -> None:
        connections = 0

        async def client(
            reader: asyncio.StreamReader, writer: asyncio.StreamWriter
        ) -> None:
            nonlocal connections
            connections += 1
            while await reader.readline():
                while (await reader.readline()).strip():
                    pass
                writer.write(OK)
            writer.close()

        async with listening(client) as transport:
            for _ in range(10):
                assert await send(transport, "/x") == (200, b"ok")
        assert connections == 1

    async def test_a_connection_the_server_closed_is_replaced(self) -> None:
        async def client(
            reader: asyncio.StreamReader, writer: asyncio.StreamWriter
        ) -> None:
            await reader.readuntil(b"\r\n\r\n")
            writer.write(OK)
            await writer.drain()
            writer.close()

        async with listening(client) as transport:
            for _ in range(10):
                assert await send(transport, "/x") == (200, b"ok")
                await asyncio.sleep(0.002)  # the close arrives

    async def test_a_reset_midway_is_broken_not_unreachable(self) -> None:
        async def client(
            reader: asyncio.StreamReader, writer: asyncio.StreamWriter
        ) -> None:
            await reader.readuntil(b"\r\n\r\n")
            writer.transport.abort()

        async with listening(client) as transport:
            with pytest.raises(DependencyTimeout) as failed:
                await send(transport, "/x", b"body")
        assert failed.value.kind == "broken"

    async def test_what_is_no_http_is_broken(self) -> None:
        async def client(
            reader: asyncio.StreamReader, writer: asyncio.StreamWriter
        ) -> None:
            await reader.readuntil(b"\r\n\r\n")
            writer.write(b"SSH-2.0-OpenSSH\r\n")
            writer.close()

        async with listening(client) as transport:
            with pytest.raises(DependencyTimeout) as failed:
                await send(transport, "/x")
        assert failed.value.kind == "broken"

    async def test_a_listener_that_accepts_nobody_is_unreachable(self) -> None:
        with socket.socket() as full, socket.socket() as first:
            full.bind(("127.0.0.1", 0))
            full.listen(0)
            first.connect(full.getsockname())
            url = f"http://127.0.0.1:{full.getsockname()[1]}"
            transport = HttpTransport({"rules": url})
            with pytest.raises(DependencyUnreachable):
                await send(transport, "/x", timeout_s=1)
            await transport.close()

    async def test_a_frozen_server_costs_one_timeout(self) -> None:
        async def client(
            reader: asyncio.StreamReader, writer: asyncio.StreamWriter
        ) -> None:
            await reader.read(-1)
            writer.close()

        async with listening(client) as transport:
            started = time.perf_counter()
            with pytest.raises(DependencyTimeout) as failed:
                await send(transport, "/x", timeout_s=0.1)
            assert time.perf_counter() - started < 0.4
        assert failed.value.kind == "timeout"

    async def test_redirects_are_not_followed(self) -> None:
        async def client(
            reader: asyncio.StreamReader, writer: asyncio.StreamWriter
        ) -> None:
            await reader.readuntil(b"\r\n\r\n")
            writer.write(
                b"HTTP/1.1 302 Found\r\nlocation: /y\r\ncontent-length: 0\r\n\r\n"
            )
            await writer.drain()
            writer.close()

        async with listening(client) as transport:
            assert (await send(transport, "/x"))[0] == 302

    async def test_no_proxy_of_the_environment_is_used(
        self, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setenv("http_proxy", f"http://127.0.0.1:{free_port()}")
        monkeypatch.setenv("HTTP_PROXY", f"http://127.0.0.1:{free_port()}")
        async with serving(app) as url:
            transport = HttpTransport({"rules": url})
            assert (await send(transport, "/echo"))[0] == 200
            await transport.close()
