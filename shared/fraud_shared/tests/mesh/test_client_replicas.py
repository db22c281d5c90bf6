"""A service with two addresses: one that dies or freezes costs callers nothing."""

import asyncio
import signal
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import pytest

from fraud_shared.mesh.addresses import AddressesWrong, default_urls
from fraud_shared.mesh.client import ServiceClient
from fraud_shared.mesh.deadline import Deadline
from fraud_shared.mesh.errors import (
    DependencyError,
    DependencyFailed,
    DependencyTimeout,
    DependencyUnreachable,
)
from fraud_shared.mesh.hedging import RetryBudget
from fraud_shared.mesh.metrics import ADDRESS_EJECTED, BREAKER_OPEN, HEDGES
from fraud_shared.mesh.tokens import TokenIssuer
from fraud_shared.mesh.transport import HttpTransport
from fraud_shared.testing.fakes import FakeTransport

KEY = "door-key-of-at-least-32-characters!!"


class Address:
    """One address: answers with its name, or as the test says."""

    def __init__(self, name: bytes) -> None:
        self.name = name
        self.calls = 0
        self.frozen = False
        self.error: DependencyError | None = None
        self.status = 200

    async def __call__(self, path: str, body: bytes) -> tuple[int, bytes]:
        self.calls += 1
        if self.error is not None:
            raise self.error
        if self.frozen:
            await asyncio.Event().wait()
        return self.status, self.name


class Two:
    """A door to a service with two addresses."""

    def __init__(self) -> None:
        self.a, self.b = Address(b"a"), Address(b"b")
        self.transport = FakeTransport({}, {"rules": [self.a, self.b]})
        self.service_client = ServiceClient(
            self.transport, TokenIssuer("orchestrator", KEY)
        )

    async def ask(
        self, *, cap: float = 2000, idempotent: bool = True, times: int = 1
    ) -> list[bytes]:
        return [
            await self.service_client.call(
                "rules",
                "/evaluate",
                b"x",
                deadline=Deadline.after(cap),
                cap_ms=cap,
                idempotent=idempotent,
            )
            for _ in range(times)
        ]

    def state(self, address: int) -> str:
        return self.service_client.breaker("rules", address).state


@pytest.fixture
async def two() -> AsyncIterator[Two]:
    two = Two()
    yield two
    await two.service_client.close()


def hedges(outcome: str) -> float:
    return float(HEDGES.labels("rules", outcome)._value.get())


class TestBalance:
    async def test_both_addresses_take_calls(self, two: Two) -> None:
        assert sorted(await two.ask(times=10)) == [b"a"] * 5 + [b"b"] * 5

    async def test_calls_at_once_are_spread(self, two: Two) -> None:
        await asyncio.gather(*(two.ask() for _ in range(20)))
        assert (two.a.calls, two.b.calls) == (10, 10)


class TestDeadAddress:
    @pytest.mark.parametrize("idempotent", [True, False])
    async def test_is_tried_elsewhere_then_ejected(
        self, two: Two, idempotent: bool
    ) -> None:
        two.a.error = DependencyUnreachable("rules")
        assert await two.ask(times=40, idempotent=idempotent) == [b"b"] * 40
        assert two.a.calls == 5
        assert (two.state(0), two.state(1)) == ("open", "closed")
        assert ADDRESS_EJECTED.labels("rules", "0")._value.get() == 1
        assert BREAKER_OPEN.labels("rules")._value.get() == 0

    async def test_comes_back_by_a_probe_beside_the_calls(self, two: Two) -> None:
        two.a.error = DependencyUnreachable("rules")
        await two.ask(times=10)
        two.a.error = None
        await half_open(two.service_client)
        assert await two.ask() == [b"b"]
        await idle(two.service_client)
        assert two.state(0) == "closed"
        assert sorted(await two.ask(times=2)) == [b"a", b"b"]
        assert ADDRESS_EJECTED.labels("rules", "0")._value.get() == 0

    async def test_a_call_with_effect_probes_with_livez(self, two: Two) -> None:
        two.a.error = DependencyUnreachable("rules")
        await two.ask(times=10, idempotent=False)
        two.a.error = None
        await half_open(two.service_client)
        await two.ask(idempotent=False)
        await idle(two.service_client)
        assert two.transport.calls[-1] == ("rules", "/livez")
        assert two.transport.asked[-1] == 0
        assert two.state(0) == "closed"

    async def test_both_dead_is_one_error_and_the_breaker_opens(self, two: Two) -> None:
        two.a.error = two.b.error = DependencyUnreachable("rules")
        for _ in range(5):
            with pytest.raises(DependencyUnreachable):
                await two.ask()
        assert (two.a.calls, two.b.calls) == (5, 5)
        assert BREAKER_OPEN.labels("rules")._value.get() == 1
        with pytest.raises(DependencyError) as refused:
            await two.ask()
        assert refused.value.kind == "open"


class TestBrokenAddress:
    async def test_an_idempotent_call_is_answered_elsewhere(self, two: Two) -> None:
        two.a.error = DependencyTimeout("rules", kind="broken")
        assert await two.ask(times=20) == [b"b"] * 20

    async def test_a_call_with_effect_is_not_sent_again(self, two: Two) -> None:
        two.a.error = two.b.error = DependencyTimeout("rules", kind="broken")
        with pytest.raises(DependencyTimeout):
            await two.ask(idempotent=False)
        assert two.a.calls + two.b.calls == 1

    async def test_an_answer_of_5xx_is_not_asked_for_again(self, two: Two) -> None:
        two.a.status = two.b.status = 503
        with pytest.raises(DependencyFailed):
            await two.ask()
        assert two.a.calls + two.b.calls == 1


class TestFrozenAddress:
    async def test_costs_the_hedge_delay_until_ejected_then_nothing(
        self, two: Two
    ) -> None:
        two.a.frozen = True
        won = hedges("won")
        async with asyncio.timeout(10):
            while two.state(0) == "closed":
                assert await two.ask(cap=100) == [b"b"]
                await idle(two.service_client)  # until the frozen attempt is given up
        assert hedges("won") - won == 5 == two.a.calls
        before = two.a.calls
        assert await two.ask(times=20) == [b"b"] * 20
        assert two.a.calls == before

    async def test_gets_no_call_while_one_is_unanswered(self, two: Two) -> None:
        two.a.frozen = True
        assert await two.ask(times=30) == [b"b"] * 30
        assert two.a.calls == 1

    async def test_a_call_with_effect_is_not_hedged(self, two: Two) -> None:
        two.a.frozen = two.b.frozen = True
        with pytest.raises(DependencyTimeout):
            await two.ask(cap=60, idempotent=False)
        assert two.a.calls + two.b.calls == 1

    async def test_a_caller_who_leaves_takes_both_attempts_along(
        self, two: Two
    ) -> None:
        two.a.frozen = two.b.frozen = True
        call = asyncio.create_task(two.ask(cap=60_000))
        async with asyncio.timeout(5):
            while two.a.calls + two.b.calls < 2:
                await asyncio.sleep(0.001)
        call.cancel()
        with pytest.raises(asyncio.CancelledError):
            await call
        await idle(two.service_client)
        assert (two.state(0), two.state(1)) == ("closed", "closed")

    async def test_all_slow_is_hedged_within_the_budget_only(self, two: Two) -> None:
        two.a.frozen = two.b.frozen = True
        for replica in (0, 1):
            two.service_client.breaker("rules", replica).CONSECUTIVE = 10**9  # type: ignore[misc]
            two.service_client.breaker("rules", replica).WINDOW_CALLS = 10**9  # type: ignore[misc]
        calls = [two.ask(cap=50) for _ in range(60)]
        await asyncio.gather(*calls, return_exceptions=True)
        assert two.a.calls + two.b.calls <= 60 + RetryBudget.MOST + 6


class TestAddresses:
    def test_several_are_separated_by_commas(
        self, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setenv("FRAUD_RULES_URL", "http://a:1, http://b:1/")
        assert default_urls()["rules"] == ("http://a:1", "http://b:1")

    @pytest.mark.parametrize(
        "value", ["", "http://a,", "http://a,http://a", ",".join(map(str, range(17)))]
    )
    def test_a_list_that_is_wrong_is_refused_by_its_variable(
        self, monkeypatch: pytest.MonkeyPatch, value: str
    ) -> None:
        monkeypatch.setenv("FRAUD_RULES_URL", value)
        with pytest.raises(AddressesWrong, match="FRAUD_RULES_URL"):
            default_urls()


SERVER = """
import asyncio
OK = b"HTTP/1.1 200 OK\\r\\ncontent-length: 2\\r\\n\\r\\nok"
async def one(reader, writer):
    try:
        while True:
            await reader.readuntil(b"\\r\\n\\r\\n")
            await reader.readexactly(1)
            writer.write(OK)
    except (asyncio.IncompleteReadError, ConnectionError):
        writer.close()
async def main():
    server = await asyncio.start_server(one, "127.0.0.1", 0)
    print(server.sockets[0].getsockname()[1], flush=True)
    await server.serve_forever()
asyncio.run(main())
"""


@asynccontextmanager
async def process() -> AsyncIterator[tuple[Any, str]]:
    """A server in a process of its own, and its URL."""
    server = await asyncio.create_subprocess_exec(
        sys.executable, "-c", SERVER, stdout=asyncio.subprocess.PIPE
    )
    assert server.stdout is not None
    port = int(await server.stdout.readline())
    try:
        yield server, f"http://127.0.0.1:{port}"
    finally:
        if server.returncode is None:
            server.kill()
        await server.wait()
        server._transport.close()  # type: ignore[attr-defined]


class TestProcesses:
    @pytest.mark.parametrize("how", [signal.SIGSTOP, signal.SIGKILL])
    async def test_one_of_two_frozen_or_killed_fails_no_call(
        self, how: signal.Signals
    ) -> None:
        async with process() as (first, a), process() as (_, b):
            service_client = ServiceClient(
                HttpTransport({"rules": [a, b]}), TokenIssuer("orchestrator", KEY)
            )
            try:
                await asyncio.gather(*(self.ask(service_client) for _ in range(20)))
                first.send_signal(how)
                async with asyncio.timeout(20):
                    while service_client.breaker("rules", 0).state == "closed":
                        assert await self.ask(service_client) == b"ok"
                assert [await self.ask(service_client) for _ in range(50)] == [
                    b"ok"
                ] * 50
            finally:
                await service_client.close()

    async def ask(self, service_client: ServiceClient) -> bytes:
        return await service_client.call(
            "rules",
            "/evaluate",
            b"x",
            deadline=Deadline.after(400),
            cap_ms=400,
            idempotent=True,
        )


async def idle(service_client: ServiceClient) -> None:
    """Until no attempt is under way."""
    while service_client._unawaited:
        await asyncio.wait(service_client._unawaited)


async def half_open(service_client: ServiceClient) -> None:
    """Wait out the quarter of a second for which a breaker first stays open."""
    async with asyncio.timeout(2):
        while service_client.breaker("rules", 0).state != "half_open":
            await asyncio.sleep(0.01)
