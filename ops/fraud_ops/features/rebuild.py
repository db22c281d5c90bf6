"""Rebuilding the online store from what was decided and what was reported since.

Safe beside live traffic. The store is emptied in one step and is cold from then on, so
every payment reads velocity as unknown. Payments that are decided meanwhile enter the cold
store by themselves; the rebuild meets them again in the log and knows them by their id. The
order in which payments enter does not matter to what a later one reads, only which ones do.
"""

import asyncio
from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Protocol

from fraud_features.store.port import OnlineStore, of_client
from fraud_ops.features.progress import Progress, quiet
from fraud_orchestrator.stores.history import Decided

# A payment that entered the store before it was emptied is in the log by then: the
# gateway answers or gives up within a second, and its database within five.
SETTLE = timedelta(seconds=6)
PAUSE_S = 0.05


class AlreadyComplete(Exception):
    """The online store says that it is complete; rebuilding it would only cost time."""


class DecisionLog(Protocol):
    """The gateway's decisions, oldest first."""

    async def count(self) -> int:
        """How many there are."""
        ...

    def pages(self, since: datetime | None = None) -> AsyncIterator[Sequence[Decided]]:
        """Those made at `since` or later."""
        ...


class LabelLog(Protocol):
    """What stands about payments, told to the online store by post_auth's projection."""

    async def again(self) -> int:
        """Mark every label to be told again; returns how many."""
        ...

    async def round(self) -> int:
        """Tell some; returns how many."""
        ...

    async def waiting(self) -> int:
        """How many have still to be told, by this process or another."""
        ...


@dataclass
class Rebuilt:
    """What a rebuild put back."""

    payments: int = 0
    labels: int = 0
    # Of the payments, those decided while the rebuild ran.
    meanwhile: int = 0
    stand_ins: dict[str, list[int]] = field(default_factory=dict)


async def rebuild(
    store: OnlineStore,
    decisions: DecisionLog,
    labels: LabelLog,
    *,
    again: bool = False,
    settle: timedelta = SETTLE,
    progress: Progress = quiet,
) -> Rebuilt:
    """Empty the store, let every recorded payment and label enter, declare it complete.

    A complete store is left alone unless `again`: raises AlreadyComplete. Raises what the
    stores raise; then the online store stays cold, and velocity unknown. `settle` is how
    long a payment may take from the online store to the log.
    """
    if await store.is_warm() and not again:
        raise AlreadyComplete
    began = datetime.now(UTC)
    await store.reset()
    result = Rebuilt()
    # Commits are not seen in the order of their times: the second reading looks back as
    # far as one may take, and knows what the first has seen.
    recent = began - settle
    seen: set[str] = set()
    total = await decisions.count()
    async for page in decisions.pages():
        for decided in page:
            await _enter(store, decided, result)
            if decided.decision.decided_at >= recent:
                seen.add(decided.decision.decision_id)
        progress("payments", result.payments, total)
    await _labels(store, labels, result, progress)
    await asyncio.sleep(max(0.0, (began + settle - datetime.now(UTC)).total_seconds()))
    async for page in decisions.pages(recent):
        for decided in page:
            if decided.decision.decision_id not in seen:
                await _enter(store, decided, result)
                result.meanwhile += 1
    await _stand_ins(store, result)
    await store.mark_warm()
    return result


async def _enter(store: OnlineStore, decided: Decided, result: Rebuilt) -> None:
    await store.observe(of_client(decided.transaction, decided.client))
    result.payments += 1
    account = decided.transaction.account_id
    if decided.stand_in:
        amounts = result.stand_ins.setdefault(account, [])
        amounts.append(decided.context.amount_ref_minor)
    elif decided.whole:
        result.stand_ins.pop(account, None)


async def _labels(
    store: OnlineStore, labels: LabelLog, result: Rebuilt, progress: Progress
) -> None:
    total = result.labels = await labels.again()
    # post_auth, where it runs, tells of them as well: rows are locked, so both may.
    while left := await labels.waiting():
        if not await labels.round():
            await asyncio.sleep(PAUSE_S)
        progress("labels", total - left, total)
    progress("labels", total, total)


async def _stand_ins(store: OnlineStore, result: Rebuilt) -> None:
    # A cold store's counts are unknown and allow no stand-in, so nobody else writes them.
    for account, amounts in result.stand_ins.items():
        for amount in amounts:
            await store.note_stand_in(account, amount, full=False)
