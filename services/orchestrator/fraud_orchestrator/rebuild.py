"""Rebuilding the online store from what was decided and what was reported since.

Safe beside live traffic. The store is cold, emptied in one step if asked to, so every
payment reads velocity as unknown. Payments that are decided meanwhile enter the cold
store by themselves; the rebuild meets them again in the log and knows them by their id. The
order in which payments enter does not matter to what a later one reads, only which ones do.
"""

import asyncio
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Protocol

import sqlalchemy as sa

from fraud_features.store.observation import of_client
from fraud_features.store.port import OnlineStore, OnlineStoreUnavailable
from fraud_orchestrator.stores.history import Decided
from fraud_orchestrator.tables import online_rebuild
from fraud_shared.contracts.transaction import Transaction
from fraud_shared.state.database import Database

# Called with a stage's name, how much of it is done, and how much there is.
Progress = Callable[[str, int, int], None]
# Called after a page with how many payments it had.
Pace = Callable[[int], Awaitable[None]]

# A payment that entered the store before it was emptied is in the log by then: the
# gateway answers or gives up within a second, and its database within five.
SETTLE = timedelta(seconds=6)
PAUSE_S = 0.05
# A store that is busy with payments answers late now and then: tried again, so often.
TRIES = 6
LEASE = timedelta(seconds=60)


def quiet(stage: str, done: int, total: int) -> None:
    """Shows nothing."""


async def at_once(payments: int) -> None:
    """Waits for nothing."""


class LostMeanwhile(Exception):
    """The store was emptied, or another took the work over, while it was being rebuilt."""


class RebuildLease:
    """At most one rebuilds at a time, of all gateways and commands on one database."""

    def __init__(self, db: Database, now: Callable[[], float] = time.time) -> None:
        self._db = db
        self._now = now

    async def take(self, holder: str) -> bool:
        """Take or prolong the lease for a minute; false while another has it."""
        now = int(self._now() * 1e6)
        until = now + int(LEASE.total_seconds() * 1e6)
        table = online_rebuild
        row = {"name": "online", "holder": holder, "until_us": until}
        insert = self._db.insert(table).values(row)
        taken = insert.on_conflict_do_update(
            index_elements=[table.c.name],
            set_={"holder": holder, "until_us": until},
            where=sa.or_(table.c.until_us < now, table.c.holder == holder),
        ).returning(table.c.holder)
        return await self._db.run(lambda conn: conn.execute(taken).first() is not None)

    async def give_back(self, holder: str) -> None:
        """End the lease, if it is still this holder's."""
        mine = sa.delete(online_rebuild).where(online_rebuild.c.holder == holder)
        await self._db.run(lambda conn: conn.execute(mine))


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
    # The first that entered: a store that does not know it any more was emptied since.
    first: Transaction | None = None


async def rebuild(
    store: OnlineStore,
    decisions: DecisionLog,
    labels: LabelLog,
    *,
    again: bool = False,
    empty: bool = True,
    settle: timedelta = SETTLE,
    progress: Progress = quiet,
    pace: Pace = at_once,
) -> Rebuilt:
    """Let every recorded payment and label enter the store, emptied before if `empty`, and
    declare it complete.

    A complete store is left alone unless `again`: raises AlreadyComplete. Raises
    LostMeanwhile when the store was emptied while this ran, and what the stores and `pace`
    raise; then the online store stays cold, and velocity unknown. `settle` is how long a
    payment may take from the online store to the log.
    """
    if await store.is_warm() and not again:
        raise AlreadyComplete
    began = datetime.now(UTC)
    if empty:
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
        await pace(len(page))
    await _labels(store, labels, result, progress)
    await asyncio.sleep(max(0.0, (began + settle - datetime.now(UTC)).total_seconds()))
    async for page in decisions.pages(recent):
        for decided in page:
            if decided.decision.decision_id not in seen:
                await _enter(store, decided, result)
                result.meanwhile += 1
    await _stand_ins(store, result)
    if result.first is not None and not (await store.observe(result.first)).repeat:
        raise LostMeanwhile
    await store.mark_warm()
    return result


async def _enter(store: OnlineStore, decided: Decided, result: Rebuilt) -> None:
    if not decided.transaction.counted:
        return
    payment = of_client(decided.transaction, decided.client)
    for left in reversed(range(TRIES)):
        try:
            await store.observe(payment)
            break
        except OnlineStoreUnavailable:
            if not left:
                raise
            await asyncio.sleep(PAUSE_S)
    result.first = result.first or payment
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
        # One that was interrupted here before may have counted some.
        await store.note_stand_in(account, 0, full=True)
        for amount in amounts:
            await store.note_stand_in(account, amount, full=False)
