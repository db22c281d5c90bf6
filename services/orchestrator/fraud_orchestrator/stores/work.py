"""Work that people ask for and workers carry out: proposals about models, studies of rules.

proposed → approved → running → done | failed; rejected before it runs. A worker has a piece
of work until its lease ends; whoever lost the lease reports nothing any more.
"""

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any
from uuid import uuid4

import sqlalchemy as sa

from fraud_orchestrator.tables import work, workers
from fraud_shared.mesh.clock import Clock
from fraud_shared.state.bus import Envelope
from fraud_shared.state.database import Database
from fraud_shared.state.outbox import Outbox
from fraud_shared.state.paging import Key, fetch_page
from fraud_shared.state.versions import SecondPersonRequired
from fraud_shared.web.problems import Conflict, NotFound

LEASE = timedelta(minutes=2)
# A worker that breaks off is given the work again; one that always breaks off is not.
ATTEMPTS = 3
# Workers ask every few seconds: after so long none is there.
PRESENT = timedelta(seconds=60)
_SEEN_GRAIN = timedelta(seconds=10)
Row = sa.Row[Any]


class AlreadyAsked(Conflict):
    """The same work is under way."""

    type = "already-asked"
    detail = "The same was asked for and has not ended; see the list."


class WorkStateWrong(Conflict):
    """The work's state does not allow this."""

    type = "work-state"
    detail = "It is not in a state from which this is possible."


class ClaimLost(Conflict):
    """The work is another worker's by now, or ended."""

    type = "claim-lost"
    detail = "The lease has ended: what was done is not recorded."


class WorkStore:
    """Pieces of work in SQL. Each method is one transaction."""

    def __init__(self, db: Database, outbox: Outbox, clock: Clock) -> None:
        self._db = db
        self._outbox = outbox
        self._clock = clock

    async def ask(
        self,
        kind: str,
        parameters: dict[str, Any],
        who: str,
        why: str,
        *,
        state: str = "approved",
    ) -> Row:
        """Keep work for a worker; `proposed` needs a second person first. Raises
        AlreadyAsked where the same has not ended."""
        row = {
            "work_id": f"w-{uuid4().hex[:12]}",
            "kind": kind,
            "parameters": parameters,
            "state": state,
            "why": why,
            "asked_by": who,
            "asked_at": self._clock.now(),
            "attempts": 0,
            "share": 0.0,
        }

        def add(conn: sa.Connection) -> Row:
            open_ = sa.select(work.c.parameters).where(
                work.c.kind == kind, work.c.finished_at.is_(None)
            )
            if parameters in conn.execute(open_).scalars().all():
                raise AlreadyAsked
            conn.execute(sa.insert(work).values(**row))
            return _read(conn, str(row["work_id"]))

        return await self._db.run(add)

    async def decide(
        self,
        work_id: str,
        kinds: Sequence[str],
        who: str,
        why: str,
        *,
        approved: bool,
    ) -> Row:
        """Approve what another person proposed, or reject what no worker has begun.
        Raises NotFound, WorkStateWrong and SecondPersonRequired."""
        now = self._clock.now()
        given = {"decided_by": who, "decided_at": now, "decided_why": why}

        def change(conn: sa.Connection) -> Row:
            row = _read(conn, work_id, kinds)
            if approved and row.asked_by == who:
                raise SecondPersonRequired
            allowed = ("proposed",) if approved else ("proposed", "approved")
            values = {"state": "approved" if approved else "rejected", **given}
            if not approved:
                values["finished_at"] = now
            update = sa.update(work).where(
                work.c.work_id == work_id, work.c.state.in_(allowed)
            )
            if conn.execute(update.values(**values)).rowcount != 1:
                raise WorkStateWrong
            return _read(conn, work_id)

        return await self._db.run(change)

    async def get(self, work_id: str, kinds: Sequence[str]) -> Row:
        """One piece of work. Raises NotFound."""
        return await self._db.run(lambda conn: _read(conn, work_id, kinds), write=False)

    async def page(
        self, kinds: Sequence[str], limit: int, cursor: str | None
    ) -> tuple[list[Any], str | None]:
        """Work of these kinds, newest first, and the next cursor."""
        query = sa.select(work).where(work.c.kind.in_(kinds))
        keys = (Key(work.c.asked_at, descending=True), Key(work.c.work_id))
        async with self._db.read() as conn:
            return await fetch_page(conn, query, keys, limit, cursor)

    async def present(self) -> frozenset[str]:
        """The kinds of work for which a worker is there."""
        seen = sa.select(workers.c.kind).where(
            workers.c.seen_at >= self._clock.now() - PRESENT
        )
        return await self._db.run(
            lambda conn: frozenset(conn.execute(seen).scalars()), write=False
        )

    async def claim(self, kinds: Sequence[str], worker: str) -> Row | None:
        """Lend a worker the oldest work that waits, if any, and note that it is there."""
        now = self._clock.now()
        waits = sa.and_(
            work.c.kind.in_(kinds),
            sa.or_(
                work.c.state == "approved",
                sa.and_(work.c.state == "running", work.c.claimed_until < now),
            ),
        )
        oldest = sa.select(work).where(waits).order_by(work.c.asked_at).limit(1)
        seen = sa.select(workers).where(
            workers.c.kind.in_(kinds), workers.c.seen_at > now - _SEEN_GRAIN
        )

        def idle(conn: sa.Connection) -> bool:
            fresh = len(conn.execute(seen).all()) == len(set(kinds))
            return fresh and conn.execute(oldest).first() is None

        def take(conn: sa.Connection) -> Row | None:
            self._note(conn, kinds, now)
            row = conn.execute(oldest).first()
            if row is None:
                return None
            update = sa.update(work).where(work.c.work_id == row.work_id, waits)
            if row.attempts >= ATTEMPTS:
                problem = f"the worker broke off {ATTEMPTS} times"
                conn.execute(
                    update.values(state="failed", problem=problem, finished_at=now)
                )
                return None
            claimed = conn.execute(
                update.values(
                    state="running",
                    claim=uuid4().hex,
                    claimed_by=worker,
                    claimed_until=now + LEASE,
                    attempts=row.attempts + 1,
                )
            )
            return _read(conn, row.work_id) if claimed.rowcount == 1 else None

        # Workers ask again and again: most of the time there is nothing to write.
        if await self._db.run(idle, write=False):
            return None
        return await self._db.run(take)

    async def claimed(self, claim: str) -> Row:
        """The work that a worker has. Raises ClaimLost."""
        query = sa.select(work).where(work.c.claim == claim, work.c.state == "running")
        row = await self._db.run(lambda conn: conn.execute(query).first(), write=False)
        if row is None:
            raise ClaimLost
        return row

    async def progress(self, claim: str, share: float, stage: str) -> datetime:
        """Extend a worker's lease; until when. Raises ClaimLost."""
        until = self._clock.now() + LEASE
        values = {"claimed_until": until, "share": share, "stage": stage}
        await self._db.run(lambda conn: _held(conn, claim, values))
        return until

    async def finish(
        self,
        claim: str,
        *,
        problem: str | None,
        result: dict[str, Any],
        events: Sequence[Envelope] = (),
    ) -> Row:
        """Record what came of it, and publish it, in one transaction. Raises ClaimLost."""
        values = {
            "state": "done" if problem is None else "failed",
            "problem": problem,
            "result": result,
            "finished_at": self._clock.now(),
            "share": 1.0,
        }

        def change(conn: sa.Connection) -> Row:
            work_id = _held(conn, claim, values)
            self._outbox.insert(conn, events)
            return _read(conn, work_id)

        row = await self._db.run(change)
        if events:
            self._outbox.written.set()
        return row

    def _note(self, conn: sa.Connection, kinds: Sequence[str], now: datetime) -> None:
        for kind in sorted(set(kinds)):
            insert = self._db.insert(workers).values(kind=kind, seen_at=now)
            conn.execute(
                insert.on_conflict_do_update(
                    index_elements=["kind"], set_={"seen_at": now}
                )
            )


def _read(conn: sa.Connection, work_id: str, kinds: Sequence[str] | None = None) -> Row:
    query = sa.select(work).where(work.c.work_id == work_id)
    if kinds is not None:
        query = query.where(work.c.kind.in_(kinds))
    row = conn.execute(query).first()
    if row is None:
        raise NotFound
    return row


def _held(conn: sa.Connection, claim: str, values: dict[str, Any]) -> str:
    """Change the work that a worker has; which it is."""
    update = sa.update(work).where(work.c.claim == claim, work.c.state == "running")
    changed = conn.execute(update.values(**values).returning(work.c.work_id)).scalar()
    if changed is None:
        raise ClaimLost
    return str(changed)
