"""`fraud chaos audit`: rows of a long audit log are edited, and each must be named."""

import asyncio
import random
import tempfile
import time
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import sqlalchemy as sa
from rich.progress import Progress, track

import fraud_orchestrator
from fraud_ops.audit.command import RATE
from fraud_ops.figures import finish, gate, wide_console
from fraud_orchestrator import tables
from fraud_orchestrator.audit_chain import CheckpointKey
from fraud_orchestrator.audit_verification import Verified, verify
from fraud_orchestrator.stores.audit import DECISION, AuditLog
from fraud_shared.mesh.clock import SystemClock
from fraud_shared.state.database import Database

PART = 10_000
# About what a decision's record and reply weigh.
RECORD_BYTES, REPLY_BYTES = 4_000, 1_200
# What an edit does to a row of the log or to the decision that it is about.
EDITS: tuple[tuple[str, Any], ...] = (
    ("decision", "APPROVE?"),
    ("account_id", "another"),
    ("record", b"{}"),
    ("reply", b"{}"),
    ("client", "another"),
    ("digest", bytes(32)),
    ("link", bytes(32)),
    ("at_us", 1),
)


def chaos_audit_command(
    *, rows: int, edits: int, seed: int, as_json: bool, enforce: bool
) -> None:
    """Write a log, verify it, edit it, verify it again; see `fraud chaos audit`."""
    with tempfile.TemporaryDirectory() as folder:
        figures = asyncio.run(_measure(Path(folder), rows, edits, random.Random(seed)))
    wide_console().print(
        f"{figures['found']:,} of {edits:,} edits named in {rows:,} rows; "
        f"{figures['rows_per_s']:,} rows/s"
    )
    finish(
        "chaos audit",
        figures,
        [
            gate("edits named", figures["found"], edits, "at_least"),
            gate("false alarms", figures["false"], 0, "at_most"),
            gate("rows a second", figures["rows_per_s"], RATE, "at_least"),
        ],
        n=rows,
        seed=seed,
        as_json=as_json,
        enforce=enforce,
    )


async def _measure(
    folder: Path, rows: int, edits: int, chance: random.Random
) -> dict[str, Any]:
    db = Database(
        f"sqlite:///{folder / 'log.db'}",
        schema="orchestrator",
        migrations=Path(fraud_orchestrator.__path__[0]) / "migrations",
    )
    await db.start()
    try:
        await _fill(db, rows, chance)
        with Progress() as bar:
            task = bar.add_task("verifying", total=rows)
            started = time.perf_counter()
            whole = await _verify(db, lambda n: bar.update(task, completed=n))
            seconds = time.perf_counter() - started
        edited = await _edit(db, rows, edits, chance)
        named = {bad.seq for bad in (await _verify(db, lambda _: None)).bad}
    finally:
        await db.stop()
    # A broken link shows in its own row and the next.
    near = edited | {seq + 1 for seq in edited}
    return {
        "found": len(named & edited),
        "false": len(whole.bad) + len(named - near),
        "rows_per_s": round(rows / seconds),
        "seconds": round(seconds, 2),
    }


async def _verify(db: Database, progress: Any) -> Verified:
    kept = datetime.now(UTC) - timedelta(days=1)
    return await db.run(
        lambda conn: verify(conn, kept_since=kept, most=1 << 62, progress=progress),
        write=False,
        patient=True,
    )


async def _fill(db: Database, rows: int, chance: random.Random) -> None:
    """Decisions on record, and sealed as the gateway seals them."""
    audit_log = AuditLog(db, CheckpointKey("k" * 32), SystemClock())
    now = datetime.now(UTC)
    for first in track(range(0, rows, PART), "writing the log"):
        part = [
            {
                "decision_id": f"d{n}",
                "client": "shop",
                "transaction_id": f"t{n}",
                "account_id": f"a{n % 1000}",
                "fingerprint": f"{n:064x}",
                "decision": "APPROVE",
                "decided_at": now,
                "reply": chance.randbytes(REPLY_BYTES),
                "record": chance.randbytes(RECORD_BYTES),
            }
            for n in range(first, min(first + PART, rows))
        ]
        async with db.begin(patient=True) as conn:
            await conn.execute(sa.insert(tables.decisions), part)
        for row in part:
            audit_log.settled(str(row["decision_id"]))
        await audit_log.round()


async def _edit(db: Database, rows: int, edits: int, chance: random.Random) -> set[int]:
    """Edit as many rows, each in one way; returns their numbers in the log."""
    edited = set(chance.sample(range(1, rows + 1), edits))
    log = tables.audit_log
    async with db.begin(patient=True) as conn:
        # Who can edit can also remove the guard.
        await conn.execute(sa.text("DROP TRIGGER audit_log_no_update"))
        for seq in sorted(edited):
            column, value = chance.choice(EDITS)
            if column in log.c:
                change = sa.update(log).where(log.c.seq == seq)
            else:
                name = sa.select(log.c.subject).where(
                    log.c.seq == seq, log.c.kind == DECISION
                )
                change = sa.update(tables.decisions).where(
                    tables.decisions.c.decision_id == name.scalar_subquery()
                )
            await conn.execute(change.values({column: value}))
    return edited
