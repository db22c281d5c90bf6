"""Stage: what the online store knows about this payment's account, card, device, places."""

import asyncio

from fraud_features.online import Observation, OnlineStore, OnlineStoreUnavailable
from fraud_shared.contracts.transaction import Transaction
from fraud_shared.mesh.deadline import Deadline


class Online:
    """One round trip that records the payment and reads its windows and profile."""

    def __init__(self, store: OnlineStore, *, cap_ms: float) -> None:
        self._store = store
        self._cap_ms = cap_ms

    async def read(
        self, payment: Transaction, deadline: Deadline
    ) -> Observation | None:
        """What the store says, or None when it cannot: unknown, which is never zero."""
        remaining_s = deadline.capped(self._cap_ms).remaining_ms() / 1000
        try:
            async with asyncio.timeout(remaining_s):
                return await self._store.observe(payment)
        except (OnlineStoreUnavailable, TimeoutError):
            return None

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
