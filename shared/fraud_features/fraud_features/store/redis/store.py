"""The Redis online store: one EVALSHA per payment.

Works on Redis 6.2 and later. All keys share one hash tag, because one script touches all
of them; Redis must run with `maxmemory-policy noeviction`, since an evicted key would
read as zero.
"""

import re
from collections.abc import Sequence
from datetime import datetime
from hashlib import sha1
from typing import Any, cast

import structlog
from redis.exceptions import NoScriptError, RedisError, ResponseError

from fraud_features.definitions.currency import to_reference
from fraud_features.definitions.facts import (
    HOUR_US,
    is_small,
    micro_degrees,
    microseconds,
    moved_by,
)
from fraud_features.store.observation import (
    BLOCK_KINDS,
    LabelEffect,
    Observation,
    observed,
)
from fraud_features.store.port import (
    Named,
    OnlineStoreRefusal,
    OnlineStoreUnavailable,
)
from fraud_features.store.redis.forgetting import own_keys
from fraud_features.store.redis.lua_codegen import DEFAULT_LIMITS, Limits
from fraud_features.store.redis.multiplexer import Ask, RedisMultiplexer
from fraud_features.store.redis.reply import REPLY, REPLY_HEAD, UNKNOWN
from fraud_features.store.redis.script import LAYOUT_VERSION, scripts
from fraud_features.store.schema import SQUARES_BASE, entities_of_own, unnamed
from fraud_shared.contracts.action import BlockKind
from fraud_shared.contracts.transaction import Transaction

log = structlog.get_logger()
# Kinds and ids that one call of the script for erasure is given.
_PLACES = 100
# Of the errors that a script hands on, those that are about the server.
_STATE = re.compile(
    r"\b(OOM|READONLY|MISCONF|NOREPLICAS|LOADING|BUSY|MASTERDOWN|NOPERM|UNKILLABLE)\b"
)


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
        limits: Limits = DEFAULT_LIMITS,
    ) -> None:
        self.line = RedisMultiplexer(
            url,
            timeout=socket_timeout,
            connect_timeout=connect_timeout,
            check=_refuse_eviction,
        )
        self._prefix = f"{{{prefix}}}"
        texts = scripts(limits)
        self._observe = _Script(texts["observe"])
        self._peek = _Script(texts["peek"])
        self._label = _Script(texts["label"])
        self._stand_in = _Script(texts["stand_in"])
        self._reset = _Script(texts["reset"])
        self._forget = _Script(texts["forget"])

    async def observe(self, payment: Transaction) -> Observation:
        line = await self._run(self._observe, wire_arguments(payment))
        return _parse(cast(bytes, line))

    async def peek(self, payment: Transaction) -> Observation:
        line = await self._run(self._peek, wire_arguments(payment))
        return _parse(cast(bytes, line))

    async def apply_label(self, label: LabelEffect) -> None:
        places = [part for place in label.places for part in place]
        if places:
            t = microseconds(label.occurred_at)
            fraud = "1" if label.is_fraud else "0"
            await self._run(self._label, [label.transaction_id, t, fraud, *places])

    async def put_block(self, kind: BlockKind, key: str, until: datetime) -> None:
        until_ms = microseconds(until) // 1000
        await self._do("SET", self._block(kind, key), "1", "PXAT", until_ms)

    async def drop_block(self, kind: BlockKind, key: str) -> None:
        await self._do("DEL", self._block(kind, key))

    async def note_stand_in(
        self, account_id: str, amount_ref_minor: int, *, full: bool
    ) -> None:
        arguments = [account_id] if full else [account_id, amount_ref_minor]
        await self._run(self._stand_in, arguments)

    async def forget(self, own: Sequence[Named], shared: Sequence[Named]) -> None:
        keys = [self._key(*parts) for parts in own_keys(own)]
        keys += [self._block(cast(BlockKind, kind), key) for kind, key in own]
        await self._do("UNLINK", *keys)
        places = [part for place in shared for part in place]
        for value, name in entities_of_own(own):
            for start in range(0, len(places), _PLACES):
                some = places[start : start + _PLACES]
                await self._run(self._forget, [value, name, unnamed(name), *some])

    async def mark_warm(self) -> None:
        await self._do("SET", self._key("epoch"), "1")

    async def is_warm(self) -> bool:
        return await self._do("GET", self._key("epoch")) is not None

    async def reset(self) -> None:
        # One script and so one step: of a payment observed meanwhile, either nothing or
        # everything is kept, and its id tells a rebuild which.
        await self._run(self._reset, [_literal(self._prefix) + ":*"])

    async def ping(self) -> bool:
        try:
            return bool(await self._do("PING"))
        except OnlineStoreUnavailable:
            return False

    async def close(self) -> None:
        await self.line.close()

    def _key(self, *parts: str) -> str:
        return ":".join((self._prefix, LAYOUT_VERSION, *parts))

    def _block(self, kind: BlockKind, key: str) -> str:
        # No version: a block that somebody set holds whatever the rest looks like.
        return f"{self._prefix}:b:{kind}:{key}"

    async def _run(self, script: "_Script", arguments: list[Any]) -> object:
        try:
            return await self._do("EVALSHA", script.sha, 1, self._prefix, *arguments)
        except NoScriptError:
            # Redis was restarted or its scripts were flushed; EVAL loads it again.
            return await self._do("EVAL", script.text, 1, self._prefix, *arguments)

    async def _do(self, *command: str | int) -> Any:
        try:
            return await self.line.call(*command)
        except NoScriptError:
            raise
        except ResponseError as error:
            raise _meaning(str(error)) from error
        except (RedisError, OSError, TimeoutError) as error:
            raise OnlineStoreUnavailable("the online store did not answer") from error


async def _refuse_eviction(ask: Ask) -> None:
    """An evicted key reads as zero, which is worse than a store that is away."""
    try:
        answer = await ask(("INFO", "memory"))
    except ResponseError:
        # Not everybody may ask; then whoever set the server up answers for it.
        return
    known = dict(line.partition(":")[::2] for line in answer.decode().splitlines())
    policy = known.get("maxmemory_policy", "noeviction")
    if known.get("maxmemory", "0") != "0" and policy != "noeviction":
        log.error("online_store_may_evict", policy=policy, needed="noeviction")
        raise RedisError("this Redis may evict keys")


def _meaning(refusal: str) -> OnlineStoreUnavailable:
    """A script that fails on its data fails again; any other error says how Redis is."""
    if "user_script" in refusal and not _STATE.search(refusal):
        return OnlineStoreRefusal("the online store cannot take this payment")
    return OnlineStoreUnavailable("the online store refuses calls")


def _literal(text: str) -> str:
    """The text as a Redis glob that matches nothing else."""
    return "".join("\\" + c if c in "*?[]^\\" else c for c in text)


class _Script:
    def __init__(self, text: str) -> None:
        self.text = text
        # Redis names scripts by SHA-1; nothing is secured by it.
        self.sha = sha1(text.encode(), usedforsecurity=False).hexdigest()


def wire_arguments(payment: Transaction) -> list[Any]:
    """What a payment sends to Redis besides the script's name: some of its facts, without
    the cost of the others."""
    card, device = payment.card, payment.device
    merchant, place = payment.merchant, payment.location
    amount = to_reference(payment.amount_minor, payment.currency)
    moved = moved_by(payment.kind, amount)
    high, low = divmod(moved * moved, SQUARES_BASE)
    t = microseconds(payment.occurred_at)
    terminal = country = lat = lon = None
    if merchant is not None:
        terminal, country = merchant.terminal_id, merchant.country
    if place is not None:
        lat, lon = micro_degrees(place.lat, place.lon)
        country = place.country or country
    small = card is not None and is_small(payment.kind, amount)
    return [
        payment.transaction_id,
        t,
        moved,
        1 if small else 0,
        high,
        low,
        t // HOUR_US % 24,
        "" if lat is None else lat,
        "" if lon is None else lon,
        payment.account_id,
        "" if card is None else card.token,
        (device.device_id or "") if device is not None else "",
        (device.ip or "") if device is not None else "",
        "" if merchant is None else merchant.merchant_id,
        terminal or "",
        "" if payment.counterparty is None else payment.counterparty.account or "",
        country or "",
    ]


def _parse(line: bytes) -> Observation:
    repeat = len(line) > REPLY.size
    answer = REPLY.unpack_from(line, repeat)
    warm, card, account, device, count, total = answer[:REPLY_HEAD]
    blocked: tuple[BlockKind, ...] = ()
    if card or account or device:
        held = zip(BLOCK_KINDS, (card, account, device), strict=True)
        blocked = tuple(kind for kind, is_held in held if is_held)
    raw = answer[REPLY_HEAD:]
    if UNKNOWN in raw:
        raw = tuple([None if slot == UNKNOWN else slot for slot in raw])
    return observed(
        raw,
        known=warm == 1,
        blocked=blocked,
        stand_in=(count, total),
        repeat=repeat,
    )
