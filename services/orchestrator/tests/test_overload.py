"""More payments than the gateway can decide: it refuses some, and decides the others whole."""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from typing import Any

from fraud_shared.mesh.metrics import REGISTRY
from fraud_shared.testing.factories import payment_body
from fraud_shared.web import problems

PLACES = 8


def refused() -> float:
    name = "fraud_admission_refused_total"
    labels = {"service": "orchestrator", "lane": "payments"}
    return REGISTRY.get_sample_value(name, labels) or 0.0


@asynccontextmanager
async def held(start: Callable[..., Any]) -> AsyncIterator[tuple[Any, asyncio.Event]]:
    """A gateway whose scorers answer once the event is set; it has `PLACES / 2` places."""
    go = asyncio.Event()
    async with start(max_in_flight=PLACES) as run:
        scored = run.transport.responders["xgboost"]

        async def when_released(path: str, body: bytes) -> tuple[int, bytes]:
            if path == "/score" and b'"warm-up"' not in body:
                await go.wait()
            return await scored(path, body)

        run.transport.responders["xgboost"] = when_released
        yield run, go


def payment(number: int) -> dict[str, Any]:
    return payment_body(transaction_id=f"surge-{number}", account_id=f"a-{number}")


class TestSurge:
    async def test_what_is_let_in_is_decided_whole_and_the_rest_refused_at_once(
        self, start: Callable[..., Any]
    ) -> None:
        async with held(start) as (run, go):
            before = refused()
            sent = [
                asyncio.create_task(run.score(payment(n))) for n in range(4 * PLACES)
            ]
            # The refused are answered while every one that was let in still waits.
            async with asyncio.timeout(30):
                while sum(task.done() for task in sent) < 4 * PLACES - PLACES // 2:
                    await asyncio.sleep(0)
            go.set()
            replies = await asyncio.gather(*sent)
            whole = [reply.json() for reply in replies if reply.status_code == 200]
            others = [reply for reply in replies if reply.status_code != 200]
            assert len(whole) == PLACES // 2
            assert all(one["degraded"] == [] for one in whole)
            assert {reply.status_code for reply in others} == {503}
            assert {reply.headers["retry-after"] for reply in others} == {"1"}
            kinds = {reply.json()["type"] for reply in others}
            assert kinds == {"urn:fraud:problem:overloaded"}
            assert refused() == before + len(others)

    async def test_a_refused_payment_is_decided_when_it_is_sent_again(
        self, start: Callable[..., Any]
    ) -> None:
        async with held(start) as (run, go):
            sent = [asyncio.create_task(run.score(payment(n))) for n in range(PLACES)]
            async with asyncio.timeout(30):
                while not any(task.done() for task in sent):
                    await asyncio.sleep(0)
            go.set()
            replies = await asyncio.gather(*sent)
            number = next(n for n, r in enumerate(replies) if r.status_code == 503)
            again = await run.score(payment(number))
            assert again.status_code == 200
            assert again.json()["degraded"] == []

    async def test_questions_are_answered_while_payments_fill_their_places(
        self, start: Callable[..., Any]
    ) -> None:
        async with held(start) as (run, go):
            sent = [asyncio.create_task(run.score(payment(n))) for n in range(PLACES)]
            async with asyncio.timeout(30):
                while not any(task.done() for task in sent):
                    await asyncio.sleep(0)
            reply = await run.http.get("/v1/decisions/nobody-has-it")
            assert reply.status_code == 404
            go.set()
            await asyncio.gather(*sent)


class TestServicesAtTheirLimit:
    async def test_a_service_at_its_limit_opens_no_breaker(
        self, start: Callable[..., Any]
    ) -> None:
        async def overloaded(path: str, body: bytes) -> tuple[int, bytes]:
            return 503, problems.body(problems.Overloaded(), "r-1")

        async with start() as run:
            scored = run.transport.responders["autoencoder"]
            run.transport.responders["autoencoder"] = overloaded
            for number in range(8):
                reply = (await run.score(payment(number))).json()
                outcomes = {s["source"]: s["detail"] for s in reply["signals"]}
                assert outcomes["autoencoder"] == "OVERLOADED"
            run.transport.responders["autoencoder"] = scored
            reply = (await run.score(payment(9))).json()
            assert {s["outcome"] for s in reply["signals"]} == {"scored"}
