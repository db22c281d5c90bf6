"""The audit log in SQL: acts noted, decisions and acts sealed into one chain."""

import asyncio
import secrets
from collections import deque
from collections.abc import Iterator, Sequence
from datetime import datetime, timedelta
from functools import partial
from itertools import count
from typing import Any, NamedTuple
from zlib import crc32

import sqlalchemy as sa
import structlog

from fraud_orchestrator import tables
from fraud_orchestrator.audit_chain import (
    GENESIS,
    CheckpointKey,
    Sealed,
    digest,
    sealed,
)
from fraud_shared.mesh.clock import Clock
from fraud_shared.state.database import Database
from fraud_shared.web.problems import NotFound

log = structlog.get_logger()
BATCH = 500
# How far back a start looks for what no gateway sealed, and each later look.
FIRST_LOOK = timedelta(days=1)
LATER_LOOK = timedelta(minutes=5)
LOOK_EVERY = timedelta(seconds=30)
CHECKPOINT_EVERY = timedelta(minutes=1)
_LOCK = crc32(b"fraud audit log")
DECISION, ACT = "decision", "act"
# A decision sealed anew after an erasure; a number follows.
ERASED = "erased."
_LOG = tables.audit_log


class Subject(NamedTuple):
    """What a row of the log is about."""

    kind: str
    name: str


class AuditLog:
    """Seals what this gateway settled within a second, and what others left unsealed.

    Several gateways share one chain: each round takes the database's lock for it.
    """

    def __init__(self, db: Database, key: CheckpointKey, clock: Clock) -> None:
        self._db, self._key, self._clock = db, key, clock
        self._settled: deque[Subject] = deque()
        self._numbers = count()
        self._name = secrets.token_hex(8)
        self._looked: datetime | None = None
        self._signed: datetime | None = None
        # What another gateway sealed and nobody signed is signed at the first round.
        self._unsigned = True
        self.wake = asyncio.Event()

    def settled(self, decision_id: str) -> None:
        """A decision has its reply on record and will not change any more."""
        self._add(Subject(DECISION, decision_id))

    async def note(
        self,
        actor: str,
        act: str,
        subject: str,
        request_id: str,
        *,
        body: bytes = b"",
        status: int | None = None,
    ) -> None:
        """Put an act on record: who did what about what. `status` None: before it is
        done. Of the `body` that was sent only a keyed digest is kept: it may hold a code
        of six digits. Raises Unavailable."""
        now = self._clock.now()
        act_id = f"{now.timestamp():017.6f}-{next(self._numbers):08x}-{self._name}"
        row = {
            # In the order in which they were noted, also within one microsecond.
            "act_id": act_id,
            "at": now,
            "actor": actor,
            "act": act,
            "subject": subject[:512],
            "request_id": request_id,
            "body": self._key.fingerprint(body) if body else None,
            "status": status,
        }
        await self._db.run(lambda conn: conn.execute(sa.insert(tables.acts), row))
        self._add(Subject(ACT, act_id))

    async def round(self) -> int:
        """Seal what is waiting; returns how many rows. Raises Unavailable."""
        now = self._clock.now()
        await self._look(now)
        done = 0
        while self._settled:
            part = [self._settled[n] for n in range(min(BATCH, len(self._settled)))]
            done += await self._db.run(partial(self._seal, subjects=part, now=now))
            for _ in part:
                self._settled.popleft()
        self._unsigned |= done > 0
        if self._unsigned:
            await self._checkpoint(now)
        return done

    async def acts(
        self,
        since: datetime | None,
        until: datetime | None,
        limit: int,
        cursor: str | None,
    ) -> tuple[Sequence[sa.Row[Any]], str | None]:
        """A page of acts, oldest first, and the cursor of the next."""
        query = sa.select(tables.acts).order_by(_A.c.act_id).limit(limit + 1)
        if since is not None:
            query = query.where(_A.c.at >= since)
        if until is not None:
            query = query.where(_A.c.at < until)
        if cursor is not None:
            query = query.where(_A.c.act_id > cursor)
        async with self._db.read() as conn:
            rows = (await conn.execute(query)).all()
        more = len(rows) > limit
        return rows[:limit], rows[limit - 1].act_id if more else None

    async def checkpoint(self) -> sa.Row[Any]:
        """The newest checkpoint. Raises NotFound before the first."""
        table = tables.audit_checkpoints
        async with self._db.read() as conn:
            row = (
                await conn.execute(
                    sa.select(table).order_by(table.c.seq.desc()).limit(1)
                )
            ).first()
        if row is None:
            raise NotFound
        return row

    def _add(self, subject: Subject) -> None:
        self._settled.append(subject)

    async def _look(self, now: datetime) -> None:
        """Find what a gateway settled that died before it could seal it."""
        if self._looked is not None and now - self._looked < LOOK_EVERY:
            return
        since = now - (FIRST_LOOK if self._looked is None else LATER_LOOK)
        found = await self._db.run(lambda conn: _unsealed(conn, since), write=False)
        self._settled.extend(found)
        if len(found) < 2 * BATCH:
            self._looked = now

    def _seal(
        self, conn: sa.Connection, subjects: Sequence[Subject], now: datetime
    ) -> int:
        lock(conn)
        names = [subject.name for subject in subjects]
        known = {
            Subject(row.kind, row.subject)
            for row in conn.execute(
                sa.select(_LOG.c.kind, _LOG.c.subject).where(_LOG.c.subject.in_(names))
            )
        }
        new = []
        for subject, content in contents(conn, subjects):
            if subject not in known:
                known.add(subject)
                new.append((subject, content))
        return len(append(conn, new, now))

    async def _checkpoint(self, now: datetime) -> None:
        """Sign the newest link, once a minute; the line in the log is the export."""
        if self._signed is not None and now - self._signed < CHECKPOINT_EVERY:
            return

        def work(conn: sa.Connection) -> dict[str, Any] | None:
            lock(conn)
            last = conn.execute(
                sa.select(_LOG.c.seq, _LOG.c.link).order_by(_LOG.c.seq.desc()).limit(1)
            ).first()
            signed = conn.scalar(sa.select(sa.func.max(tables.audit_checkpoints.c.seq)))
            if last is None or last.seq == signed:
                return None
            newest = bytes(last.link)
            row = {
                "seq": last.seq,
                "at": now,
                "link": newest,
                "public_key": self._key.public,
                "signature": self._key.sign(last.seq, newest),
            }
            conn.execute(sa.insert(tables.audit_checkpoints), row)
            return row

        made = await self._db.run(work)
        self._unsigned = False
        if made is not None:
            self._signed = now
            log.info(
                "audit_checkpoint",
                seq=made["seq"],
                link=made["link"].hex(),
                public_key=made["public_key"],
                signature=made["signature"],
            )


def lock(conn: sa.Connection) -> None:
    """Be the only one who adds to the chain until this transaction ends."""
    if conn.dialect.name == "postgresql":
        conn.execute(sa.select(sa.func.pg_advisory_xact_lock(_LOCK)))


def append(
    conn: sa.Connection, contents: Sequence[tuple[Subject, bytes]], now: datetime
) -> list[Sealed]:
    """Add a row to the chain for each digest. The caller holds the `lock`."""
    last = conn.execute(
        sa.select(_LOG.c.seq, _LOG.c.link).order_by(_LOG.c.seq.desc()).limit(1)
    ).first()
    seq, previous = (last.seq, bytes(last.link)) if last else (0, GENESIS)
    at_us = int(now.timestamp() * 1_000_000)
    rows = []
    for subject, content in contents:
        seq += 1
        row = sealed(previous, seq, at_us, subject.kind, subject.name, content)
        previous = row.link
        rows.append(row)
    if rows:
        conn.execute(sa.insert(_LOG), [_columns(row) for row in rows])
    return rows


def contents(
    conn: sa.Connection, subjects: Sequence[Subject]
) -> Iterator[tuple[Subject, bytes]]:
    """The digest of each subject that is on record and settled, in the order given."""
    found: dict[Subject, bytes] = {}
    for kind, query in (
        (DECISION, _DECISIONS),
        (ACT, _ACTS),
    ):
        names = [subject.name for subject in subjects if subject.kind == kind]
        if names:
            for row in conn.execute(query, {"names": names}):
                found[Subject(kind, row[0])] = content_of(row)
    return ((subject, found[subject]) for subject in subjects if subject in found)


def content_of(row: Sequence[Any]) -> bytes:
    """The digest over every column of a decision or an act."""
    return digest(
        [value.isoformat() if type(value) is datetime else value for value in row]
    )


def _unsealed(conn: sa.Connection, since: datetime) -> list[Subject]:
    found = []
    for kind, name, at, settled_only in (
        (DECISION, _D.c.decision_id, _D.c.decided_at, _D.c.reply.is_not(None)),
        (ACT, _A.c.act_id, _A.c.at, sa.true()),
    ):
        logged = sa.exists().where(_LOG.c.subject == name, _LOG.c.kind == kind)
        query = (
            sa.select(name)
            .where(at >= since, settled_only, ~logged)
            .order_by(at, name)
            .limit(2 * BATCH)
        )
        found += [Subject(kind, row[0]) for row in conn.execute(query)]
    return found


def _columns(row: Sealed) -> dict[str, Any]:
    return {
        "seq": row.seq,
        "at_us": row.at_us,
        "kind": row.kind,
        "subject": row.subject,
        "digest": row.digest,
        "link": row.link,
    }


_D, _A = tables.decisions, tables.acts
# The identifier leads; the rest is all that is on record.
DECISION_COLUMNS = (
    _D.c.decision_id, _D.c.client, _D.c.transaction_id, _D.c.account_id, _D.c.fingerprint,
    _D.c.decision, _D.c.decided_at, _D.c.reply, _D.c.record,
)  # fmt: skip
ACT_COLUMNS = (
    _A.c.act_id, _A.c.at, _A.c.actor, _A.c.act, _A.c.subject, _A.c.request_id, _A.c.body,
    _A.c.status,
)  # fmt: skip
_NAMES: sa.BindParameter[Any] = sa.bindparam("names", expanding=True)
_DECISIONS = sa.select(*DECISION_COLUMNS).where(
    _D.c.decision_id.in_(_NAMES), _D.c.reply.is_not(None)
)
_ACTS = sa.select(*ACT_COLUMNS).where(_A.c.act_id.in_(_NAMES))
