"""Who did what: an append-only record beside what was done, in the same transaction; and
whose rows somebody may see."""

from collections.abc import Sequence
from datetime import datetime

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncConnection

from fraud_action.tables import activity
from fraud_shared.contracts.cases import Note
from fraud_shared.web.keys import EVERY_TENANT


def of_tenants(table: sa.Table, tenants: Sequence[str]) -> sa.ColumnElement[bool]:
    """The rows of these tenants; all rows where they are everybody."""
    if EVERY_TENANT in tenants:
        return sa.true()
    return table.c.tenant.in_(tenants)


async def record(
    conn: AsyncConnection,
    subject: tuple[str, str, str],
    did: str,
    who: str,
    at: datetime,
    *,
    text: str | None = None,
) -> None:
    """Add to the record of `subject` (case, hold, block or challenge; its id; its tenant),
    in the caller's transaction."""
    kind, identity, tenant = subject
    await conn.execute(
        sa.insert(activity).values(
            subject_kind=kind,
            subject_id=identity,
            tenant=tenant,
            at=at,
            who=who,
            did=did,
            text=text,
        )
    )


async def notes_of(conn: AsyncConnection, kind: str, identity: str) -> list[Note]:
    """What was done to a subject, oldest first, at most the last thousand."""
    found = await conn.execute(
        sa.select(activity.c.at, activity.c.who, activity.c.did, activity.c.text)
        .where(activity.c.subject_kind == kind, activity.c.subject_id == identity)
        .order_by(activity.c.number.desc())
        .limit(1000)
    )
    return [Note(**row) for row in reversed(found.mappings().all())]
