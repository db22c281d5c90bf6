"""Reads the audit log from its first row to its last and says what does not hold."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime

import sqlalchemy as sa

from fraud_orchestrator import tables
from fraud_orchestrator.audit_chain import GENESIS, genuine, genuine_erasure, link
from fraud_orchestrator.stores.audit import (
    ACT,
    ACT_COLUMNS,
    DECISION,
    DECISION_COLUMNS,
    ERASED,
    content_of,
)

PAGE = 2_000
_LOG = tables.audit_log
_CONTENT = {
    DECISION: sa.select(*DECISION_COLUMNS),
    ACT: sa.select(*ACT_COLUMNS),
}


@dataclass(frozen=True, slots=True)
class BadRow:
    """A row of the log, and what is wrong: `link`, `content`, `missing`, `order`,
    `checkpoint`, `end` (rows after a checkpoint are gone), `erasure` (of which no gateway
    signed that it was one)."""

    seq: int
    kind: str
    subject: str
    why: str


@dataclass(slots=True)
class Verified:
    """What was read. `gone`: content whose time was over; `erased`: decisions that an erasure
    sealed anew; `bad`: at most `most` rows."""

    rows: int = 0
    gone: int = 0
    erased: int = 0
    checkpoints: int = 0
    unsealed: int = 0
    bad: list[BadRow] = field(default_factory=list)


def verify(
    conn: sa.Connection,
    *,
    kept_since: datetime,
    public_keys: frozenset[str] = frozenset(),
    most: int = 1,
    progress: Callable[[int], None] = lambda _: None,
) -> Verified:
    """Verify the log of one database.

    Content sealed before `kept_since` may be gone. `public_keys`: whose checkpoints are
    believed; without any, each must at least be signed by the key that it names. Reading
    ends after `most` bad rows.
    """
    found = Verified()
    links: dict[int, bytes] = {}
    signed = {
        row.seq: row for row in conn.execute(sa.select(tables.audit_checkpoints)).all()
    }
    previous, expected = GENESIS, 1
    for page in _pages(conn):
        content = _contents(conn, page)
        for row in page:
            kept = bytes(row.link)
            why = _fault(row, previous, expected, content, kept_since, found)
            if row.kind.startswith(ERASED) and why is None:
                why = None if _signed(conn, row, public_keys) else "erasure"
            elif why == "content" and row.kind == DECISION:
                now = content[row.kind, row.subject]
                if _erased(conn, row.subject, now, public_keys):
                    found.erased += 1
                    why = None
            if row.seq in signed:
                links[row.seq] = kept
            if why is not None:
                found.bad.append(BadRow(row.seq, row.kind, row.subject, why))
                if len(found.bad) >= most:
                    return found
            previous, expected = kept, row.seq + 1
        found.rows += len(page)
        progress(found.rows)
    for seq, row in signed.items():
        named = row.public_key in public_keys if public_keys else True
        honest = genuine(row.public_key, seq, bytes(row.link), row.signature)
        if seq not in links:
            found.bad.append(BadRow(seq, "checkpoint", "", "end"))
        elif not named or not honest or links[seq] != bytes(row.link):
            found.bad.append(BadRow(seq, "checkpoint", "", "checkpoint"))
    found.checkpoints = len(signed)
    found.unsealed = _unsealed(conn)
    return found


def _fault(
    row: sa.Row[tuple[object, ...]],
    previous: bytes,
    expected: int,
    content: dict[tuple[str, str], bytes],
    kept_since: datetime,
    found: Verified,
) -> str | None:
    """What is wrong with a row, if anything."""
    if row.seq != expected:
        return "order"
    digest = bytes(row.digest)
    made = link(previous, row.seq, row.at_us, row.kind, row.subject, digest)
    if made != bytes(row.link):
        return "link"
    if row.kind.startswith(ERASED):
        # What it seals is looked at with the decision's own row.
        return None
    now = content.get((row.kind, row.subject))
    if now is None:
        sealed_at = datetime.fromtimestamp(row.at_us / 1_000_000, UTC)
        if sealed_at >= kept_since:
            return "missing"
        found.gone += 1
        return None
    return None if now == digest else "content"


def _erased(
    conn: sa.Connection, decision_id: str, now: bytes, public_keys: frozenset[str]
) -> bool:
    """Whether a decision is what its newest erasure left of it, and sealed and signed."""
    query = (
        sa.select(_LOG)
        .where(_LOG.c.subject == decision_id, _LOG.c.kind.startswith(ERASED))
        .order_by(_LOG.c.seq.desc())
        .limit(1)
    )
    row = conn.execute(query).first()
    return (
        row is not None and bytes(row.digest) == now and _signed(conn, row, public_keys)
    )


def _signed(
    conn: sa.Connection,
    row: sa.Row[tuple[object, ...]],
    public_keys: frozenset[str],
) -> bool:
    table = tables.audit_erasures
    by = conn.execute(sa.select(table).where(table.c.seq == row.seq)).first()
    if by is None or (public_keys and by.public_key not in public_keys):
        return False
    return genuine_erasure(
        by.public_key, row.seq, by.erasure_id, bytes(row.digest), by.signature
    )


def _pages(conn: sa.Connection) -> Iterator[list[sa.Row[tuple[object, ...]]]]:
    after = 0
    query = (
        sa.select(_LOG)
        .where(_LOG.c.seq > sa.bindparam("after"))
        .order_by(_LOG.c.seq)
        .limit(PAGE)
    )
    while page := list(conn.execute(query, {"after": after}).all()):
        yield page
        after = page[-1].seq


def _contents(
    conn: sa.Connection, page: list[sa.Row[tuple[object, ...]]]
) -> dict[tuple[str, str], bytes]:
    """The digests of what the rows of a page are about, as it is now."""
    found: dict[tuple[str, str], bytes] = {}
    for kind, query in _CONTENT.items():
        names = [row.subject for row in page if row.kind == kind]
        if not names:
            continue
        column = query.selected_columns[0]
        for row in conn.execute(query.where(column.in_(names))):
            found[kind, row[0]] = content_of(row)
    return found


def _unsealed(conn: sa.Connection) -> int:
    """Settled decisions and acts that are in no row: at most the last second's."""
    total = 0
    for kind, table, name, settled in (
        (DECISION, tables.decisions, "decision_id", tables.decisions.c.reply),
        (ACT, tables.acts, "act_id", tables.acts.c.act_id),
    ):
        logged = sa.exists().where(_LOG.c.subject == table.c[name], _LOG.c.kind == kind)
        query = sa.select(sa.func.count()).where(settled.is_not(None), ~logged)
        total += conn.scalar(query.select_from(table)) or 0
    return total
