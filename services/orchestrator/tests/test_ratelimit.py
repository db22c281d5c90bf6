"""How much one client may send: exact over gateways, by items, and what wrong keys cost."""

import asyncio
import math
import re
import uuid
from collections.abc import AsyncIterator
from datetime import timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from redis.asyncio import Redis

from fraud_features.store.redis.multiplexer import RedisMultiplexer
from fraud_orchestrator.authentication import caller_address
from fraud_orchestrator.ratelimit import MemoryLimiter, Rate, take
from fraud_orchestrator.redis_limiter import SCRIPT, RedisLimiter
from fraud_orchestrator.settings import Settings
from fraud_shared.mesh.deadline import Deadline
from fraud_shared.mesh.trace import Trace
from fraud_shared.testing.clocks import FakeClock
from fraud_shared.testing.factories import payment_body
from fraud_shared.testing.links import Link
from fraud_shared.testing.servers import redis_url
from fraud_shared.web.context import RequestContext


class TestAlgorithm:
    async def test_limiter_over_a_minute_passes_exactly_rate_plus_burst(self) -> None:
        clock = FakeClock()
        limiter = MemoryLimiter(Rate(10, 5), clock.monotonic)
        passed = 0
        for _ in range(60_000):
            passed += (await limiter.take("flood", 1)).wait_s == 0
            clock.advance(timedelta(milliseconds=1))
        assert passed == pytest.approx(60 * 10 + 5, abs=1)
        assert (await limiter.take("other", 1)).wait_s == 0

    @given(
        per_s=st.floats(0.1, 1000),
        burst=st.integers(1, 50),
        steps=st.lists(st.tuples(st.floats(0, 5), st.integers(1, 20)), max_size=60),
    )
    def test_take_in_any_window_never_passes_more_than_rate_and_burst(
        self, per_s: float, burst: int, steps: list[tuple[float, int]]
    ) -> None:
        rate, tat, now = Rate(per_s, burst), 0.0, 1e9
        passed: list[tuple[float, int]] = []
        for gap_s, units in steps:
            now += gap_s * 1e6
            tat, taken = take(rate, tat, now, units)
            if taken.wait_s == 0:
                passed.append((now, units))
            else:
                # Waiting as long as was said is enough, where it can ever be.
                later = now + taken.wait_s * 1e6 + 1e-3
                again = take(rate, tat, later, units)[1]
                assert units > burst or again.wait_s == 0
        for start in range(len(passed)):
            total = 0
            for at, units in passed[start:]:
                total += units
                allowed = burst + (at - passed[start][0]) / 1e6 * per_s
                assert total <= allowed + 1e-6 * len(steps)

    @given(used=st.integers(0, 40))
    def test_take_says_how_many_units_may_follow(self, used: int) -> None:
        rate, tat = Rate(1, 40), 0.0
        taken = None
        for _ in range(used):
            tat, taken = take(rate, tat, 1e9, 1)
        assert taken is None or taken.remaining == 40 - used
        assert take(rate, tat, 1e9, 40 - used + 1)[1].wait_s > 0


@pytest.fixture
async def line() -> AsyncIterator[RedisMultiplexer]:
    line = RedisMultiplexer(redis_url(), timeout=5.0, connect_timeout=5.0)
    yield line
    await line.close()


@pytest.fixture
async def prefix() -> AsyncIterator[str]:
    """Of this test's own keys, which are removed afterwards."""
    name = f"test:{uuid.uuid4().hex}:"
    yield name
    async with Redis.from_url(redis_url()) as client:
        if keys := [key async for key in client.scan_iter(f"{name}*")]:
            await client.delete(*keys)


@pytest.mark.servers
class TestRedis:
    async def test_script_says_what_the_algorithm_says(
        self, line: RedisMultiplexer, prefix: str
    ) -> None:
        moves = [(0, 1), (10, 3), (10, 9), (10, 9), (40_000, 1), (2_000_000, 10), (0, 1),
                 (1, 11), (333, 2), (333_333, 1)]  # fmt: skip
        rate, tat, now = Rate(3, 10), 0.0, 1.8e15
        for gap_us, units in moves:
            now += gap_us
            tat, taken = take(rate, tat, now, units)
            found = await line.call(
                *("EVAL", SCRIPT, 1, f"{prefix}a", repr(rate.interval_us)),
                *(rate.burst, units, f"{now:.0f}"),
            )
            assert found[0] == pytest.approx(taken.wait_s * 1e6, abs=2)
            assert found[1] == taken.remaining
            assert found[2] == pytest.approx(taken.reset_s * 1e6, abs=2)

    async def test_several_gateways_share_one_rate(
        self, prefix: str, line: RedisMultiplexer
    ) -> None:
        clock = FakeClock()
        rate = Rate(0.001, 50)
        lines = [
            RedisMultiplexer(redis_url(), timeout=5, connect_timeout=5)
            for _ in range(4)
        ]
        gateways = [
            RedisLimiter(
                one,
                rate,
                MemoryLimiter(rate, clock.monotonic),
                clock.monotonic,
                prefix=prefix,
            )
            for one in lines
        ]
        taken = await asyncio.gather(
            *(gateway.take("shop", 1) for gateway in gateways for _ in range(40))
        )
        for gateway in gateways:
            await gateway.close()
        assert sum(one.wait_s == 0 for one in taken) == 50
        async with Redis.from_url(redis_url()) as client:
            assert await client.pttl(f"{prefix}shop") > 0

    async def test_a_silent_redis_is_waited_for_once_and_then_left_alone(
        self, prefix: str
    ) -> None:
        clock = FakeClock()
        rate = Rate(0.001, 5)
        async with Link(redis_url()).open() as link:
            line = RedisMultiplexer(link.url, timeout=0.05, connect_timeout=5.0)
            limiter = RedisLimiter(
                line,
                rate,
                MemoryLimiter(rate, clock.monotonic),
                clock.monotonic,
                prefix=prefix,
            )
            assert (await limiter.take("shop", 1)).remaining == 4
            link.silent = True
            # Of this process: five more at once, then no more.
            waits = [(await limiter.take("shop", 1)).wait_s for _ in range(6)]
            assert [wait == 0 for wait in waits] == [True] * 5 + [False]
            link.silent = False
            connections = link.connections
            await limiter.take("shop", 1)
            assert link.connections == connections
            clock.advance(timedelta(seconds=2))
            # Three were counted there: before, the one without an answer, and now.
            assert (await limiter.take("shop", 1)).remaining == 2
            await limiter.close()


class TestGateway:
    async def test_a_flooding_client_waits_and_reads_how_long(self, start: Any) -> None:
        async with start(rate_per_s=0.001, rate_burst=2) as run:
            replies = [await run.score(payment_body()) for _ in range(3)]
        assert [reply.status_code for reply in replies] == [200, 200, 429]
        limited = replies[-1].headers
        assert 900 < int(limited["retry-after"]) <= 1000
        assert limited["ratelimit-policy"] == '"client";q=2;w=2000'
        assert re.fullmatch(r'"client";r=0;t=(1999|2000)', limited["ratelimit"])
        assert [reply.headers["ratelimit"][:12] for reply in replies] == [
            '"client";r=1',
            '"client";r=0',
            '"client";r=0',
        ]

    async def test_routes_for_people_say_it_too(self, start: Any) -> None:
        async with start(rate_per_s=0.001, rate_burst=2) as run:
            replies = [await run.http.get("/v1/version") for _ in range(3)]
        assert [reply.status_code for reply in replies] == [200, 200, 429]
        assert replies[0].headers["ratelimit"].startswith('"client";r=1;t=')

    async def test_a_batch_costs_as_much_as_its_payments(self, start: Any) -> None:
        async with start(rate_per_s=0.001, rate_burst=10) as run:
            body = {"transactions": [payment_body() for _ in range(9)]}
            batch = await run.http.post("/v1/score/batch", json=body)
            assert batch.headers["ratelimit"].startswith('"client";r=1;')
            assert (
                await run.http.post("/v1/score/batch", json=body)
            ).status_code == 429
            assert (await run.score(payment_body())).status_code == 200
            assert (await run.score(payment_body())).status_code == 429

    async def test_a_batch_above_the_burst_learns_that_waiting_is_no_use(
        self, start: Any
    ) -> None:
        async with start(rate_per_s=1000, rate_burst=3) as run:
            body = {"transactions": [payment_body() for _ in range(4)]}
            batch = await run.http.post("/v1/score/batch", json=body)
        assert batch.status_code == 429
        assert "retry-after" not in batch.headers
        assert "3 items" in batch.json()["detail"]

    @pytest.mark.parametrize(
        ("path", "body"),
        [
            ("/v1/screen", {"parties": [{"role": "customer", "name": "A B"}] * 3}),
            ("/v1/predict", {"model": "xgboost", "instances": [{"a": 1}] * 3}),
        ],
    )
    async def test_other_requests_of_many_items_cost_as_many(
        self, start: Any, path: str, body: dict[str, Any]
    ) -> None:
        async with start(rate_per_s=0.001, rate_burst=10) as run:
            reply = await run.http.post(path, json=body)
        assert reply.headers["ratelimit"].startswith('"client";r=7;')


class TestWrongKeys:
    async def test_an_address_that_guesses_is_refused_unhashed(
        self, start: Any
    ) -> None:
        proxies = ["127.0.0.0/8"]
        async with start(wrong_keys_per_minute=5, trusted_proxies=proxies) as run:
            good = run.http.headers.pop("x-api-key")

            async def score(key: str, address: str) -> int:
                fields = {"x-api-key": key, "x-forwarded-for": address}
                return (await run.score(payment_body(), **fields)).status_code

            guesses = [await score(f"fk_{n}", "203.0.113.9") for n in range(8)]
            assert guesses == [403] * 5 + [429] * 3
            # Nobody looks whether this one is right.
            assert await score(good, "203.0.113.9") == 429
            assert await score(good, "203.0.113.10") == 200
            assert await score(good, "203.0.113.9") == 200

    async def test_no_key_is_no_guess(self, start: Any) -> None:
        async with start(wrong_keys_per_minute=2) as run:
            key = run.http.headers.pop("x-api-key")
            for _ in range(4):
                assert (await run.score(payment_body())).status_code == 403
            fields = {"x-api-key": key}
            assert (await run.score(payment_body(), **fields)).status_code == 200

    async def test_a_key_that_was_good_before_stays_good(self, start: Any) -> None:
        async with start(wrong_keys_per_minute=5) as run:
            assert (await run.score(payment_body())).status_code == 200
            for n in range(8):
                await run.score(payment_body(), **{"x-api-key": f"fk_shop_{n}"})
            assert (await run.score(payment_body())).status_code == 200

    @pytest.mark.parametrize(
        ("peer", "forwarded", "expected"),
        [
            ("10.0.0.1", "203.0.113.9", "203.0.113.9"),
            ("10.0.0.1", "198.51.100.1, 203.0.113.9, 10.0.0.7", "203.0.113.9"),
            ("10.0.0.1", None, "10.0.0.1"),
            ("10.0.0.1", "9" * 9000, "10.0.0.1"),
            # Who is no proxy is not believed.
            ("203.0.113.5", "198.51.100.1", "203.0.113.5"),
            ("2001:db8::1:2:3:4", None, "2001:db8::/64"),
            ("::ffff:203.0.113.5", None, "203.0.113.5"),
        ],
    )
    def test_an_address_behind_a_proxy_is_what_the_proxy_says(
        self, peer: str, forwarded: str | None, expected: str
    ) -> None:
        headers = {} if forwarded is None else {b"x-forwarded-for": forwarded.encode()}
        context = RequestContext(
            "r", Trace.start(0), Deadline.after(1), headers, address=peer
        )
        proxies = Settings(trusted_proxies=["10.0.0.0/8"]).trusted_proxies
        assert caller_address(context, proxies) == expected


class TestBatchLane:
    async def test_batches_share_their_slots(self, start: Any) -> None:
        async with start(batch_concurrency=2) as run:
            busy = most = 0
            gate = asyncio.Event()
            rules = run.transport.responders["rules"]

            async def counted(path: str, body: bytes) -> Any:
                nonlocal busy, most
                if b"warm-up" in body or not body:
                    return await rules(path, body)
                busy += 1
                most = max(most, busy)
                await gate.wait()
                busy -= 1
                return await rules(path, body)

            run.transport.responders["rules"] = counted
            body = {"transactions": [payment_body() for _ in range(4)]}
            batches = [
                asyncio.create_task(run.http.post("/v1/score/batch", json=body))
                for _ in range(3)
            ]
            while busy < 2:
                await asyncio.sleep(0)
            gate.set()
            replies = await asyncio.gather(*batches)
        assert [reply.status_code for reply in replies] == [200] * 3
        assert most == 2


def test_window_of_the_policy_is_how_long_the_burst_takes() -> None:
    settings = Settings()
    assert math.ceil(settings.rate_burst / settings.rate_per_s) == 2
