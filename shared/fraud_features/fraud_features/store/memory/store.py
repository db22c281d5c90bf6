"""The in-process online store: for the one-process shape, for tests, for backtests."""

from collections.abc import Callable, Sequence
from dataclasses import replace
from datetime import UTC, datetime

from fraud_features.definitions.facts import Facts, facts_of, microseconds
from fraud_features.store.memory.engine import Engine
from fraud_features.store.observation import (
    BLOCK_KINDS,
    LabelEffect,
    Observation,
    observed,
    unknown,
)
from fraud_features.store.port import Named
from fraud_features.store.schema import LOG_CAP, REPLY_TTL
from fraud_shared.contracts.action import BlockKind
from fraud_shared.contracts.transaction import Transaction

# Replies kept whole, about 5 kB each. An older repeat is still recognised and moves
# nothing, but reads as unknown.
REPLY_CAP = 50_000


def _utc_now() -> datetime:
    return datetime.now(UTC)


class MemoryOnlineStore:
    """State in this process: gone with it, and therefore cold after a restart."""

    def __init__(
        self,
        *,
        warm: bool = False,
        now: Callable[[], datetime] = _utc_now,
        log_cap: int = LOG_CAP,
        seen_cap: int | None = None,
        reply_cap: int = REPLY_CAP,
    ) -> None:
        self._engine = Engine(log_cap=log_cap, seen_cap=seen_cap)
        self._caps = (log_cap, seen_cap)
        self._warm = warm
        self._now = now
        self._reply_cap = reply_cap
        self._replies: dict[str, tuple[int, Observation]] = {}
        self._ids: dict[str, int] = {}
        self._blocks: dict[tuple[BlockKind, str], datetime] = {}
        self._stand_ins: dict[str, tuple[int, int]] = {}

    async def observe(self, payment: Transaction) -> Observation:
        now = microseconds(self._now())
        self._forget(now)
        transaction_id = payment.transaction_id
        if transaction_id in self._ids:
            kept = self._replies.get(transaction_id)
            return replace(kept[1] if kept else unknown(), repeat=True)
        facts = facts_of(payment)
        observation = self._observation(facts, tuple(self._engine.observe(facts)))
        self._ids[transaction_id] = now
        self._replies[transaction_id] = (now, observation)
        return observation

    async def peek(self, payment: Transaction) -> Observation:
        kept = self._replies.get(payment.transaction_id)
        if kept is not None:
            return kept[1]
        facts = facts_of(payment)
        return self._observation(facts, tuple(self._engine.peek(facts)))

    def _observation(self, facts: Facts, raw: tuple[int | None, ...]) -> Observation:
        return observed(
            raw,
            known=self._warm,
            blocked=self._blocked(facts),
            stand_in=self._stand_ins.get(facts.account, (0, 0)),
        )

    async def apply_label(self, label: LabelEffect) -> None:
        self._engine.apply_label(label)

    async def put_block(self, kind: BlockKind, key: str, until: datetime) -> None:
        self._blocks[kind, key] = until

    async def drop_block(self, kind: BlockKind, key: str) -> None:
        self._blocks.pop((kind, key), None)

    async def note_stand_in(
        self, account_id: str, amount_ref_minor: int, *, full: bool
    ) -> None:
        if full:
            self._stand_ins.pop(account_id, None)
            return
        count, total = self._stand_ins.get(account_id, (0, 0))
        self._stand_ins[account_id] = (count + 1, total + amount_ref_minor)

    async def forget(self, own: Sequence[Named], shared: Sequence[Named]) -> None:
        self._engine.forget(own, shared)
        for kind, key in own:
            self._blocks = {b: u for b, u in self._blocks.items() if b != (kind, key)}
            if kind == "account":
                self._stand_ins.pop(key, None)

    async def mark_warm(self) -> None:
        self._warm = True

    async def is_warm(self) -> bool:
        return self._warm

    async def reset(self) -> None:
        log_cap, seen_cap = self._caps
        self._warm = False
        self._engine = Engine(log_cap=log_cap, seen_cap=seen_cap)
        for kept in (self._replies, self._ids, self._stand_ins):
            kept.clear()

    async def ping(self) -> bool:
        return True

    async def close(self) -> None:
        return None

    def _blocked(self, facts: Facts) -> tuple[BlockKind, ...]:
        if not self._blocks:
            return ()
        keys = {"card": facts.card, "account": facts.account, "device": facts.device}
        now = self._now()
        blocked: list[BlockKind] = []
        for kind in BLOCK_KINDS:
            key = keys[kind]
            until = self._blocks.get((kind, key)) if key is not None else None
            if key is not None and until is not None and until <= now:
                del self._blocks[kind, key]
            elif until is not None:
                blocked.append(kind)
        return tuple(blocked)

    def _forget(self, now: int) -> None:
        while len(self._replies) >= self._reply_cap:
            del self._replies[next(iter(self._replies))]
        while self._ids and next(iter(self._ids.values())) <= now - REPLY_TTL:
            oldest = next(iter(self._ids))
            del self._ids[oldest]
            self._replies.pop(oldest, None)
