"""Loads the simulated past into the online store, as serving would have recorded it."""

import asyncio
import json
from collections.abc import Callable

from fraud_features.store.port import OnlineStore, OnlineStoreUnavailable
from fraud_lab.demo.plan import Play
from fraud_ops.simulate import SimulatedPayment
from fraud_orchestrator.privacy import Privacy
from fraud_shared.contracts.transaction import TransactionIn

AT_ONCE = 8
TRIES = 20


async def load(
    play: Play, store: OnlineStore, privacy: Privacy, progress: Callable[[int], None]
) -> None:
    """Observe every payment of the past, then let its labels count.

    Accounts go in parallel, the payments of one account in order.
    """
    lanes: list[list[SimulatedPayment]] = [[] for _ in range(AT_ONCE)]
    for payment in play.history:
        lanes[hash_lane(payment.payment["account_id"])].append(payment)

    async def observe(lane: list[SimulatedPayment]) -> None:
        for payment in lane:
            inside = privacy.inside(read(payment))
            for attempt in range(TRIES):
                try:
                    await store.observe(inside)
                    break
                except OnlineStoreUnavailable:
                    # A busy machine can miss the store's 10 ms once; a payment would go
                    # on without, but history must be complete.
                    if attempt == TRIES - 1:
                        raise
                    await asyncio.sleep(0.05)
            progress(1)

    await asyncio.gather(*(observe(lane) for lane in lanes))
    known = {p.payment["transaction_id"]: p for p in play.history}
    for label in play.history_labels:
        reported = label.label
        paid = known.get(reported["transaction_id"])
        if paid is not None:
            await store.apply_label(paid.effect(reported))


def read(payment: SimulatedPayment) -> TransactionIn:
    """The simulated payment through the contract."""
    return TransactionIn.model_validate_json(json.dumps(payment.payment))


def hash_lane(account_id: str) -> int:
    """The lane of an account: the same in every run."""
    return sum(account_id.encode()) % AT_ONCE
