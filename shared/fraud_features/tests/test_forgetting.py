"""Erasing a person in the online store: nothing of theirs stays, nobody else's counts move."""

import uuid
from datetime import UTC, datetime

import pytest
from redis.asyncio import Redis

from fraud_features.store.memory.store import MemoryOnlineStore
from fraud_features.store.port import OnlineStore
from fraud_features.store.redis.lua_codegen import Limits
from fraud_features.store.redis.store import RedisOnlineStore
from fraud_features.testing.payments import transaction_of
from fraud_shared.testing.servers import redis_url

SHARED = [
    ("device", "dev-1"),
    ("ip", "ip-1"),
    ("counterparty", "payee"),
    ("merchant", "shop"),
    ("account", "other-1"),
]
OWN = [("account", "canary-account"), ("card", "canary-card")]
# Small: most values of seen sets lie in sorted sets, and events of logs in blocks.
SMALL = Limits(tail=16, peaks=2, seen=2, shift_cap=1)


def paid(at: int, account: str, card: str, **fields: object):
    row = {
        "transaction_id": f"{account}-{at}",
        "account_id": account,
        "amount_minor": 100 + at,
        "currency": "EUR",
        "occurred_at": datetime.fromtimestamp(1_740_787_200 + at, UTC),
        "kind": "transfer",
        "channel": "mobile",
        "card_token": card,
        "merchant_id": "shop",
        "device_id": "dev-1",
        "ip": "ip-1",
        "counterparty_account": "payee",
        "features": {},
    }
    return transaction_of({**row, **fields})


async def history(store: OnlineStore) -> None:
    await store.mark_warm()
    for at in range(40):
        if at % 3 == 0:
            await store.observe(paid(at, "canary-account", "canary-card"))
        await store.observe(paid(at, f"other-{at % 5}", f"card-{at % 5}"))
    # The person is paid, too.
    to_them = paid(50, "other-1", "card-1", counterparty_account="canary-account")
    await store.observe(to_them)
    await store.note_stand_in("canary-account", 100, full=False)
    until = datetime(2100, 1, 1, tzinfo=UTC)
    await store.put_block("account", "canary-account", until)
    await store.put_block("account", "other-1", until)


@pytest.fixture(
    params=["memory", *(pytest.param(n, marks=pytest.mark.servers) for n in (8, 2))]
)
async def store(request: pytest.FixtureRequest):
    if request.param == "memory":
        yield MemoryOnlineStore()
        return
    prefix = f"test-{uuid.uuid4().hex}"
    limits = Limits() if request.param == 8 else SMALL
    store = RedisOnlineStore(
        redis_url(), prefix=prefix, socket_timeout=2.0, limits=limits
    )
    yield store
    await store.close()
    async with Redis.from_url(redis_url()) as redis:
        keys = [key async for key in redis.scan_iter(f"{{{prefix}}}*", count=1000)]
        await redis.delete(*keys)


async def dump(store: OnlineStore) -> bytes:
    """Everything a store holds, as bytes."""
    if isinstance(store, MemoryOnlineStore):
        engine = store._engine
        parts = (engine._logs, engine._peaks, engine._frauds, store._stand_ins)
        seen = {
            (name, key): s.last
            for name, sets in engine._seen.items()
            for key, s in sets.items()
        }
        return repr((parts, seen, engine._profiles, store._blocks)).encode()
    async with Redis.from_url(redis_url()) as redis:
        found = b""
        async for key in redis.scan_iter(f"{store._prefix}*", count=1000):
            # Its replies are figures, under the number of a payment.
            if b":t:" in key:
                continue
            kind = await redis.type(key)
            value = (
                await redis.get(key)
                if kind == b"string"
                else b"".join(await redis.zrange(key, 0, -1))
            )
            found += key + b"=" + value + b"\n"
        return found


async def test_nothing_of_the_person_stays_and_others_count_as_before(store):
    await history(store)
    coming = [paid(60 + n, f"other-{n}", f"card-{n}") for n in range(5)]
    new = paid(70, "never-seen", "new-card")
    before = [await store.peek(payment) for payment in (*coming, new)]
    assert b"canary-account" in await dump(store)

    await store.forget(OWN, SHARED)

    kept = await dump(store)
    assert b"canary" not in kept
    assert b"other-1" in kept
    assert [await store.peek(payment) for payment in (*coming, new)] == before
    back = await store.peek(paid(70, "canary-account", "canary-card"))
    assert (back.history_payments, back.blocked, back.stand_in_count) == (0, (), 0)
    # The person who comes back is somebody new to a device that saw them.
    assert back.raw == (await store.peek(new)).raw
    await store.forget(OWN, SHARED)
    assert await dump(store) == kept
