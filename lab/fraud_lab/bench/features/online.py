"""The cost of one payment in the online stores: round trips, tail, busy entities."""

import time
from collections.abc import Awaitable, Sequence
from typing import Any

import numpy as np
from redis.asyncio import Redis

from fraud_features.store.memory.store import MemoryOnlineStore
from fraud_features.store.port import OnlineStore
from fraud_features.store.redis.script import LAYOUT_VERSION
from fraud_features.store.redis.store import RedisOnlineStore, wire_arguments
from fraud_features.store.schema import LOGS, SLOTS
from fraud_features.testing import payment
from fraud_shared.contracts.transaction import Transaction

FEW_EVENTS = 100
_QUIET = 40
_PATIENCE_S = 10.0
# Everything below happens within the shortest window that all busy entities have.
_WITHIN_S = 3_000.0


def made(number: int, second: float, who: str) -> Transaction:
    """A card payment all of whose parties are named after `who`."""
    return payment(
        second,
        transaction_id=f"{who}-{number}",
        amount_minor=1_000 + number % 997,
        account_id=f"account-{who}",
        card_token=f"card-{who}",
        device_id=f"device-{who}",
        ip=f"ip-{who}",
        merchant_id=f"merchant-{who}",
        terminal_id=f"terminal-{who}",
        merchant_country="DE",
        counterparty_account=f"receiver-{who}",
        lat=48.1,
        lon=11.5,
    )


async def round_trips(url: str, calls: int, seed: int) -> dict[str, Any]:
    """`observe` and a script that does nothing, with the same arguments and an answer of
    the same length, by turns; the server counts what it read.

    The script that does nothing is called through redis-py, as anybody would, and also
    through the store's own connection, which leaves the difference of the scripts.
    """
    store = _patient(url, "trips")
    # redis-py leaves its commands half typed.
    redis: Any = Redis.from_url(url, socket_timeout=_PATIENCE_S)
    await store.mark_warm()
    chance = np.random.default_rng(seed)
    who = chance.integers(0, 500, 2 * calls)
    payments = [made(i, i * 0.5, str(name)) for i, name in enumerate(who)]
    for one in payments[:calls]:
        await store.observe(one)
    reads = await _reads(redis)
    for one in payments[calls : calls + 100]:
        await store.observe(one)
    per_payment = (await _reads(redis) - reads - 1) / 100
    kept = await redis.get(
        f"{{trips}}:{LAYOUT_VERSION}:t:{payments[calls].transaction_id}"
    )
    bare = await redis.script_load(f"return '{'1' * len(kept)}'")
    observed, floor, script_alone = [], [], []
    for one in payments[calls + 100 :]:
        observed.append(await _timed(store.observe(one)))
        arguments = wire_arguments(one)
        call = redis.execute_command("EVALSHA", bare, 1, "{trips}", *arguments)
        floor.append(await _timed(call))
        own_call = store.line.call("EVALSHA", bare, 1, "{trips}", *arguments)
        script_alone.append(await _timed(own_call))
    await redis.aclose()
    await store.close()
    return {
        "round_trips_per_payment": per_payment,
        "observe": _percentiles(observed),
        "bare_evalsha": _percentiles(floor),
        "bare_evalsha_on_the_stores_connection": _percentiles(script_alone),
        "reply_bytes": len(kept),
        "p99_ratio": round(_p(observed, 99) / _p(floor, 99), 3),
    }


async def busy(store: OnlineStore, events: int, calls: int) -> dict[str, Any]:
    """Medians for payments whose every entity has few or many events in its windows."""
    await store.mark_warm()
    step = _WITHIN_S / (events + calls)
    quiet = [f"quiet-{i}" for i in range(_QUIET)]
    for who in quiet:
        await _fill(store, who, FEW_EVENTS, _WITHIN_S / FEW_EVENTS)
    await _fill(store, "busy", events, step)
    few, many = [], []
    for i in range(calls):
        who = quiet[i % _QUIET]
        few.append(
            await _timed(store.observe(made(events + i, _WITHIN_S + i * step, who)))
        )
        last = made(events + i, (events + i) * step, "busy")
        many.append(await _timed(store.observe(last)))
    seen = await store.peek(made(events + calls, _WITHIN_S, "busy"))
    counts = dict(zip(SLOTS, seen.raw, strict=True))
    assert counts[f"{LOGS[0].name}_n_1h"] == events + calls + 1
    return {
        "few_events": FEW_EVENTS,
        "many_events": events,
        "few": _percentiles(few),
        "many": _percentiles(many),
        "ratio": round(_p(many, 50) / _p(few, 50), 3),
    }


async def both(url: str, calls: int, events: int, seed: int) -> dict[str, Any]:
    """All figures of the online stores; `url` is a Redis that is used for nothing else."""
    redis = _patient(url, "busy")
    trips = await round_trips(url, calls, seed)
    in_redis = await busy(redis, events, calls)
    await redis.close()
    in_memory = await busy(MemoryOnlineStore(), events, calls)
    return {"redis": trips, "busy_redis": in_redis, "busy_memory": in_memory}


def _patient(url: str, prefix: str) -> RedisOnlineStore:
    return RedisOnlineStore(
        url, prefix=prefix, socket_timeout=_PATIENCE_S, connect_timeout=_PATIENCE_S
    )


async def _fill(store: OnlineStore, who: str, events: int, step: float) -> None:
    for i in range(events):
        await store.observe(made(i, i * step, who))


async def _reads(redis: Any) -> int:
    return int((await redis.info("stats"))["total_reads_processed"])


async def _timed(call: Awaitable[object]) -> float:
    started = time.perf_counter()
    await call
    return (time.perf_counter() - started) * 1000


def _p(values: Sequence[float], q: float) -> float:
    return float(np.percentile(values, q))


def _percentiles(values: Sequence[float]) -> dict[str, float]:
    return {f"p{q}_ms": round(_p(values, q), 4) for q in (50, 90, 99)}
