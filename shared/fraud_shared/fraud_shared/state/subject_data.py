"""What a service stores of a person in SQL: found, exported, and erased in small batches.

A service names its tables in `SubjectTable` rows. Erasing deletes a row, or writes other
values into it where it still counts for others (a sum, a chain, a case of an analyst).
"""

import json
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import sqlalchemy as sa
from fastapi import APIRouter, Depends
from sqlalchemy.ext.compiler import compiles
from sqlalchemy.sql.functions import FunctionElement

from fraud_shared.contracts.privacy import (
    ERASED_ACCOUNT,
    Subject,
    SubjectErased,
    SubjectRows,
)
from fraud_shared.state.database import Database
from fraud_shared.web.guard import require_service

Where = Callable[[Subject], sa.ColumnElement[bool]]
# By name: a value, or what a row's own values make of it.
Rewrite = Mapping[str, Any] | Callable[[sa.RowMapping], Mapping[str, Any]]
# Rows of a table that one transaction changes: some milliseconds.
BATCH = 200
MOST_EXPORTED = 1000


@dataclass(frozen=True)
class SubjectTable:
    """Rows of `table` that are about a subject: `where` finds them and no longer does once
    they are erased. `rewrite` None: they are deleted. `hidden`: columns that an export
    leaves out, because they are no data about the person. `waits_for`: rows about the
    subject that something else has to take away first. `whole`: finding them reads the
    whole table, which is done once a round and not with every batch of payments."""

    table: sa.Table
    where: Where
    rewrite: Rewrite | None = None
    hidden: tuple[str, ...] = ()
    waits_for: Where | None = None
    whole: bool = False

    def select(self, subject: Subject, most: int) -> sa.Select[Any]:
        """Some of the rows about the subject."""
        return sa.select(self.table).where(self.where(subject)).limit(most)


def about_account(table: sa.Table, column: str = "account_id") -> Where:
    """Rows that name the account in a column, of the tenant or of nobody known."""

    def where(subject: Subject) -> sa.ColumnElement[bool]:
        same = table.c[column] == subject.account_id
        if "tenant" not in table.c:
            return same
        return sa.and_(same, table.c.tenant.in_((subject.tenant, "")))

    return where


class names_in(FunctionElement[bool]):
    """`names_in(text, column)`: whether bytes occur in a column of bytes."""

    type = sa.Boolean()
    inherit_cache = True


@compiles(names_in)
def _instr(element: Any, compiler: Any, **options: Any) -> str:
    text, column = (compiler.process(part, **options) for part in element.clauses)
    return f"instr({column}, {text}) > 0"


@compiles(names_in, "postgresql")
def _position(element: Any, compiler: Any, **options: Any) -> str:
    text, column = (compiler.process(part, **options) for part in element.clauses)
    return f"position({text} IN {column}) > 0"


def body_names_account(table: sa.Table, column: str = "body") -> Where:
    """Rows whose bytes name the account as a JSON text. Reads the whole table: for those
    that stay small."""

    def where(subject: Subject) -> sa.ColumnElement[bool]:
        text = json.dumps(subject.account_id).encode()
        return names_in(sa.literal(text, sa.LargeBinary), table.c[column])

    return where


def parked_events(parked: sa.Table) -> SubjectTable:
    """Events about the subject that a service could not use: deleted."""
    return SubjectTable(parked, body_names_account(parked), whole=True)


def delivered_events(outbox: sa.Table) -> SubjectTable:
    """Events about the subject: deleted once they are sent, and waited for until then."""
    named = body_names_account(outbox)
    return SubjectTable(
        outbox,
        lambda subject: sa.and_(named(subject), outbox.c.sent_at.is_not(None)),
        waits_for=lambda subject: sa.and_(named(subject), outbox.c.sent_at.is_(None)),
        whole=True,
    )


def erased_account(column: sa.ColumnElement[Any]) -> sa.ColumnElement[str]:
    """The account of a rewritten row: of its own, so that nothing joins it with others."""
    return sa.literal(ERASED_ACCOUNT).concat(column)


class SubjectData:
    """Everything that a service stores of a person in SQL."""

    def __init__(self, db: Database, tables: Sequence[SubjectTable]) -> None:
        self._db = db
        self.tables = tuple(tables)

    async def erase(self, subject: Subject) -> SubjectErased:
        """Erase some of it, table by table in their order; `more` until nothing is left."""
        rows = 0
        for one in self.tables:
            if one.whole and subject.transactions:
                continue
            done = await self._db.run(
                lambda conn, one=one: erase_some(conn, one, subject),  # type: ignore[misc]
                patient=True,
            )
            rows += done
            if done == BATCH or await self._waits(one, subject):
                return SubjectErased(rows=rows, more=True)
        return SubjectErased(rows=rows, more=False)

    async def _waits(self, one: SubjectTable, subject: Subject) -> bool:
        if one.waits_for is None:
            return False
        query = sa.select(sa.literal(1)).select_from(one.table)
        query = query.where(one.waits_for(subject)).limit(1)
        async with self._db.read(patient=True) as conn:
            return (await conn.execute(query)).first() is not None

    async def export(self, subject: Subject) -> SubjectRows:
        """All of it, at most `MOST_EXPORTED` rows of a table."""
        found: dict[str, list[dict[str, Any]]] = {}
        async with self._db.read(patient=True) as conn:
            for one in self.tables:
                rows = await conn.execute(one.select(subject, MOST_EXPORTED))
                shown = [exported(row, one.hidden) for row in rows.mappings()]
                found.setdefault(one.table.name, []).extend(shown)
        return SubjectRows(tables={name: rows for name, rows in found.items() if rows})


def erase_some(conn: sa.Connection, one: SubjectTable, subject: Subject) -> int:
    """Erase at most a batch of a table's rows; returns how many."""
    table = one.table
    key = list(table.primary_key.columns)
    rows = conn.execute(one.select(subject, BATCH).with_for_update()).mappings().all()
    if not rows:
        return 0
    for row in rows:
        this = sa.and_(*(column == row[column] for column in key))
        if one.rewrite is None:
            conn.execute(sa.delete(table).where(this))
        else:
            values = one.rewrite(row) if callable(one.rewrite) else one.rewrite
            conn.execute(sa.update(table).where(this).values(dict(values)))
    return len(rows)


def exported(row: sa.RowMapping, hidden: Sequence[str] = ()) -> dict[str, Any]:
    """A row as JSON can say it."""
    return {
        name: _plain(value)
        for name, value in row.items()
        if value is not None and name not in hidden
    }


def _plain(value: Any) -> Any:
    if isinstance(value, datetime):
        return value.isoformat()
    if isinstance(value, bytes | memoryview):
        raw = bytes(value)
        try:
            return json.loads(raw)
        except ValueError:
            return raw.hex()
    return value


Erase = Callable[[Subject], Awaitable[SubjectErased]]
Export = Callable[[Subject], Awaitable[SubjectRows]]


def subject_router(erase: Erase, export: Export) -> APIRouter:
    """`/v1/subjects` of a service, for the gateway alone."""
    routes = APIRouter(
        prefix="/v1/subjects",
        tags=["privacy"],
        dependencies=[Depends(require_service)],
    )

    @routes.post("/erase", operation_id="eraseSubject")
    async def erased(subject: Subject) -> SubjectErased:
        """Erase some of what is stored of a person; a repeat changes nothing."""
        return await erase(subject)

    @routes.post("/export", operation_id="exportSubject")
    async def rows(subject: Subject) -> SubjectRows:
        """What is stored of a person, by table."""
        return await export(subject)

    return routes
