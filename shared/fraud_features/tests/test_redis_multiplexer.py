"""The shared connection to Redis: whose answer is whose, and what ends it."""

import asyncio
import ssl
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta
from ipaddress import ip_address
from pathlib import Path

import pytest
import uvloop
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID
from hiredis import Reader
from redis.exceptions import NoScriptError, RedisError

from fraud_features.store.port import OnlineStoreRefusal, OnlineStoreUnavailable
from fraud_features.store.redis.multiplexer import RedisMultiplexer
from fraud_features.store.redis.store import RedisOnlineStore
from fraud_features.testing import payment
from fraud_shared.testing.spans import Collected

OK = b"+OK\r\n"
# What a command is answered with; b"" is silence, for as long as the test likes.
Answer = Callable[[list[bytes]], bytes]


class Server:
    """Speaks Redis' language to whoever connects, and keeps what it was asked."""

    def __init__(self, answer: Answer) -> None:
        self.answer = answer
        self.url = ""
        self.connections = 0
        self.asked: list[list[bytes]] = []
        self.writers: list[asyncio.StreamWriter] = []

    async def serve(
        self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter
    ) -> None:
        self.connections += 1
        self.writers.append(writer)
        parser = Reader()
        while data := await reader.read(4096):
            parser.feed(data)
            while command := parser.gets():
                is_greeting = command[0] in (b"CLIENT", b"AUTH", b"SELECT")
                self.asked.append(command)
                writer.write(OK if is_greeting else self.answer(command))
        writer.close()

    def say(self, text: bytes) -> None:
        """Send something on every connection."""
        for writer in self.writers:
            writer.write(text)

    def hang_up(self) -> None:
        """Close every connection."""
        for writer in self.writers:
            writer.close()


def echo(command: list[bytes]) -> bytes:
    return b"+" + command[1] + b"\r\n"


def silence(command: list[bytes]) -> bytes:
    return b""


@asynccontextmanager
async def line_to(
    answer: Answer, *, within: float = 5.0, path: str = "", tls: Path | None = None
) -> AsyncIterator[tuple[RedisMultiplexer, Server]]:
    server, context = Server(answer), None
    if tls is not None:
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(tls)
    listening = await asyncio.start_server(server.serve, "127.0.0.1", 0, ssl=context)
    port = listening.sockets[0].getsockname()[1]
    scheme = "redis" if tls is None else "rediss"
    user, _, rest = path.rpartition("@")
    where = f"{user}@127.0.0.1" if user else "127.0.0.1"
    server.url = f"{scheme}://{where}:{port}{rest}"
    line = RedisMultiplexer(server.url, timeout=within, connect_timeout=5.0)
    try:
        yield line, server
    finally:
        await line.close()
        listening.close()
        await listening.wait_closed()


async def until(holds: Callable[[], bool]) -> None:
    async with asyncio.timeout(5):
        while not holds():
            await asyncio.sleep(0)


class TestAnswers:
    async def test_many_callers_share_a_connection_and_each_gets_its_own(self):
        async with line_to(echo) as (line, server):
            names = [f"n{i}" for i in range(200)]
            answers = await asyncio.gather(*(line.call("ECHO", n) for n in names))
        assert answers == [name.encode() for name in names]
        assert server.connections == 1

    async def test_who_gives_up_costs_nobody_else_an_answer(self):
        async with line_to(silence) as (line, server):
            calls = [
                asyncio.create_task(line.call("ECHO", name)) for name in ("a", "b")
            ]
            await until(lambda: len(server.asked) >= 2 and server.asked[-1][1] == b"b")
            calls[0].cancel()
            server.say(b"+a\r\n+b\r\n")
            assert await calls[1] == b"b"
            assert calls[0].cancelled()
        assert server.connections == 1

    async def test_an_answer_in_pieces_is_put_together(self):
        async with line_to(silence) as (line, server):
            call = asyncio.create_task(line.call("ECHO", "a"))
            await until(lambda: [b"ECHO", b"a"] in server.asked)
            for piece in (b"$1", b"1\r\nhello ", b"world\r", b"\n"):
                server.say(piece)
                await asyncio.sleep(0)
            assert await call == b"hello world"

    async def test_an_error_is_raised_and_the_connection_stays(self):
        def refuse(command: list[bytes]) -> bytes:
            if command[0] == b"EVALSHA":
                return b"-NOSCRIPT no matching script\r\n"
            return b"-OOM command not allowed\r\n"

        async with line_to(refuse) as (line, server):
            with pytest.raises(NoScriptError):
                await line.call("EVALSHA", "x", 0)
            with pytest.raises(RedisError, match="OOM"):
                await line.call("SET", "a", 1)
        assert server.connections == 1


class TestEnds:
    async def test_a_late_answer_is_none_and_the_next_call_connects_anew(self):
        async with line_to(silence, within=0.05) as (line, server):
            with pytest.raises(TimeoutError):
                await line.call("ECHO", "a")
            server.answer = echo
            assert await line.call("ECHO", "b") == b"b"
        assert server.connections == 2

    async def test_who_already_asked_on_a_slow_connection_may_still_be_answered(self):
        async with line_to(silence, within=0.5) as (line, server):
            first = asyncio.create_task(line.call("ECHO", "a"))
            await asyncio.wait([first], timeout=0.25)
            second = asyncio.create_task(line.call("ECHO", "b"))
            with pytest.raises(TimeoutError):
                await first
            server.say(b"+a\r\n+b\r\n")
            assert await second == b"b"
            await until(lambda: not line._wires)

    async def test_every_call_has_as_long(self):
        async with line_to(silence, within=0.1) as (line, _):
            started = asyncio.get_running_loop().time()
            calls = [asyncio.create_task(line.call("ECHO", "a")) for _ in range(3)]
            await asyncio.wait([calls[0]], timeout=0.05)
            calls.append(asyncio.create_task(line.call("ECHO", "b")))
            ended = await asyncio.gather(*calls, return_exceptions=True)
            assert [type(error) for error in ended] == [TimeoutError] * 4
            assert asyncio.get_running_loop().time() - started >= 0.15

    async def test_a_closed_connection_fails_who_waits_and_is_made_again(self):
        async with line_to(silence) as (line, server):
            calls = [asyncio.create_task(line.call("ECHO", n)) for n in ("a", "b")]
            await until(lambda: [b"ECHO", b"b"] in server.asked)
            server.hang_up()
            ended = await asyncio.gather(*calls, return_exceptions=True)
            assert [type(error) for error in ended] == [ConnectionError] * 2
            server.answer = echo
            assert await line.call("ECHO", "c") == b"c"

    async def test_an_idle_connection_that_was_closed_is_noticed(self):
        async with line_to(echo) as (line, server):
            await line.call("ECHO", "a")
            server.hang_up()
            await until(lambda: not line._wires)
            assert await line.call("ECHO", "b") == b"b"
        assert server.connections == 2

    @pytest.mark.parametrize("text", [b"HTTP/1.1 400\r\n", b"+one\r\n+too many\r\n"])
    async def test_what_answers_nothing_ends_the_connection(self, text):
        async with line_to(silence) as (line, server):
            call = asyncio.create_task(line.call("ECHO", "a"))
            await until(lambda: [b"ECHO", b"a"] in server.asked)
            server.say(text)
            await until(lambda: not line._wires)
            ended = await asyncio.gather(call, return_exceptions=True)
        assert ended == [b"one"] or isinstance(ended[0], ConnectionError)

    async def test_nobody_listening_fails_everybody_at_once(self):
        line = RedisMultiplexer("redis://127.0.0.1:1", timeout=1.0, connect_timeout=1.0)
        calls = (line.call("PING") for _ in range(5))
        ended = await asyncio.gather(*calls, return_exceptions=True)
        assert all(isinstance(error, RedisError | OSError) for error in ended)
        await line.close()

    async def test_a_close_while_connecting_leaves_nothing_behind(self):
        async with line_to(echo) as (line, _):
            call = asyncio.create_task(line.call("ECHO", "a"))
            await until(lambda: line._connecting is not None)
            await line.close()
            with pytest.raises(ConnectionError):
                await call
            assert not line._wires


class TestConnecting:
    async def test_user_password_and_database_of_the_url_are_used(self):
        async with line_to(echo, path="pay:secret@/3") as (line, server):
            await line.call("ECHO", "a")
        assert [b"AUTH", b"pay", b"secret"] in server.asked
        assert [b"SELECT", b"3"] in server.asked

    async def test_calls_over_tls_are_answered(self, tmp_path):
        path = certificate(tmp_path)
        query = f"?ssl_ca_certs={path}"
        async with line_to(echo, path=query, tls=path) as (line, _):
            names = [f"n{i}" for i in range(50)]
            answers = await asyncio.gather(*(line.call("ECHO", n) for n in names))
        assert answers == [name.encode() for name in names]

    def test_on_uvloop_which_serves(self):
        async def ask() -> list[bytes]:
            async with line_to(echo) as (line, server):
                first = await line.call("ECHO", "a")
                server.hang_up()
                await until(lambda: not line._wires)
                return [first, await line.call("ECHO", "b")]

        assert uvloop.run(ask()) == [b"a", b"b"]


def memory_info(policy: str, most: int) -> Answer:
    """A server with this much memory, which answers scripts with an error of theirs."""
    text = f"# Memory\r\nmaxmemory:{most}\r\nmaxmemory_policy:{policy}\r\n".encode()

    def answer(command: list[bytes]) -> bytes:
        if command[0] == b"INFO":
            return b"$%d\r\n%s\r\n" % (len(text), text)
        if command[0] == b"GET":
            return b"$1\r\n1\r\n"
        return b"-ERR user_script:7: attempt to compare nil with number\r\n"

    return answer


class TestStore:
    @pytest.mark.parametrize(
        ("policy", "most", "usable"),
        [
            ("noeviction", 10**9, True),
            ("allkeys-lru", 0, True),
            ("volatile-ttl", 10**9, False),
            ("allkeys-random", 10**9, False),
        ],
    )
    async def test_a_server_that_may_evict_is_as_good_as_away(
        self, policy, most, usable
    ):
        async with line_to(memory_info(policy, most)) as (_, server):
            store = RedisOnlineStore(server.url, socket_timeout=5.0, connect_timeout=5)
            if usable:
                assert await store.is_warm()
            else:
                with pytest.raises(OnlineStoreUnavailable):
                    await store.is_warm()
            await store.close()

    async def test_a_script_that_fails_on_its_data_is_no_server_in_trouble(
        self,
    ):
        async with line_to(memory_info("noeviction", 0)) as (_, server):
            store = RedisOnlineStore(server.url, socket_timeout=5.0, connect_timeout=5)
            with pytest.raises(OnlineStoreRefusal):
                await store.observe(payment(0))
            full = b"-ERR user_script:7: -OOM command not allowed\r\n"
            server.answer = lambda command: full
            with pytest.raises(OnlineStoreUnavailable) as away:
                await store.observe(payment(0))
            assert not isinstance(away.value, OnlineStoreRefusal)
            await store.close()


def certificate(folder: Path) -> Path:
    """A certificate for this machine, and its key, in one file."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "127.0.0.1")])
    now = datetime.now(UTC)
    made = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(1)
        .not_valid_before(now - timedelta(hours=1))
        .not_valid_after(now + timedelta(hours=1))
        .add_extension(
            x509.SubjectAlternativeName([x509.IPAddress(ip_address("127.0.0.1"))]),
            critical=False,
        )
        .sign(key, hashes.SHA256())
    )
    path = folder / "server.pem"
    path.write_bytes(
        key.private_bytes(
            serialization.Encoding.PEM,
            serialization.PrivateFormat.PKCS8,
            serialization.NoEncryption(),
        )
        + made.public_bytes(serialization.Encoding.PEM)
    )
    return path


class TestSpans:
    async def test_a_sampled_command_is_one_that_names_no_key(self):
        kit = Collected()
        async with line_to(echo, path="/3") as (line, server):
            await line.call("ECHO", "unsampled")
            with kit.sampled():
                await line.call("ECHO", "acc-1")
        (span,) = kit.named("ECHO")
        port = int(server.url.rpartition(":")[2].partition("/")[0])
        assert dict(span.attributes or {}) == {
            "db.system.name": "redis",
            "db.namespace": "3",
            "db.operation.name": "ECHO",
            "server.address": "127.0.0.1",
            "server.port": port,
        }

    async def test_one_that_was_not_answered_says_so(self):
        kit = Collected()
        async with line_to(silence, within=0.01) as (line, _):
            with pytest.raises(TimeoutError), kit.sampled():
                await line.call("ECHO", "a")
        (span,) = kit.named("ECHO")
        assert (span.attributes or {})["error.type"] == "TimeoutError"
