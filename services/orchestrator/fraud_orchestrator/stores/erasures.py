"""Erasures on record: asked for, approved by a second person, and how far they are."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import uuid4

import sqlalchemy as sa

from fraud_orchestrator.stores.audit import lock
from fraud_orchestrator.tables import erasures
from fraud_shared.contracts.privacy import ErasureView, NewErasure
from fraud_shared.mesh.clock import Clock
from fraud_shared.state.database import Database
from fraud_shared.state.paging import Key, fetch_page
from fraud_shared.state.versions import SecondPersonRequired
from fraud_shared.web.problems import InvalidInput, NotFound

Row = sa.Row[Any]
_NEWEST = (Key(erasures.c.requested_at, descending=True), Key(erasures.c.erasure_id))


@dataclass(frozen=True, slots=True)
class Erasure:
    """An erasure under way."""

    erasure_id: str
    tenant: str
    account_id: str
    approved_at: datetime


class ErasureStore:
    """Erasures asked for, approved, and how far they are."""

    def __init__(self, db: Database, clock: Clock) -> None:
        self._db, self._clock = db, clock

    async def ask(
        self, wanted: NewErasure, tenant: str, subject: str, who: str
    ) -> ErasureView:
        """Put a request on record; one that is not done yet is answered again."""
        same = sa.and_(
            erasures.c.account_id == wanted.account_id, erasures.c.tenant == tenant
        )
        row = {
            "erasure_id": f"erasure-{uuid4().hex[:16]}",
            "tenant": tenant,
            "account_id": wanted.account_id,
            "subject": subject,
            "why": wanted.why,
            "state": "requested",
            "requested_by": who,
            "requested_at": self._clock.now(),
            "erased": {},
        }

        def work(conn: sa.Connection) -> Row:
            lock(conn)
            known = conn.execute(sa.select(erasures).where(same)).first()
            if known is not None:
                return known
            return conn.execute(
                sa.insert(erasures).values(row).returning(erasures)
            ).one()

        return view(await self._db.run(work))

    async def approve(
        self, erasure_id: str, account_id: str, tenant: str, who: str, why: str
    ) -> ErasureView:
        """Let it be carried out. Raises NotFound, InvalidInput where the account is not the
        one that was asked about, and SecondPersonRequired for whoever asked."""

        def work(conn: sa.Connection) -> Row:
            row = conn.execute(_this(erasure_id, tenant).with_for_update()).first()
            if row is None:
                raise NotFound
            if row.state != "requested":
                return row
            if row.account_id != account_id:
                raise InvalidInput(
                    errors=[("account_id", "is not the account of this erasure")]
                )
            if row.requested_by == who:
                raise SecondPersonRequired
            return conn.execute(
                sa.update(erasures)
                .where(erasures.c.erasure_id == erasure_id)
                .values(
                    state="running",
                    approved_by=who,
                    approved_at=self._clock.now(),
                    approved_why=why,
                )
                .returning(erasures)
            ).one()

        return view(await self._db.run(work))

    async def get(self, erasure_id: str, tenant: str) -> ErasureView:
        """One erasure of a tenant. Raises NotFound."""
        async with self._db.read() as conn:
            row = (await conn.execute(_this(erasure_id, tenant))).first()
        if row is None:
            raise NotFound
        return view(row)

    async def page(
        self, tenant: str, limit: int, cursor: str | None
    ) -> tuple[list[ErasureView], str | None]:
        """Erasures of a tenant, newest first, and the cursor of the next page."""
        query = sa.select(erasures).where(erasures.c.tenant == tenant)
        async with self._db.read() as conn:
            rows, following = await fetch_page(conn, query, _NEWEST, limit, cursor)
        return [_view(row) for row in rows], following

    async def running(self) -> list[Erasure]:
        """What is to be carried out, oldest first."""
        query = (
            sa.select(erasures)
            .where(erasures.c.state == "running")
            .order_by(erasures.c.approved_at)
            .limit(10)
        )
        async with self._db.read() as conn:
            rows = (await conn.execute(query)).all()
        return [
            Erasure(row.erasure_id, row.tenant, row.account_id, row.approved_at)
            for row in rows
        ]

    async def note(self, erasure_id: str, rows: dict[str, int], *, done: bool) -> None:
        """Add what was erased; `done`: nothing is left, and whose it was is forgotten."""
        if not done and not any(rows.values()):
            return

        def work(conn: sa.Connection) -> None:
            this = erasures.c.erasure_id == erasure_id
            known = conn.scalar(
                sa.select(erasures.c.erased).where(this).with_for_update()
            )
            total = dict(known or {})
            for name, count in rows.items():
                total[name] = total.get(name, 0) + count
            values: dict[str, Any] = {"erased": total}
            if done:
                values |= {
                    "state": "done",
                    "done_at": self._clock.now(),
                    "account_id": None,
                }
            conn.execute(sa.update(erasures).where(this).values(values))

        await self._db.run(work)


def _this(erasure_id: str, tenant: str) -> sa.Select[Any]:
    return sa.select(erasures).where(
        erasures.c.erasure_id == erasure_id, erasures.c.tenant == tenant
    )


def view(row: Row) -> ErasureView:
    """An erasure as it is shown: without the account."""
    return _view(dict(row._mapping))


def _view(row: dict[str, Any]) -> ErasureView:
    return ErasureView(**{name: row[name] for name in ErasureView.model_fields})
