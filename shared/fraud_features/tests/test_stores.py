"""Both executors against the contract, and what is special to each."""

import asyncio
import uuid
from collections.abc import AsyncIterator
from datetime import UTC, datetime
from struct import pack

import pytest
from redis.asyncio import Redis

from fraud_features.definitions.facts import facts_of
from fraud_features.definitions.registry import PAYMENT_FEATURES
from fraud_features.store.memory.store import MemoryOnlineStore
from fraud_features.store.open_store import open_online_store
from fraud_features.store.port import OnlineStoreRefusal, OnlineStoreUnavailable
from fraud_features.store.redis.lua_codegen import ENTITIES, Limits
from fraud_features.store.redis.script import LAYOUT_VERSION, layout_version
from fraud_features.store.redis.store import RedisOnlineStore, wire_arguments
from fraud_features.store.schema import LOGS, SLOTS, WindowSpec
from fraud_features.testing import (
    OnlineStoreContract,
    payment,
    random_rows,
    transaction_of,
)
from fraud_features.testing.contract import DAY, at_terminal, label
from fraud_shared.testing.servers import redis_url


async def wipe(url: str, prefix: str) -> None:
    redis = Redis.from_url(url)
    keys = [key async for key in redis.scan_iter(f"{{{prefix}}}*", count=1000)]
    if keys:
        await redis.delete(*keys)
    await redis.aclose()


@pytest.fixture
async def prefix() -> AsyncIterator[str]:
    name = f"test-{uuid.uuid4().hex}"
    yield name
    await wipe(redis_url(), name)


@pytest.fixture
async def redis() -> AsyncIterator[Redis]:
    client = Redis.from_url(redis_url())
    yield client
    await client.aclose()


@pytest.fixture
async def redis_store(prefix: str) -> AsyncIterator[RedisOnlineStore]:
    store = RedisOnlineStore(redis_url(), prefix=prefix, socket_timeout=2.0)
    yield store
    await store.close()


class TestMemory(OnlineStoreContract):
    @pytest.fixture
    def store(self) -> MemoryOnlineStore:
        return MemoryOnlineStore()

    async def test_a_repeat_whose_reply_is_gone_moves_nothing_and_is_unknown(self):
        store = MemoryOnlineStore(warm=True, reply_cap=1)
        await store.observe(payment(0))
        await store.observe(payment(1))
        repeat = await store.observe(payment(0))
        assert not repeat.known
        assert (await store.observe(payment(2))).history_payments == 2

    async def test_an_ended_block_is_seen_by_the_stores_own_clock(self):
        store = MemoryOnlineStore(
            warm=True, now=lambda: datetime(2030, 1, 2, tzinfo=UTC)
        )
        await store.put_block("account", "acc-1", datetime(2030, 1, 2, tzinfo=UTC))
        assert (await store.observe(payment(0))).blocked == ()


@pytest.mark.servers
class TestRedis(OnlineStoreContract):
    @pytest.fixture
    def store(self, redis_store: RedisOnlineStore) -> RedisOnlineStore:
        return redis_store

    async def test_a_store_that_was_emptied_is_unknown_until_declared_complete(
        self, redis_store, prefix
    ):
        await redis_store.mark_warm()
        warm = await redis_store.observe(payment(0))
        await wipe(redis_url(), prefix)
        emptied = await redis_store.observe(payment(1))
        await redis_store.mark_warm()
        rebuilt = await redis_store.observe(payment(2))
        assert [warm.known, emptied.known, rebuilt.known] == [True, False, True]
        assert rebuilt.history_payments == 1

    async def test_a_flushed_script_is_loaded_again(self, redis_store, redis):
        await redis_store.mark_warm()
        await redis_store.observe(payment(0))
        await redis.script_flush()
        assert (await redis_store.observe(payment(1))).history_payments == 1

    async def test_two_gateways_share_one_state(self, redis_store, prefix):
        other = RedisOnlineStore(redis_url(), prefix=prefix, socket_timeout=2.0)
        await redis_store.mark_warm()
        first = await redis_store.observe(payment(0))
        repeat = await other.observe(payment(0))
        await other.close()
        assert repeat == first

    async def test_sums_stay_whole_beyond_fourteen_digits(
        self, redis_store, redis, prefix
    ):
        await redis_store.mark_warm()
        await redis_store.observe(payment(0, amount_minor=1))
        state = f"{{{prefix}}}:{LAYOUT_VERSION}:e:account:acc-1"
        # Before it: a byte, the newest moment and the last position.
        sum_at = 1 + 8 + 4
        huge = pack("<d", 1234567890123456)
        await redis.setrange(state, sum_at, huge)
        observation = await redis_store.observe(payment(1, amount_minor=1))
        assert 1234567890123457 in observation.raw

    async def test_data_of_another_layout_is_cold_and_goes_with_a_reset(
        self, redis_store, redis, prefix
    ):
        await redis.set(f"{{{prefix}}}:epoch", "1")
        assert not (await redis_store.observe(payment(0))).known
        await redis_store.reset()
        left = [key async for key in redis.scan_iter(f"{{{prefix}}}*")]
        assert left == []

    async def test_a_label_before_any_payment_of_its_place_counts(self, redis_store):
        await redis_store.mark_warm()
        await redis_store.apply_label(label(at_terminal(0)))
        first = await redis_store.observe(at_terminal(8 * DAY))
        assert dict(zip(SLOTS, first.raw, strict=True))["terminal_frauds_7d"] == 1

    async def test_data_that_no_script_can_read_is_refused_for_that_payment_only(
        self, redis_store, redis, prefix
    ):
        await redis_store.mark_warm()
        key = f"{{{prefix}}}:{LAYOUT_VERSION}:e:account:acc-1"
        await redis.set(key, "no entity")
        with pytest.raises(OnlineStoreRefusal):
            await redis_store.observe(payment(0))
        other = await redis_store.observe(payment(1, account_id="acc-2"))
        assert other.known

    async def test_one_round_trip_per_payment(self, redis_store):
        await redis_store.mark_warm()
        await redis_store.observe(payment(0))
        calls = _count_commands(redis_store)
        await redis_store.observe(payment(1, card_token="c", device_id="d", ip="i"))
        assert calls == ["EVALSHA"]


def _count_commands(store: RedisOnlineStore) -> list[str]:
    calls: list[str] = []
    call = store.line.call

    async def counting(*arguments):
        calls.append(arguments[0])
        return await call(*arguments)

    store.line.call = counting
    return calls


class TestLayoutVersion:
    def test_another_window_is_another_version(self):
        wider = WindowSpec("ip", "ip", ("5m", "1h", "7d"))
        others = tuple(wider if log.name == "ip" else log for log in LOGS)
        assert layout_version(LOGS) == layout_version(tuple(LOGS))
        assert layout_version(LOGS) != layout_version(others)


class TestUnavailableRedis:
    async def test_a_closed_port_is_unavailable(self):
        store = RedisOnlineStore("redis://127.0.0.1:1/0")
        with pytest.raises(OnlineStoreUnavailable):
            await store.observe(payment(0))
        assert await store.ping() is False
        await store.close()

    async def test_a_silent_server_is_given_up_within_the_timeout(self):
        async def silent(reader, writer):
            await reader.read()
            writer.close()

        server = await asyncio.start_server(silent, "127.0.0.1", 0)
        port = server.sockets[0].getsockname()[1]
        store = RedisOnlineStore(f"redis://127.0.0.1:{port}/0", socket_timeout=0.02)
        started = asyncio.get_running_loop().time()
        with pytest.raises(OnlineStoreUnavailable):
            await store.observe(payment(0))
        assert asyncio.get_running_loop().time() - started < 1.0
        await store.close()
        server.close()
        await server.wait_closed()


@pytest.mark.servers
class TestExecutorsAgree:
    """Bit for bit, with limits so small that every rare path is taken."""

    @pytest.mark.parametrize(
        "limits",
        [
            Limits(log_cap=200_000, side_cap=256),
            Limits(log_cap=200_000, shift_cap=1, side_cap=3, tail=16, peaks=2, seen=2),
            Limits(log_cap=200_000, shift_cap=0, side_cap=1, tail=16, peaks=4, seen=3),
            Limits(log_cap=15, seen_cap=2, shift_cap=1, side_cap=3),
            Limits(log_cap=50, seen_cap=3, side_cap=3, tail=16, peaks=2, seen=2),
        ],
        ids=str,
    )
    async def test_executors_have_the_same_observations(self, prefix, limits):
        caps = {"log_cap": limits.log_cap, "seen_cap": limits.seen_cap}
        memory = MemoryOnlineStore(warm=True, **caps)
        redis = RedisOnlineStore(
            redis_url(), prefix=prefix, socket_timeout=2.0, limits=limits
        )
        await redis.mark_warm()
        for row in random_rows(
            800, seed=limits.log_cap + limits.shift_cap, entities=5, late=0.2
        ):
            transaction = transaction_of(row)
            one, two = (
                await memory.observe(transaction),
                await redis.observe(transaction),
            )
            assert one == two
            assert PAYMENT_FEATURES.vector(transaction, one) == PAYMENT_FEATURES.vector(
                transaction, two
            )
        await redis.close()

    async def test_of_values_seen_at_one_instant_the_cap_drops_the_first_by_name(
        self, prefix
    ):
        limits = Limits(log_cap=200_000, seen_cap=2)
        redis = RedisOnlineStore(
            redis_url(), prefix=prefix, socket_timeout=2.0, limits=limits
        )
        memory = MemoryOnlineStore(warm=True, seen_cap=2)
        await redis.mark_warm()
        for number, (second, name) in enumerate(
            [(0, "b"), (0, "a"), (1, "c"), (2, "b")]
        ):
            sent = payment(second, transaction_id=f"t{number}", merchant_id=name)
            assert await redis.observe(sent) == await memory.observe(sent)
        await redis.close()


class TestCap:
    async def test_what_the_cap_dropped_is_unknown_and_not_too_small(self):
        store = MemoryOnlineStore(warm=True, log_cap=3)
        for second in range(0, 3600, 600):
            last = payment(second)
            observation = await store.observe(last)
        values = PAYMENT_FEATURES.named(PAYMENT_FEATURES.vector(last, observation))
        assert values["account_count_5m"] == 1
        assert values["account_count_1h"] is None


class TestOpening:
    async def test_memory_starts_cold_by_default(self):
        assert not await open_online_store("memory://").is_warm()
        assert await open_online_store("memory://?warm=1").is_warm()

    def test_other_schemes_are_refused(self):
        with pytest.raises(ValueError, match="memory://"):
            open_online_store("http://localhost")


class TestFacts:
    def test_a_row_and_its_transaction_have_the_same_facts(self):
        for row in random_rows(50):
            assert facts_of(row)._replace(request={}) == facts_of(
                transaction_of(row)
            )._replace(request={})

    def test_redis_gets_the_same_facts(self):
        for row in random_rows(200):
            facts = facts_of(row)
            high, low = divmod(facts.moved**2, 10**9)
            small = int(facts.small)
            expected = [facts.transaction_id, facts.t, facts.moved, small, high, low]
            expected += [facts.hour, facts.lat, facts.lon]
            expected += [getattr(facts, entity) for entity in ENTITIES]
            sent = wire_arguments(transaction_of(row))
            assert [None if value == "" else value for value in sent] == expected
