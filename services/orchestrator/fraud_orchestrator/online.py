"""Stage: what the online store knows about this payment's account, card, device, places."""

import asyncio
from collections import OrderedDict

import structlog

from fraud_features.online import Observation, OnlineStore, OnlineStoreUnavailable
from fraud_orchestrator.telemetry import ONLINE_FORGOTTEN, ONLINE_MISSED
from fraud_shared.contracts.transaction import Transaction
from fraud_shared.mesh.deadline import Deadline

log = structlog.get_logger()
# Payments kept for a store that is away: an hour at some thirty a second.
MISSED_CAP = 100_000


class Online:
    """One round trip that records the payment and reads its windows and profile.

    A payment that the store did not take is told to it again once it answers: windows that
    lack it would be too small, and would not say so.
    """

    def __init__(
        self, store: OnlineStore, *, cap_ms: float, missed_cap: int = MISSED_CAP
    ) -> None:
        self._store = store
        self._cap_ms = cap_ms
        self._missed: OrderedDict[str, Transaction] = OrderedDict()
        self._missed_cap = missed_cap

    async def read(
        self, payment: Transaction, deadline: Deadline
    ) -> Observation | None:
        """What the store says, or None when it cannot: unknown, which is never zero."""
        remaining_s = deadline.capped(self._cap_ms).remaining_ms() / 1000
        try:
            async with asyncio.timeout(remaining_s):
                return await self._store.observe(payment)
        except (OnlineStoreUnavailable, TimeoutError):
            self._miss(payment)
            return None

    @property
    def missed(self) -> int:
        """How many payments the store has not taken yet."""
        return len(self._missed)

    async def catch_up(self) -> None:
        """Tell the store what it missed, oldest first, until it has all or does not answer.

        It may have taken one and answered too late: then this is a repeat, which moves
        nothing. Otherwise the payment is counted in its place, as any late one.
        """
        while self._missed:
            payment = next(iter(self._missed.values()))
            try:
                await self._store.observe(payment)
            except OnlineStoreUnavailable:
                return
            self._missed.pop(payment.transaction_id, None)

    def _miss(self, payment: Transaction) -> None:
        ONLINE_MISSED.inc()
        self._missed[payment.transaction_id] = payment
        if len(self._missed) > self._missed_cap:
            self._missed.popitem(last=False)
            ONLINE_FORGOTTEN.inc()
            log.error("online_store_incomplete", cure="fraud features rebuild --again")

    async def peek(
        self, payment: Transaction, deadline: Deadline
    ) -> Observation | None:
        """What `read` would say; nothing is recorded."""
        try:
            async with asyncio.timeout(deadline.remaining_ms() / 1000):
                return await self._store.peek(payment)
        except (OnlineStoreUnavailable, TimeoutError):
            return None

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
