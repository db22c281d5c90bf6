"""`fraud demo`: start a mesh, play weeks of payments, show what it did."""

import asyncio
import secrets
import shutil
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from rich.progress import Progress

from fraud_features.store.open_store import open_online_store
from fraud_lab.demo import show
from fraud_lab.demo.history import load
from fraud_lab.demo.plan import Play, warm_up
from fraud_lab.demo.play import Tally, play, report_labels
from fraud_ops.figures import finish, gate, wide_console
from fraud_ops.mesh.environment import LocalMesh
from fraud_ops.mesh.http import Client
from fraud_ops.mesh.up import announce, running_mesh, until_stopped
from fraud_ops.traces.store import fullest
from fraud_ops.traces.waterfall import waterfall
from fraud_orchestrator.privacy import Privacy

AT_ONCE = 4
DEMO_PORT = 17000
console = wide_console()


def demo_command(
    mesh: LocalMesh,
    *,
    payments: int,
    seed: int,
    as_json: bool,
    enforce: bool,
    keep: bool = False,
) -> None:
    """Play, show, and judge: at least 60 % of fraud stopped, at most 2 % of good
    payments disturbed. With `keep` the mesh then runs on beside the console."""
    script = warm_up(payments, seed, datetime.now(UTC))
    with mesh.fresh(DEMO_PORT) as stage:
        tally, labels = asyncio.run(_run(stage, script, keep=keep))
        _keep(stage, mesh.var / "demo")
        followed = fullest(stage.traces)
    show.by_scenario(console, tally)
    percentiles = show.latency(console, tally)
    if tally.explained is not None:
        show.explained(console, tally.explained)
        show.timings(console, tally.explained)
    if followed:
        console.print(waterfall(followed))
    decided = len(tally.latency_ms)
    gates = [
        gate("share of fraud stopped", round(tally.caught, 4), 0.60, "at_least"),
        gate("share of good disturbed", round(tally.disturbed, 4), 0.02, "at_most"),
        gate("failed requests", sum(tally.failed.values()), 0, "at_most"),
    ]
    figures: dict[str, Any] = {
        **percentiles,
        "verdicts": {row: dict(c) for row, c in tally.verdicts.items()},
        "degraded": dict(tally.degraded),
        "disturbed_by": dict(tally.disturbed_by),
        "failures": dict(tally.failed),
        "labels_accepted": labels,
    }
    finish(
        "demo",
        figures,
        gates,
        n=decided,
        seed=script.seed,
        as_json=as_json,
        enforce=enforce,
    )


def _keep(stage: LocalMesh, folder: Path) -> None:
    """What was decided and reported, in place of the last demo's, to be looked at."""
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    for file in stage.var.glob("*.db*"):
        shutil.copy(file, folder)
    if stage.traces.is_dir():
        shutil.copytree(stage.traces, folder / "traces")


async def _run(
    mesh: LocalMesh, script: Play, *, keep: bool = False
) -> tuple[Tally, int]:
    run = f"demo-{secrets.token_hex(3)}"
    sign_in = secrets.token_urlsafe(24) if keep else ""
    async with running_mesh(mesh, sign_in=sign_in) as supervisor:
        with Progress(console=console) as progress:
            past = progress.add_task("loading the past", total=len(script.history))
            store = open_online_store(supervisor.redis_url, timeout_ms=1000)
            privacy = Privacy(mesh.secret("FRAUD_PAN_KEY"))
            await load(script, store, privacy, lambda n: progress.advance(past, n))
            await store.close()
            client = Client(mesh.url, mesh.key())
            now = progress.add_task("deciding", total=len(script.payments))
            tally = await play(
                script,
                client,
                run,
                at_once=AT_ONCE,
                progress=lambda n: progress.advance(now, n),
            )
        labels = await report_labels(script, client, run)
        console.print(f"{labels} of {len(script.labels)} later labels accepted")
        await client.close()
        if keep:
            stop = until_stopped()
            announce(mesh, sign_in)
            await stop.wait()
    return tally, labels
