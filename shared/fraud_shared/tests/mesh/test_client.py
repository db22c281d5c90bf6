"""The door: what it sends, when it tries again, and when it does not even try."""

import asyncio
from contextlib import suppress
from typing import Any

import pytest

from fraud_shared.mesh.client import BULKHEAD, ServiceClient
from fraud_shared.mesh.deadline import Deadline
from fraud_shared.mesh.errors import (
    DependencyError,
    DependencyFailed,
    DependencyOverloaded,
    DependencyRefused,
    DependencyTimeout,
    DependencyUnreachable,
)
from fraud_shared.mesh.hedging import RetryBudget
from fraud_shared.mesh.metrics import BREAKER_OPEN, CALLS
from fraud_shared.mesh.tokens import TokenIssuer, TokenVerifier
from fraud_shared.mesh.trace import Trace
from fraud_shared.testing.fakes import FakeTransport
from fraud_shared.web import problems

KEY = "door-key-of-at-least-32-characters!!"


class Context:
    """What a request brings along."""

    request_id = "r-1"
    trace = Trace.start(1.0)
    overloaded = False


class Script:
    """Answers in turn: a status, or an error to raise; the last one for ever."""

    def __init__(self, *answers: int | DependencyError) -> None:
        self.answers = list(answers)
        self.calls = 0

    async def __call__(self, path: str, body: bytes) -> tuple[int, bytes]:
        self.calls += 1
        answer = self.answers.pop(0) if len(self.answers) > 1 else self.answers[0]
        if isinstance(answer, DependencyError):
            raise answer
        return answer, b"reply to " + body


async def overloaded(path: str, body: bytes) -> tuple[int, bytes]:
    """What a service at its limit answers."""
    return 503, problems.body(problems.Overloaded(), "r-1")


UNREACHABLE = DependencyUnreachable("rules")
TIMEOUT = DependencyTimeout("rules")
BROKEN = DependencyTimeout("rules", kind="broken")


def make(*answers: Any) -> tuple[ServiceClient, Script, FakeTransport]:
    script = answers[0] if callable(answers[0]) else Script(*answers)
    transport = FakeTransport({"rules": script})
    return ServiceClient(transport, TokenIssuer("orchestrator", KEY)), script, transport


async def ask(
    service_client: ServiceClient, ms: float = 1000, cap: float = 100, **more: Any
) -> bytes:
    return await service_client.call(
        "rules", "/evaluate", b"x", deadline=Deadline.after(ms), cap_ms=cap, **more
    )


async def fail(service_client: ServiceClient, times: int) -> None:
    for _ in range(times):
        with pytest.raises(DependencyError):
            await ask(service_client)


class TestCall:
    async def test_returns_the_body(self) -> None:
        service_client, _, transport = make(200)
        assert await ask(service_client) == b"reply to x"
        assert transport.calls == [("rules", "/evaluate")]

    async def test_a_call_carries_context(self) -> None:
        service_client, _, transport = make(200)
        context = Context()
        await ask(service_client, context=context)
        (headers,) = transport.headers
        caller = TokenVerifier("rules", KEY).caller(headers["authorization"])
        assert caller == "orchestrator"
        assert 0 < float(headers["x-deadline-ms"]) <= 100
        assert headers["x-request-id"] == "r-1"
        assert headers["traceparent"] == context.trace.traceparent
        assert headers["content-type"] == "application/json"

    async def test_the_shorter_of_cap_and_deadline_counts(self) -> None:
        service_client, _, transport = make(200)
        await ask(service_client, ms=40)
        assert float(transport.headers[0]["x-deadline-ms"]) <= 40

    @pytest.mark.parametrize("status", [204])
    async def test_no_content_is_an_answer(self, status: int) -> None:
        service_client, _, _ = make(status)
        await ask(service_client)

    @pytest.mark.parametrize("status", [201, 302, 400, 422, 500, 503])
    async def test_another_status_is_a_failure_with_its_body(self, status: int) -> None:
        service_client, script, _ = make(status)
        with pytest.raises(DependencyFailed) as failed:
            await ask(service_client)
        assert (failed.value.status, failed.value.body) == (status, b"reply to x")
        assert script.calls == 1

    async def test_outcomes_are_counted(self) -> None:
        before = CALLS.labels("rules", "timeout")._value.get()
        await fail(make(TIMEOUT)[0], 1)
        assert CALLS.labels("rules", "timeout")._value.get() == before + 1


class TestRetry:
    async def test_second_attempts_add_a_tenth_of_the_load_at_most(self) -> None:
        # Without a budget half of the calls would be sent twice.
        service_client, script, _ = make(*([UNREACHABLE, 200, 200] * 400))
        for _ in range(400):
            with suppress(DependencyUnreachable):
                await ask(service_client)
        assert service_client.breaker("rules").state == "closed"
        assert 400 < script.calls <= 400 * 1.1 + RetryBudget.MOST

    async def test_once_when_no_byte_reached_a_handler(self) -> None:
        service_client, script, _ = make(UNREACHABLE, 200)
        assert await ask(service_client) == b"reply to x"
        assert script.calls == 2

    async def test_no_second_retry(self) -> None:
        service_client, script, _ = make(UNREACHABLE)
        await fail(service_client, 1)
        assert script.calls == 2

    @pytest.mark.parametrize("answer", [TIMEOUT, BROKEN, 500, 503, 429])
    async def test_never_when_a_handler_may_have_run(self, answer: Any) -> None:
        service_client, script, _ = make(answer, 200)
        await fail(service_client, 1)
        assert script.calls == 1

    async def test_not_when_too_little_time_is_left(self) -> None:
        service_client, script, _ = make(UNREACHABLE, 200)
        with pytest.raises(DependencyUnreachable):
            await ask(service_client, ms=20)
        assert script.calls == 1


class TestSpentDeadline:
    async def test_makes_no_call(self) -> None:
        service_client, script, _ = make(200)
        with pytest.raises(DependencyRefused) as refused:
            await ask(service_client, ms=-1)
        assert refused.value.kind == "spent"
        assert script.calls == 0

    async def test_makes_no_get_either(self) -> None:
        service_client, script, _ = make(200)
        with pytest.raises(DependencyRefused):
            await service_client.get("rules", "/ruleset", deadline=Deadline.after(-1))
        assert script.calls == 0

    async def test_is_not_held_against_the_dependency(self) -> None:
        service_client, _, _ = make(200)
        for _ in range(10):
            with pytest.raises(DependencyRefused):
                await ask(service_client, ms=-1)
        assert service_client.breaker("rules").state == "closed"


class TestBreaker:
    async def test_opens_after_five_failures_and_refuses(self) -> None:
        service_client, script, _ = make(TIMEOUT)
        await fail(service_client, 5)
        with pytest.raises(DependencyRefused) as refused:
            await ask(service_client)
        assert refused.value.kind == "open"
        assert script.calls == 5
        assert BREAKER_OPEN.labels("rules")._value.get() == 1

    @pytest.mark.parametrize("status", [400, 401, 404, 422, 429])
    async def test_breaker_ignores_4xx(self, status: int) -> None:
        service_client, _, _ = make(status)
        await fail(service_client, 30)
        assert service_client.breaker("rules").state == "closed"

    async def test_a_dependency_at_its_limit_opens_nothing(self) -> None:
        service_client, _, _ = make(overloaded)
        context = Context()
        for _ in range(30):
            with pytest.raises(DependencyOverloaded):
                await ask(service_client, context=context)
        assert service_client.breaker("rules").state == "closed"
        assert context.overloaded

    async def test_a_probe_that_finds_it_at_its_limit_closes_nothing(self) -> None:
        script = Script(TIMEOUT)

        async def respond(path: str, body: bytes) -> tuple[int, bytes]:
            if script.calls < 5:
                return await script(path, body)
            if len(transport.calls) == 6:
                return await overloaded(path, body)
            return 200, b"back"

        service_client, _, transport = make(respond)
        await fail(service_client, 5)
        await half_open(service_client)
        with pytest.raises(DependencyOverloaded):
            await ask(service_client)
        assert service_client.breaker("rules").state == "half_open"
        assert await ask(service_client) == b"back"
        assert service_client.breaker("rules").state == "closed"

    async def test_breaker_counts_5xx(self) -> None:
        service_client, _, _ = make(500)
        await fail(service_client, 5)
        assert service_client.breaker("rules").state == "open"

    async def test_half_open_lets_one_probe_through(self) -> None:
        probe, answer = asyncio.Event(), asyncio.Event()
        script = Script(TIMEOUT)

        async def respond(path: str, body: bytes) -> tuple[int, bytes]:
            if script.calls < 5:
                return await script(path, body)
            probe.set()
            await answer.wait()
            return 200, b"back"

        service_client, _, transport = make(respond)
        await fail(service_client, 5)
        await half_open(service_client)
        first = asyncio.create_task(ask(service_client, 60_000, 60_000))
        await probe.wait()
        with pytest.raises(DependencyRefused):
            await ask(service_client)
        assert len(transport.calls) == 6
        answer.set()
        assert await first == b"back"
        assert service_client.breaker("rules").state == "closed"
        assert BREAKER_OPEN.labels("rules")._value.get() == 0

    async def test_a_cancelled_probe_frees_its_place_and_is_no_failure(self) -> None:
        script = Script(TIMEOUT)

        async def respond(path: str, body: bytes) -> tuple[int, bytes]:
            if script.calls < 5:
                return await script(path, body)
            if len(transport.calls) == 6:
                await asyncio.Event().wait()
            return 200, b"back"

        service_client, _, transport = make(respond)
        await fail(service_client, 5)
        await half_open(service_client)
        probe = asyncio.create_task(ask(service_client, 60_000, 60_000))
        while len(transport.calls) < 6:
            await asyncio.sleep(0)
        probe.cancel()
        await asyncio.gather(probe, return_exceptions=True)
        assert await ask(service_client) == b"back"

    async def test_callers_who_leave_do_not_open_it(self) -> None:
        async def never(path: str, body: bytes) -> tuple[int, bytes]:
            await asyncio.Event().wait()
            raise AssertionError

        service_client, _, _ = make(never)
        for _ in range(10):
            task = asyncio.create_task(ask(service_client, 60_000, 60_000))
            await asyncio.sleep(0)
            task.cancel()
            await asyncio.gather(task, return_exceptions=True)
        assert service_client.breaker("rules").state == "closed"

    async def test_each_dependency_has_its_own(self) -> None:
        service_client, _, transport = make(TIMEOUT)
        transport.responders["decision"] = Script(200)
        await fail(service_client, 5)
        reply = await service_client.call(
            "decision", "/decide", b"y", deadline=Deadline.after(1000), cap_ms=100
        )
        assert reply == b"reply to y"


class TestBulkhead:
    async def test_refuses_at_once_when_full(self) -> None:
        release = asyncio.Event()

        async def hold(path: str, body: bytes) -> tuple[int, bytes]:
            await release.wait()
            return 200, b""

        service_client, _, transport = make(hold)
        held = [
            asyncio.create_task(ask(service_client, 60_000, 60_000))
            for _ in range(BULKHEAD)
        ]
        while len(transport.calls) < BULKHEAD:
            await asyncio.sleep(0)
        with pytest.raises(DependencyRefused) as refused:
            await ask(service_client)
        assert refused.value.kind == "full"
        release.set()
        await asyncio.gather(*held)
        await ask(service_client)

    async def test_a_refusal_does_not_use_up_the_probe(self) -> None:
        release = asyncio.Event()
        fails = True

        async def respond(path: str, body: bytes) -> tuple[int, bytes]:
            if fails:
                raise TIMEOUT
            await release.wait()
            return 200, b""

        service_client, _, transport = make(respond)
        fails = False
        held = [
            asyncio.create_task(ask(service_client, 60_000, 60_000))
            for _ in range(BULKHEAD)
        ]
        while len(transport.calls) < BULKHEAD:
            await asyncio.sleep(0)
        for _ in range(5):
            service_client.breaker("rules").failed()
        await half_open(service_client)
        with pytest.raises(DependencyRefused):
            await ask(service_client)
        release.set()
        await asyncio.gather(*held)
        assert await ask(service_client) == b""


async def half_open(service_client: ServiceClient) -> None:
    """Wait out the quarter of a second for which a breaker first stays open."""
    async with asyncio.timeout(2):
        while service_client.breaker("rules").state != "half_open":
            await asyncio.sleep(0.01)
