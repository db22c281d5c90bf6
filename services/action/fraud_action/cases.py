"""The analysts' queue. A resolution is a label, and undoes what proved wrong."""

from typing import Literal

import sqlalchemy as sa

from fraud_action.blocks import Target, close_blocks
from fraud_action.holds import close_holds
from fraud_action.messages import Case, label_event
from fraud_action.tables import blocks, cases
from fraud_shared.contracts.action import CaseResolution
from fraud_shared.mesh.clock import Clock
from fraud_shared.state.database import Database
from fraud_shared.state.outbox import Outbox
from fraud_shared.web.problems import Conflict, NotFound


class CaseResolved(Conflict):
    """The case was resolved otherwise before."""

    type = "case-resolved"
    detail = "Report a new label for the payment instead of resolving the case again."


class Cases:
    """Cases, oldest first."""

    def __init__(self, db: Database, outbox: Outbox, clock: Clock) -> None:
        self._db = db
        self._clock = clock
        self._outbox = outbox

    async def list(self, state: Literal["open", "resolved"], limit: int) -> list[Case]:
        """The oldest cases in a state."""
        async with self._db.read() as conn:
            found = await conn.execute(
                sa.select(cases)
                .where(cases.c.state == state)
                .order_by(cases.c.created_at, cases.c.case_id)
                .limit(limit)
            )
            return [Case(**row) for row in found.mappings()]

    async def get(self, case_id: str) -> Case:
        """One case. Raises NotFound."""
        async with self._db.read() as conn:
            found = await conn.execute(
                sa.select(cases).where(cases.c.case_id == case_id)
            )
            row = found.mappings().first()
        if row is None:
            raise NotFound
        return Case(**row)

    async def resolve(
        self, case_id: str, found: CaseResolution
    ) -> tuple[Case, tuple[Target, ...]]:
        """Store the finding and its label event together; also says what it unblocked.

        `legitimate` releases the hold and the blocks of the same decision. The same finding
        again is the same answer; another one raises CaseResolved.
        """
        now = self._clock.now()
        released: tuple[Target, ...] = ()
        async with self._db.begin() as conn:
            won = await conn.execute(
                sa.update(cases)
                .where(cases.c.case_id == case_id, cases.c.state == "open")
                .values(
                    state="resolved",
                    resolution=found.resolution,
                    analyst=found.analyst,
                    note=found.note,
                    resolved_at=now,
                )
                .returning(*cases.c)
            )
            row = won.mappings().first()
            if row is not None:
                event = label_event(
                    case_id, row["transaction_id"], found.resolution, now
                )
                await self._outbox.add(conn, [event])
                if found.resolution == "legitimate":
                    decision_id = row["decision_id"]
                    await close_holds(conn, decision_id, "case", now)
                    released = await close_blocks(
                        self._db, conn, blocks.c.decision_id == decision_id, "case", now
                    )
        if row is not None:
            return Case(**row), released
        case = await self.get(case_id)
        if case.resolution != found.resolution:
            raise CaseResolved
        return case, ()
