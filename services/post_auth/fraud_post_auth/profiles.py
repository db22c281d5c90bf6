"""Profiles in SQL: additions that commute, and the view of one account."""

from collections.abc import Sequence
from typing import Any

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncConnection

from fraud_post_auth.profile import Amounts, Change, LastSeen, joined, limbs, view
from fraud_post_auth.tables import (
    outcomes,
    profile_amounts,
    profile_values,
    profiles,
    training_rows,
)
from fraud_shared.contracts.profile import BehaviourProfile, LabelCounts
from fraud_shared.state.database import Database


async def add(db: Database, conn: AsyncConnection, change: Change) -> None:
    """Add a change to the stored profiles, in the caller's transaction.

    Rows are taken in key order, so that concurrent transactions cannot lock crosswise.
    """
    accounts = [
        {"tenant": tenant, "account_id": account, **_seen(seen)}
        for (tenant, account), seen in sorted(change.accounts.items())
    ]
    await _upsert(db, conn, profiles, accounts)
    amounts = [
        {
            "tenant": tenant,
            "account_id": account,
            "currency": currency,
            "verdict": verdict,
            "payments": group.payments,
            "sum_minor": group.sum_minor,
            **dict(zip(_SQUARES, limbs(group.squares), strict=True)),
        }
        for ((tenant, account), currency, verdict), group in sorted(
            change.amounts.items()
        )
    ]
    await _upsert(db, conn, profile_amounts, amounts)
    values = [
        {
            "tenant": tenant,
            "account_id": account,
            "kind": kind,
            "value": value,
            **_seen(seen),
        }
        for ((tenant, account), kind, value), seen in sorted(change.values.items())
    ]
    await _upsert(db, conn, profile_values, values)


_SQUARES = ("squares_low", "squares_middle", "squares_high")


def _seen(seen: LastSeen) -> dict[str, Any]:
    return {
        "payments": seen.payments,
        "first_seen": seen.first_seen,
        "last_seen": seen.last_seen,
    }


async def _upsert(
    db: Database, conn: AsyncConnection, table: sa.Table, rows: Sequence[dict[str, Any]]
) -> None:
    if not rows:
        return
    stmt = db.insert(table)
    await conn.execute(
        stmt.on_conflict_do_update(
            index_elements=list(table.primary_key),
            set_={
                column.name: _combined(column, stmt.excluded[column.name])
                for column in table.c
                if not column.primary_key
            },
        ),
        rows,
    )


def _combined(
    stored: sa.ColumnElement[Any], new: sa.ColumnElement[Any]
) -> sa.ColumnElement[Any]:
    if stored.key == "first_seen":
        return sa.case((new < stored, new), else_=stored)
    if stored.key == "last_seen":
        return sa.case((new > stored, new), else_=stored)
    return stored + new


async def read(
    conn: AsyncConnection, tenant: str, account_id: str
) -> BehaviourProfile | None:
    """The profile of a tenant's account, or None when it never paid."""
    found = await conn.execute(
        sa.select(profiles).where(*_of(profiles, tenant, account_id))
    )
    row = found.mappings().first()
    if row is None:
        return None
    seen = LastSeen(row["first_seen"], row["last_seen"], row["payments"])
    amounts = await conn.execute(
        sa.select(profile_amounts).where(*_of(profile_amounts, tenant, account_id))
    )
    groups = {
        (group["currency"], group["verdict"]): Amounts(
            group["payments"],
            group["sum_minor"],
            joined(*(group[name] for name in _SQUARES)),
        )
        for group in amounts.mappings()
    }
    distinct = await conn.execute(
        sa.select(profile_values.c.kind, sa.func.count())
        .where(*_of(profile_values, tenant, account_id))
        .group_by(profile_values.c.kind)
    )
    counts = {kind: count for kind, count in distinct}
    return view(
        account_id, seen, groups, counts, await _labels(conn, tenant, account_id)
    )


def _of(
    table: sa.Table, tenant: str, account_id: str
) -> tuple[sa.ColumnElement[bool], ...]:
    return table.c.account_id == account_id, table.c.tenant == tenant


async def _labels(conn: AsyncConnection, tenant: str, account_id: str) -> LabelCounts:
    state = sa.func.coalesce(outcomes.c.state, "pending")
    found = await conn.execute(
        sa.select(state, sa.func.count())
        .select_from(
            training_rows.outerjoin(
                outcomes,
                sa.and_(
                    outcomes.c.transaction_id == training_rows.c.transaction_id,
                    outcomes.c.tenant == training_rows.c.tenant,
                ),
            )
        )
        .where(*_of(training_rows, tenant, account_id))
        .group_by(state)
    )
    counts: dict[str, int] = {name: count for name, count in found}
    return LabelCounts(
        fraud=counts.get("fraud", 0),
        legitimate=counts.get("legitimate", 0),
        reversed=counts.get("reversed", 0),
        pending=counts.get("pending", 0),
        undetermined=counts.get("undetermined", 0),
    )
