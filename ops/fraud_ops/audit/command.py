"""`fraud audit verify`: reads the chain of `DATABASE_URL`, or of the mesh's own file."""

import asyncio
import os
import time
from datetime import UTC, datetime, timedelta

import sqlalchemy as sa
import typer
from rich.progress import Progress, SpinnerColumn, TextColumn
from rich.table import Table

from fraud_ops.features.logs import orchestrator_database
from fraud_ops.figures import Gate, finish, wide_console
from fraud_ops.mesh.environment import LocalMesh
from fraud_orchestrator.audit_verification import Verified, verify
from fraud_shared.state.database import Database

# Rows a second, on one core.
RATE = 50_000.0


def verify_command(
    mesh: LocalMesh,
    *,
    public_keys: frozenset[str],
    kept_days: int,
    most: int,
    as_json: bool,
    enforce: bool,
) -> None:
    """Verify, show what does not hold, and exit 1 when something does not."""
    mesh.prepare()
    kept_since = datetime.now(UTC) - timedelta(days=kept_days)
    with Progress(SpinnerColumn(), TextColumn("{task.description}")) as bar:
        task = bar.add_task("reading the audit log")

        def show_progress(rows: int) -> None:
            bar.update(task, description=f"{rows:,} rows of the audit log hold")

        def work(conn: sa.Connection) -> Verified:
            return verify(
                conn,
                kept_since=kept_since,
                public_keys=public_keys,
                most=most,
                progress=show_progress,
            )

        started = time.perf_counter()
        found = asyncio.run(_verified(orchestrator_database(mesh, os.environ), work))
        seconds = time.perf_counter() - started
    show(found, seconds)
    finish(
        "audit verify",
        {
            "rows": found.rows,
            "checkpoints": found.checkpoints,
            "content_gone": found.gone,
            "erased": found.erased,
            "unsealed": found.unsealed,
            "bad": [[bad.seq, bad.kind, bad.subject, bad.why] for bad in found.bad],
            "rows_per_s": round(found.rows / seconds),
        },
        [Gate("bad rows", len(found.bad), 0, not found.bad)],
        n=found.rows,
        seed=None,
        as_json=as_json,
        enforce=enforce,
    )
    if found.bad:
        raise typer.Exit(1)


def show(found: Verified, seconds: float) -> None:
    """What was found, as a table."""
    console = wide_console()
    console.print(
        f"{found.rows:,} rows and {found.checkpoints} checkpoints in {seconds:.1f} s "
        f"({found.rows / seconds:,.0f} rows/s); content gone by its time: {found.gone:,}; "
        f"erased since: {found.erased:,}; "
        f"not sealed yet: {found.unsealed:,}"
    )
    if found.bad:
        table = Table("row", "kind", "subject", "what is wrong", title="does not hold")
        for bad in found.bad:
            table.add_row(str(bad.seq), bad.kind, bad.subject, bad.why)
        console.print(table)


async def _verified(db: Database, work: object) -> Verified:
    await db.start()
    try:
        return await db.run(work, write=False, patient=True)  # type: ignore[arg-type]
    finally:
        await db.stop()
