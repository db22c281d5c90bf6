"""Stage: what the online store knows about this payment's account, card, device, places."""

import asyncio
from collections.abc import Iterator
from contextlib import contextmanager, suppress

import structlog

from fraud_features.definitions.facts import entities_of
from fraud_features.store.observation import Observation, unknown
from fraud_features.store.port import (
    OnlineStore,
    OnlineStoreRefusal,
    OnlineStoreUnavailable,
)
from fraud_features.store.schema import LOGS, SLOT
from fraud_orchestrator.recent import RecentPayments
from fraud_orchestrator.stores.backfill import BackfillLog, BackfillQueue
from fraud_orchestrator.telemetry import ONLINE_CUT, ONLINE_FORGOTTEN, ONLINE_MISSED
from fraud_shared.contracts.transaction import Transaction
from fraud_shared.mesh.deadline import Deadline

log = structlog.get_logger()
# Payments kept for a store that is away: an hour at some thirty a second.
MISSED_CAP = 100_000
# So many missed payments may be replayed before a payment, within its own time.
_REPLAYED_BEFORE = 4
_LONGEST = {
    log.key: SLOT[f"{log.name}_n_{log.windows[0]}"]
    for log in LOGS
    if log.name == log.key
}


class Online:
    """One round trip that records the payment and reads its windows and profile.

    Windows that lack a payment would be too small, and would not say so. So a payment that
    the store did not take is replayed: before the next payment that shares an entity
    with it, by `catch_up` beside the payments, and after a restart. Until then such payments
    read as unknown.
    """

    def __init__(
        self,
        store: OnlineStore,
        *,
        cap_ms: float,
        backfill_log: BackfillLog,
        missed_cap: int = MISSED_CAP,
        recent: RecentPayments | None = None,
    ) -> None:
        self._store = store
        self._cap_ms = cap_ms
        self._log = backfill_log
        self._missed_cap = missed_cap
        self._missed = BackfillQueue(missed_cap)
        self._recent = recent or RecentPayments()
        self._replayed: list[str] = []
        # The store answers again: time to catch up.
        self.recovered = asyncio.Event()

    async def read(
        self, payment: Transaction, deadline: Deadline
    ) -> Observation | None:
        """What the store says. While it is silent, a lower bound from this process's
        memory, or None: unknown, which is never zero."""
        remaining_s = deadline.capped(self._cap_ms).remaining_ms() / 1000
        try:
            async with asyncio.timeout(remaining_s):
                observation = await self._observe(payment)
        except (OnlineStoreUnavailable, TimeoutError):
            self._miss(payment)
            return self._recent.lower_bound(payment)
        self._recent.answered(payment, observation)
        return observation

    async def close(self) -> None:
        """End what is under way."""
        await self._recent.close()

    async def _observe(self, payment: Transaction) -> Observation:
        lacking = self._missed.sharing(payment, _REPLAYED_BEFORE + 1)
        for earlier in lacking[:_REPLAYED_BEFORE]:
            await self._replay(earlier)
        observation = await self._store.observe(payment)
        if len(self._missed):
            self.recovered.set()
        _count_cut(payment, observation)
        if len(lacking) <= _REPLAYED_BEFORE:
            return observation
        return unknown(blocked=observation.blocked, repeat=observation.repeat)

    async def _replay(self, payment: Transaction) -> None:
        """It may have taken the payment and answered too late: then this is a repeat, which
        moves nothing. Otherwise the payment is counted in its place, as any late one."""
        try:
            await self._store.observe(payment)
        except OnlineStoreRefusal:
            self._give_up(payment)
            return
        self._missed.drop(payment)
        self._replayed.append(payment.transaction_id)

    @contextmanager
    def recording(self, transaction_id: str) -> Iterator[bool]:
        """Around the recording of a payment's decision; says whether the store has still
        to take the payment, which the record must then say too.

        One that is replayed meanwhile is forgotten with the next round: the round that
        replayed it found nothing on record. Nothing is noted where recording raises.
        """
        missed = transaction_id in self._missed
        yield missed
        if missed and transaction_id not in self._missed:
            self._replayed.append(transaction_id)

    @property
    def missed(self) -> int:
        """How many payments the store has not taken yet."""
        return len(self._missed)

    async def recover(self) -> None:
        """Know again what an earlier run of the gateway had still to replay."""
        for payment in await self._log.load(self._missed_cap):
            self._miss(payment)

    async def catch_up(self) -> None:
        """Replay what the store missed, oldest first, until it has all or does not answer."""
        with suppress(OnlineStoreUnavailable):
            for payment in self._missed:
                await self._replay(payment)
        if replayed := tuple(self._replayed):
            await self._log.forget(replayed)
            del self._replayed[: len(replayed)]

    def _miss(self, payment: Transaction) -> None:
        ONLINE_MISSED.inc()
        too_many = self._missed.add(payment)
        if too_many is not None:
            self._give_up(too_many)

    def _give_up(self, payment: Transaction) -> None:
        self._missed.drop(payment)
        ONLINE_FORGOTTEN.inc()
        log.error("online_store_incomplete", cure="fraud features rebuild --again")
        self._replayed.append(payment.transaction_id)

    async def peek(
        self, payment: Transaction, deadline: Deadline
    ) -> Observation | None:
        """What `read` would say; nothing is recorded."""
        try:
            async with asyncio.timeout(deadline.remaining_ms() / 1000):
                observation = await self._store.peek(payment)
        except (OnlineStoreUnavailable, TimeoutError):
            return None
        return None if self._missed.sharing(payment) else observation

    async def note_approval(
        self, payment: Transaction, amount_ref_minor: int, *, stand_in: bool, used: int
    ) -> None:
        """Count a stand-in approval, or clear the count after a full verdict."""
        if not stand_in and used == 0:
            return
        try:
            await self._store.note_stand_in(
                payment.account_id, amount_ref_minor, full=not stand_in
            )
        except OnlineStoreUnavailable:
            # Then the next read is unknown as well, and stand-in is not allowed at all.
            return


def _count_cut(payment: Transaction, observation: Observation) -> None:
    if not observation.known:
        return
    for kind, _ in entities_of(payment):
        if observation.raw[_LONGEST[kind]] is None:
            ONLINE_CUT.labels(kind).inc()
