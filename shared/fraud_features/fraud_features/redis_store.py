"""The Redis online store: one EVALSHA per payment. The only importer of redis.

Works on Redis 6.2 and later. All keys share one hash tag, because one script touches all
of them; Redis must run with `maxmemory-policy noeviction`, since an evicted key would
read as zero.
"""

from collections.abc import Awaitable
from datetime import datetime
from hashlib import sha1
from typing import Any, cast

from redis.asyncio import ConnectionPool, Redis
from redis.asyncio.retry import Retry
from redis.backoff import NoBackoff
from redis.exceptions import NoScriptError, RedisError

from fraud_features.facts import Facts, facts_of, microseconds
from fraud_features.layout import PROFILE_TTL, SQUARES_BASE
from fraud_features.online import (
    BLOCK_KINDS,
    BlockKind,
    LabelEffect,
    Observation,
    OnlineStoreUnavailable,
    observed,
)
from fraud_features.redis_script import (
    LAYOUT_VERSION,
    REPLY,
    RESET_SCRIPT,
    UNKNOWN,
    Limits,
    label_script,
    observe_script,
)
from fraud_features.windows import LOG_CAP
from fraud_shared.contracts.transaction import Transaction


class RedisOnlineStore:
    """State in Redis, shared by every gateway process.

    Times in seconds. An answer later than `socket_timeout` is no answer: the call raises
    `OnlineStoreUnavailable`, and a repeat of the payment finds what the first one moved.
    """

    def __init__(
        self,
        url: str,
        *,
        prefix: str = "fraud",
        socket_timeout: float = 0.010,
        connect_timeout: float = 0.050,
        max_connections: int = 64,
        limits: Limits | None = None,
    ) -> None:
        pool = ConnectionPool.from_url(
            url,
            max_connections=max_connections,
            socket_timeout=socket_timeout,
            socket_connect_timeout=connect_timeout,
            retry=Retry(NoBackoff(), 0),
            health_check_interval=0,
        )
        # redis-py leaves execute_command untyped.
        self._redis: Any = Redis(connection_pool=pool)
        self._pool = pool
        self._prefix = f"{{{prefix}}}"
        limits = limits or Limits(log_cap=LOG_CAP)
        self._observe = _Script(observe_script(limits))
        self._peek = _Script(observe_script(limits, peek=True))
        self._label = _Script(label_script())
        self._reset = _Script(RESET_SCRIPT)

    async def observe(self, payment: Transaction) -> Observation:
        line = await self._run(self._observe, wire_arguments(facts_of(payment)))
        return _parse(cast(bytes, line))

    async def peek(self, payment: Transaction) -> Observation:
        line = await self._run(self._peek, wire_arguments(facts_of(payment)))
        return _parse(cast(bytes, line))

    async def apply_label(self, label: LabelEffect) -> None:
        places = [part for place in label.places for part in place]
        if places:
            t = microseconds(label.occurred_at)
            fraud = "1" if label.is_fraud else "0"
            await self._run(self._label, [label.transaction_id, t, fraud, *places])

    async def put_block(self, kind: BlockKind, key: str, until: datetime) -> None:
        until_ms = microseconds(until) // 1000
        await self._do(self._redis.set(self._block(kind, key), "1", pxat=until_ms))

    async def drop_block(self, kind: BlockKind, key: str) -> None:
        await self._do(self._redis.delete(self._block(kind, key)))

    async def note_stand_in(
        self, account_id: str, amount_ref_minor: int, *, full: bool
    ) -> None:
        count, total = self._key("i:n", account_id), self._key("i:s", account_id)
        if full:
            await self._do(self._redis.delete(count, total))
            return
        async with self._redis.pipeline(transaction=True) as pipe:
            pipe.incrby(count, 1)
            pipe.incrby(total, amount_ref_minor)
            pipe.expire(count, PROFILE_TTL // 1_000_000)
            pipe.expire(total, PROFILE_TTL // 1_000_000)
            await self._do(pipe.execute())

    async def mark_warm(self) -> None:
        await self._do(self._redis.set(self._key("epoch"), "1"))

    async def is_warm(self) -> bool:
        return await self._do(self._redis.get(self._key("epoch"))) is not None

    async def reset(self) -> None:
        # One script and so one step: of a payment observed meanwhile, either nothing or
        # everything is kept, and its id tells a rebuild which.
        await self._run(self._reset, [_literal(self._prefix) + ":*"])

    async def ping(self) -> bool:
        try:
            return bool(await self._do(self._redis.ping()))
        except OnlineStoreUnavailable:
            return False

    async def close(self) -> None:
        await self._redis.aclose()
        await self._pool.disconnect()

    def _key(self, *parts: str) -> str:
        return ":".join((self._prefix, LAYOUT_VERSION, *parts))

    def _block(self, kind: BlockKind, key: str) -> str:
        # No version: a block that somebody set holds whatever the rest looks like.
        return f"{self._prefix}:b:{kind}:{key}"

    async def _run(self, script: "_Script", arguments: list[Any]) -> object:
        try:
            return await self._do(
                self._redis.execute_command(
                    "EVALSHA", script.sha, 1, self._prefix, *arguments
                )
            )
        except NoScriptError:
            # Redis was restarted or its scripts were flushed; EVAL loads it again.
            return await self._do(
                self._redis.execute_command(
                    "EVAL", script.text, 1, self._prefix, *arguments
                )
            )

    async def _do(self, command: Awaitable[Any]) -> Any:
        try:
            return await command
        except NoScriptError:
            raise
        except (RedisError, OSError, TimeoutError) as error:
            raise OnlineStoreUnavailable("the online store did not answer") from error


def _literal(text: str) -> str:
    """The text as a Redis glob that matches nothing else."""
    return "".join("\\" + c if c in "*?[]^\\" else c for c in text)


class _Script:
    def __init__(self, text: str) -> None:
        self.text = text
        # Redis names scripts by SHA-1; nothing is secured by it.
        self.sha = sha1(text.encode(), usedforsecurity=False).hexdigest()


def wire_arguments(facts: Facts) -> list[Any]:
    """What a payment sends to Redis besides the script's name."""
    high, low = divmod(facts.moved * facts.moved, SQUARES_BASE)
    return [
        facts.transaction_id,
        facts.t,
        facts.moved,
        "1" if facts.small else "0",
        high,
        low,
        facts.hour,
        "" if facts.lat is None else facts.lat,
        "" if facts.lon is None else facts.lon,
        facts.account,
        facts.card or "",
        facts.device or "",
        facts.ip or "",
        facts.merchant or "",
        facts.terminal or "",
        facts.counterparty or "",
        facts.country or "",
    ]


def _parse(line: bytes) -> Observation:
    repeat = len(line) > REPLY.size
    warm, card, account, device, count, total, *slots = REPLY.unpack(
        line[1:] if repeat else line
    )
    held = (card, account, device)
    return observed(
        tuple([None if slot == UNKNOWN else slot for slot in slots]),
        known=warm == 1,
        blocked=tuple(
            k for k, is_held in zip(BLOCK_KINDS, held, strict=True) if is_held
        ),
        stand_in=(count, total),
        repeat=repeat,
    )
