"""The analysts' queue. A finding about a payment is its label, and undoes what proved wrong."""

from collections.abc import Sequence
from datetime import datetime
from typing import Literal, get_args

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncConnection

from fraud_action.blocks import BlockTarget, close_blocks
from fraud_action.holds import close_holds
from fraud_action.messages import Case, label_event
from fraud_action.tables import blocks, cases
from fraud_shared.contracts.action import (
    CaseResolution,
    ListingResolution,
    PaymentResolution,
)
from fraud_shared.mesh.clock import Clock
from fraud_shared.state.database import Database
from fraud_shared.state.outbox import Outbox
from fraud_shared.web.keys import EVERY_TENANT
from fraud_shared.web.problems import Conflict, InvalidInput, NotFound


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

    async def list(
        self,
        state: Literal["open", "resolved"],
        limit: int,
        tenants: Sequence[str],
    ) -> list[Case]:
        """The oldest cases in a state, of these tenants."""
        async with self._db.read() as conn:
            found = await conn.execute(
                sa.select(cases)
                .where(cases.c.state == state, _of(tenants))
                .order_by(cases.c.created_at, cases.c.case_id)
                .limit(limit)
            )
            return [Case(**row) for row in found.mappings()]

    async def get(self, case_id: str, tenants: Sequence[str]) -> Case:
        """One case of these tenants. Raises NotFound, also for that of another."""
        async with self._db.read() as conn:
            found = await conn.execute(
                sa.select(cases).where(cases.c.case_id == case_id, _of(tenants))
            )
            row = found.mappings().first()
        if row is None:
            raise NotFound
        return Case(**row)

    async def resolve(
        self,
        case_id: str,
        found: CaseResolution,
        tenants: Sequence[str],
    ) -> tuple[Case, tuple[BlockTarget, ...]]:
        """Store the finding and its label event together; also says what it unblocked.

        `legitimate` releases the hold and the blocks of the same decision. A finding about a
        listing is no label: it says nothing about the payment. The same finding again is
        the same answer; another one raises CaseResolved, one of the other kind InvalidInput.
        """
        _check(await self.get(case_id, tenants), found)
        now = self._clock.now()
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
                resolved = Case(**row)
                return resolved, await self._follow_up(conn, resolved, now)
        case = await self.get(case_id, tenants)
        if case.resolution != found.resolution:
            raise CaseResolved
        return case, ()

    async def _follow_up(
        self, conn: AsyncConnection, case: Case, now: datetime
    ) -> tuple[BlockTarget, ...]:
        """The label of a finding about a payment, and what that lifts."""
        if case.resolution != "fraud" and case.resolution != "legitimate":
            return ()
        event = label_event(
            case.case_id, case.transaction_id, case.resolution, now, case.tenant
        )
        await self._outbox.add(conn, [event])
        if case.resolution == "fraud":
            return ()
        await close_holds(conn, case.decision_id, "case", now)
        theirs = blocks.c.decision_id == case.decision_id
        return await close_blocks(self._db, conn, theirs, "case", now)


def _of(tenants: Sequence[str]) -> sa.ColumnElement[bool]:
    if EVERY_TENANT in tenants:
        return sa.true()
    return cases.c.tenant.in_(tenants)


def _check(case: Case, found: CaseResolution) -> None:
    kind = PaymentResolution if case.listing is None else ListingResolution
    if found.resolution not in get_args(kind):
        allowed = " or ".join(get_args(kind))
        raise InvalidInput(errors=[("resolution", f"of this case is {allowed}")])
