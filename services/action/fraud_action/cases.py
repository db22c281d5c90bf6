"""The analysts' work on cases. A finding about a payment is its label, and undoes what
proved wrong."""

from collections.abc import Sequence
from datetime import datetime
from typing import get_args

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncConnection

from fraud_action.activity import notes_of, of_tenants, record
from fraud_action.blocks import BlockTarget, close_blocks
from fraud_action.case_queue import CaseQueue
from fraud_action.holds import close_holds
from fraud_action.messages import label_event
from fraud_action.tables import blocks, cases
from fraud_shared.contracts.action import ListingResolution, PaymentResolution
from fraud_shared.contracts.cases import (
    BulkItem,
    BulkResolution,
    BulkResolved,
    Case,
    CaseHistory,
    CaseResolution,
)
from fraud_shared.mesh.clock import Clock
from fraud_shared.mesh.tokens import Actor
from fraud_shared.state.database import Database
from fraud_shared.state.outbox import Outbox
from fraud_shared.web.problems import Conflict, InvalidInput, NotFound

Lifted = tuple[BlockTarget, ...]


class CaseResolved(Conflict):
    """The case was resolved otherwise before."""

    type = "case-resolved"
    detail = "Report a new label for the payment instead of resolving the case again."


class CaseNotOpen(Conflict):
    """The case is resolved."""

    type = "case-not-open"
    detail = "Only an open case can be given to somebody."


class Cases:
    """What is done about cases."""

    def __init__(
        self, db: Database, outbox: Outbox, clock: Clock, queue: CaseQueue
    ) -> None:
        self._db = db
        self._clock = clock
        self._outbox = outbox
        self._queue = queue

    async def get(self, case_id: str, tenants: Sequence[str]) -> Case:
        """One case of these tenants. Raises NotFound, also for that of another."""
        async with self._db.read() as conn:
            return self._queue.shown(await _read(conn, case_id, tenants))

    async def view(self, case_id: str, actor: Actor) -> CaseHistory:
        """One case with its history; that somebody looked is part of it. Raises
        NotFound."""
        now = self._clock.now()
        async with self._db.begin() as conn:
            row = await _read(conn, case_id, actor.tenants)
            await record(conn, _subject(row), "viewed", actor.client, now)
            notes = await notes_of(conn, "case", case_id)
        shown = self._queue.shown(row).model_dump()
        return CaseHistory.model_validate({**shown, "notes": notes}, strict=False)

    async def assign(self, case_id: str, assignee: str | None, actor: Actor) -> Case:
        """Give an open case to somebody, or back. Raises NotFound, CaseNotOpen."""
        async with self._db.begin() as conn:
            changed = await conn.execute(
                sa.update(cases)
                .where(*_this(case_id, actor.tenants), cases.c.state == "open")
                .values(assignee=assignee)
                .returning(*cases.c)
            )
            row = changed.mappings().first()
            if row is None:
                await _read(conn, case_id, actor.tenants)
                raise CaseNotOpen
            now = self._clock.now()
            await record(
                conn, _subject(row), "assigned", actor.client, now, text=assignee
            )
        return self._queue.shown(row)

    async def note(self, case_id: str, text: str, actor: Actor) -> CaseHistory:
        """Write something about a case, open or not. Raises NotFound."""
        async with self._db.begin() as conn:
            row = await _read(conn, case_id, actor.tenants)
            now = self._clock.now()
            await record(conn, _subject(row), "noted", actor.client, now, text=text)
            notes = await notes_of(conn, "case", case_id)
        shown = self._queue.shown(row).model_dump()
        return CaseHistory.model_validate({**shown, "notes": notes}, strict=False)

    async def resolve(
        self, case_id: str, found: CaseResolution, actor: Actor
    ) -> tuple[Case, Lifted]:
        """Store the finding and its label event together; also says what it unblocked.

        `legitimate` releases the hold and the blocks of the same decision. A finding about a
        listing is no label: it says nothing about the payment. The same finding again is
        the same answer; another one raises CaseResolved, one of the other kind InvalidInput.
        """
        _check(await self.get(case_id, actor.tenants), found)
        now = self._clock.now()
        async with self._db.begin() as conn:
            won = await conn.execute(
                sa.update(cases)
                .where(*_this(case_id, actor.tenants), cases.c.state == "open")
                .values(
                    state="resolved",
                    resolution=found.outcome,
                    analyst=actor.client,
                    note=found.note,
                    resolved_at=now,
                )
                .returning(*cases.c)
            )
            row = won.mappings().first()
            if row is not None:
                await record(
                    conn, _subject(row), "resolved", actor.client, now, text=found.note
                )
                resolved = self._queue.shown(row)
                return resolved, await self._follow_up(conn, resolved, now)
        case = await self.get(case_id, actor.tenants)
        if case.resolution != found.outcome:
            raise CaseResolved
        return case, ()

    async def resolve_all(
        self, found: BulkResolution, actor: Actor
    ) -> tuple[BulkResolved, Lifted]:
        """One finding about many cases, each for itself: what cannot be resolved so is
        said and stops no other."""
        items: list[BulkItem] = []
        lifted: list[BlockTarget] = []
        finding = CaseResolution(outcome=found.outcome, note=found.note)
        for case_id in dict.fromkeys(found.case_ids):
            try:
                _, targets = await self.resolve(case_id, finding, actor)
            except NotFound:
                items.append(BulkItem(case_id=case_id, status="not_found"))
            except CaseResolved:
                items.append(BulkItem(case_id=case_id, status="conflict"))
            except InvalidInput:
                items.append(BulkItem(case_id=case_id, status="wrong_kind"))
            else:
                lifted.extend(targets)
                items.append(BulkItem(case_id=case_id, status="resolved"))
        return BulkResolved(items=items), tuple(lifted)

    async def _follow_up(
        self, conn: AsyncConnection, case: Case, now: datetime
    ) -> Lifted:
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


async def _read(
    conn: AsyncConnection, case_id: str, tenants: Sequence[str]
) -> sa.RowMapping:
    found = await conn.execute(sa.select(cases).where(*_this(case_id, tenants)))
    row = found.mappings().first()
    if row is None:
        raise NotFound
    return row


def _this(case_id: str, tenants: Sequence[str]) -> tuple[sa.ColumnElement[bool], ...]:
    return cases.c.case_id == case_id, of_tenants(cases, tenants)


def _subject(row: sa.RowMapping) -> tuple[str, str, str]:
    return "case", row["case_id"], row["tenant"]


def _check(case: Case, found: CaseResolution) -> None:
    kind = PaymentResolution if case.listing is None else ListingResolution
    if found.outcome not in get_args(kind):
        allowed = " or ".join(get_args(kind))
        raise InvalidInput(errors=[("outcome", f"of this case is {allowed}")])
