"""The statements over rescreenings, each within one transaction of `Database.run`."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any

import sqlalchemy as sa

from fraud_sanctions import tables
from fraud_sanctions.lists.delta import likeness_mark
from fraud_sanctions.parties import repository
from fraud_sanctions.parties.party import KnownParty
from fraud_sanctions.rescreening.findings import Finding
from fraud_sanctions.store import Store

Where = sa.ColumnElement[bool]
Row = sa.Row[Any]
# Who works on an update says so with each page; one that says nothing has died.
_CLAIM = timedelta(seconds=15)
_SHOWN = 100


@dataclass(frozen=True, slots=True)
class Job:
    """One update being worked off, and how far."""

    event_id: str
    list_id: str
    version: str
    entities: bytes | None
    position: int
    upto: int
    screened: int
    cases: int


def agrees(conn: sa.Connection, held: Mapping[str, str]) -> bool:
    """Whether these are the versions that were announced last, of every list."""
    return all(held.get(key) == version for key, version in _announced(conn).items())


def _announced(conn: sa.Connection) -> Mapping[str, str]:
    table = tables.announced
    rows = conn.execute(sa.select(table.c.list_id, table.c.version))
    return {row.list_id: row.version for row in rows}


def claim(
    conn: sa.Connection, held: Mapping[str, str], worker: str, now: datetime
) -> Job | None:
    """Take the oldest update that is open and unclaimed, of a list held as announced."""
    table = tables.rescreenings
    lists = [
        key for key, version in _announced(conn).items() if held.get(key) == version
    ]
    free = sa.or_(
        table.c.claimed_until.is_(None),
        table.c.claimed_until <= now,
        table.c.worker == worker,
    )
    query = (
        sa.select(table)
        .where(table.c.done_at.is_(None), table.c.list_id.in_(lists), free)
        .order_by(table.c.received_at, table.c.event_id)
        .limit(1)
        .with_for_update(skip_locked=True)
    )
    row = conn.execute(query).one_or_none()
    if row is None:
        return None
    last = sa.select(sa.func.max(tables.parties.c.seq))
    upto = row.upto if row.upto is not None else conn.execute(last).scalar() or 0
    conn.execute(
        sa.update(table)
        .where(table.c.event_id == row.event_id)
        .values(
            worker=worker,
            claimed_until=now + _CLAIM,
            begun_at=row.begun_at or now,
            upto=upto,
        )
    )
    return Job(
        row.event_id,
        row.list_id,
        row.version,
        row.entities,
        row.position,
        upto,
        row.screened,
        row.cases,
    )


def advance(
    store: Store,
    conn: sa.Connection,
    job: Job,
    parties: Sequence[KnownParty],
    findings: Sequence[Finding],
    now: datetime,
) -> Job | None:
    """Move on past these parties and write the new ones among their findings; None, and
    nothing is written, when another worker has moved on from the same place."""
    table = tables.rescreenings
    position = parties[-1].seq
    moved = (
        sa.update(table)
        .where(table.c.event_id == job.event_id, table.c.position == job.position)
        .values(position=position)
    )
    if conn.execute(moved).rowcount != 1:
        return None
    after = replace(
        job,
        position=position,
        screened=job.screened + len(parties),
        cases=job.cases + _write(store, conn, findings, now),
    )
    conn.execute(
        sa.update(table)
        .where(table.c.event_id == job.event_id)
        .values(screened=after.screened, cases=after.cases, claimed_until=now + _CLAIM)
    )
    return after


def catch_up(
    store: Store,
    conn: sa.Connection,
    parties: Sequence[KnownParty],
    findings: Sequence[Finding],
    now: datetime,
) -> int:
    """The same for parties that an update overtook; returns how many findings were new."""
    table = tables.parties
    conn.execute(
        sa.update(table)
        .where(table.c.seq.in_([known.seq for known in parties]))
        .values(overtaken=False)
    )
    return _write(store, conn, findings, now)


def _write(
    store: Store, conn: sa.Connection, findings: Sequence[Finding], now: datetime
) -> int:
    """Ask for a case for each finding that is new to its party; returns how many.

    What is known of a party as it is listed now has its case, or its payment has. A party
    that was erased meanwhile is left alone.
    """
    if not findings:
        return 0
    seqs = sorted({finding.party.seq for finding in findings})
    known, written = repository.known(conn, seqs), 0
    for finding in findings:
        marks, entity = known.get(finding.party.seq), finding.entity
        if marks is None or marks.get(entity.entity_id) == likeness_mark(entity):
            continue
        repository.know(store.db, conn, finding.party.seq, [entity])
        store.write_event(conn, finding.requested(now))
        written += 1
    return written


def finish(conn: sa.Connection, job: Job, now: datetime) -> None:
    """Nothing of it is left to do."""
    table = tables.rescreenings
    conn.execute(
        sa.update(table)
        .where(table.c.event_id == job.event_id)
        .values(done_at=now, claimed_until=None)
    )


def release(conn: sa.Connection, worker: str) -> None:
    """Leave what this worker had taken to whoever is next."""
    table = tables.rescreenings
    mine = table.c.done_at.is_(None) & (table.c.worker == worker)
    conn.execute(sa.update(table).where(mine).values(claimed_until=None))


def backlog(conn: sa.Connection) -> int:
    """Parties that are still to be screened again, each once for every update."""
    table, parties = tables.rescreenings, tables.parties
    last = sa.select(sa.func.coalesce(sa.func.max(parties.c.seq), 0)).scalar_subquery()
    left = sa.func.coalesce(table.c.upto, last) - table.c.position
    of_updates = sa.select(sa.func.coalesce(sa.func.sum(left), 0)).where(
        table.c.done_at.is_(None)
    )
    overtaken = (
        sa.select(sa.func.count()).select_from(parties).where(parties.c.overtaken)
    )
    return int(conn.execute(of_updates).scalar_one()) + int(
        conn.execute(overtaken).scalar_one()
    )


def latest(conn: sa.Connection) -> Sequence[Row]:
    """Rescreenings, newest first."""
    table = tables.rescreenings
    query = sa.select(table).order_by(table.c.received_at.desc()).limit(_SHOWN)
    return conn.execute(query).all()
