"""The queue of cases: in which order, which of them, and what they have in common."""

from collections.abc import Sequence
from datetime import timedelta
from typing import Any

import sqlalchemy as sa

from fraud_action.activity import of_tenants
from fraud_action.tables import cases
from fraud_shared.contracts.cases import (
    Case,
    CaseQuery,
    Keys,
    Link,
    RelatedCase,
    RelatedCases,
)
from fraud_shared.contracts.paging import Page
from fraud_shared.mesh.clock import Clock
from fraud_shared.state.database import Database
from fraud_shared.state.paging import Key, fetch_page
from fraud_shared.web.problems import InvalidInput, NotFound

_MOST_RELATED = 100
_ORDERS = {
    "priority": (Key(cases.c.priority, descending=True), Key(cases.c.case_id)),
    "age": (Key(cases.c.created_at), Key(cases.c.case_id)),
}
_COLUMNS: dict[Link, sa.Column[Any]] = {
    "account": cases.c.account_id,
    "card": cases.c.card_token,
    "device": cases.c.device_id,
    "merchant": cases.c.merchant_id,
    "counterparty": cases.c.counterparty,
}


def priority(
    expected_loss_minor: int | None, amount_minor: int | None, risk: float | None
) -> float:
    """What a case is worth looking at: the expected loss (else the sum) times the chance of
    fraud. What is not known is not less: chance 1, and without a sum 0."""
    loss = expected_loss_minor if expected_loss_minor is not None else amount_minor
    return (loss or 0) * (1.0 if risk is None else risk)


class CaseQueue:
    """Finds cases. `sla`: how long one may stay open."""

    def __init__(self, db: Database, clock: Clock, sla: timedelta) -> None:
        self._db = db
        self._clock = clock
        self._sla = sla

    def shown(self, row: Any) -> Case:
        """A row of `cases` as analysts see it, with its age."""
        until = row["resolved_at"] or self._clock.now()
        due_at = row["created_at"] + self._sla
        known = {name: row[name] for name in Case.model_fields if name in row}
        return Case(
            **known,
            due_at=due_at,
            age_s=max(0, int((until - row["created_at"]).total_seconds())),
            overdue=until > due_at,
        )

    async def page(self, asked: CaseQuery, tenants: Sequence[str]) -> Page[Case]:
        """The cases asked for, of these tenants."""
        query = sa.select(cases).where(
            cases.c.state == asked.wanted,
            of_tenants(cases, tenants),
            *self._filters(asked),
        )
        async with self._db.read() as conn:
            rows, cursor = await fetch_page(
                conn, query, _ORDERS[asked.sort], asked.limit, asked.cursor
            )
        return Page[Case](items=[self.shown(row) for row in rows], next_cursor=cursor)

    async def related(self, case_id: str, tenants: Sequence[str]) -> RelatedCases:
        """The cases that have an account, card, device, merchant or counterparty in common
        with one. Raises NotFound."""
        mine = of_tenants(cases, tenants)
        async with self._db.read() as conn:
            found = await conn.execute(
                sa.select(cases).where(cases.c.case_id == case_id, mine)
            )
            this = found.mappings().first()
            if this is None:
                raise NotFound
            same = [c == this[c.name] for c in _COLUMNS.values() if this[c.name]]
            others = await conn.execute(
                sa.select(cases)
                .where(mine, sa.or_(*same), cases.c.case_id != case_id)
                .order_by(cases.c.created_at.desc(), cases.c.case_id)
                .limit(_MOST_RELATED)
            )
            items = [_related(row, this) for row in others.mappings()]
        keys = Keys(**{name: this[name] for name in Keys.model_fields})
        return RelatedCases(case_id=case_id, keys=keys, items=items)

    def _filters(self, asked: CaseQuery) -> list[sa.ColumnElement[bool]]:
        found: list[sa.ColumnElement[bool]] = [
            column == value
            for column, value in (
                (cases.c.account_id, asked.account_id),
                (cases.c.transaction_id, asked.transaction_id),
                (cases.c.decision, asked.decision),
            )
            if value is not None
        ]
        if asked.assignee == "none":
            found.append(cases.c.assignee.is_(None))
        elif asked.assignee is not None:
            found.append(cases.c.assignee == asked.assignee)
        if asked.kind is not None:
            about_listing = cases.c.listing.is_not(None)
            found.append(about_listing if asked.kind == "listing" else ~about_listing)
        if asked.overdue is not None:
            if asked.wanted != "open":
                raise InvalidInput(errors=[("overdue", "is asked of open cases")])
            late = cases.c.created_at < self._clock.now() - self._sla
            found.append(late if asked.overdue else ~late)
        return found


def _related(row: Any, this: Any) -> RelatedCase:
    shared = [
        link
        for link, column in _COLUMNS.items()
        if this[column.name] and row[column.name] == this[column.name]
    ]
    known = {name: row[name] for name in RelatedCase.model_fields if name != "shared"}
    return RelatedCase(**known, shared=shared)
