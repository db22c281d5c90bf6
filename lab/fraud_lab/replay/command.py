"""`fraud replay handbook`: somebody else's weeks of payments through the running mesh."""

import asyncio
import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl

from fraud_features.definitions.registry import PAYMENT_FEATURES
from fraud_features.offline.frame import frame
from fraud_features.store.open_store import open_online_store
from fraud_lab.handbook.payments import read
from fraud_lab.parity.parity import Comparison, Vector, compare, served
from fraud_lab.parity.stages import PATIENT_MS, mesh_stage, variables
from fraud_lab.replay import quality
from fraud_lab.replay.plan import Plan, plan
from fraud_lab.replay.player import Outcome, Replayer, load_past
from fraud_lab.replay.train import train_on_past
from fraud_ops.features.progress import Progress, bars
from fraud_ops.figures import finish, gate, wide_console
from fraud_ops.mesh.environment import LocalMesh

SEED = 1
console = wide_console()


def replay_handbook_command(
    mesh: LocalMesh,
    *,
    data: Path,
    start: date,
    days: int,
    history_days: int,
    trained: bool,
    out: Path,
    as_json: bool,
    enforce: bool,
) -> None:
    """Replay, compare every vector with training's, show decisions by day, and judge."""
    script = plan(read(data), start, days, history_days, datetime.now(UTC))
    console.print(
        f"{len(script.replayed):,} payments of {days} days from {start}, after "
        f"{script.past:,} of the {history_days} days before; all times moved by "
        f"{script.weeks} weeks."
    )
    with bars(console) as report_progress:
        table = _frame(script, report_progress)
    with _models(mesh, script, table, trained) as (stage, bundle):
        outcome, ours = asyncio.run(_played(stage, script))
    found = compare(ours, _offline(script, table), set())
    rows = quality.by_day(script, outcome, start)
    console.print(quality.table(rows))
    picture = quality.plot(rows, out)
    console.print(f"{picture}; decided without some evidence: {dict(outcome.degraded)}")
    if found.example is not None:
        console.print(f"differing: {dict(found.by_feature)}, first {found.example}")
    finish(
        "replay handbook",
        {
            **_figures(script, outcome, found),
            "bundle": bundle,
            "days": [asdict(row) for row in rows],
        },
        [
            gate("differing vectors", found.differing + found.missing, 0, "at_most"),
            gate("failed requests", sum(outcome.failed.values()), 0, "at_most"),
        ],
        n=len(script.replayed),
        seed=SEED,
        as_json=as_json,
        enforce=enforce,
    )


async def _played(mesh: LocalMesh, script: Plan) -> tuple[Outcome, dict[str, Vector]]:
    async with mesh_stage(mesh) as stage:
        store = open_online_store(stage.redis_url, timeout_ms=PATIENT_MS)
        with bars(console) as report_progress:
            await load_past(
                script, store, lambda n: report_progress("past", n, script.past)
            )
            total = len(script.replayed)
            outcome = await Replayer(script, stage.client, store).play(
                lambda n: report_progress("deciding", n, total)
            )
        await store.close()
        return outcome, await served(stage)


def _frame(script: Plan, report_progress: Progress) -> pl.DataFrame:
    total = len(script.rows)
    return frame(
        script.rows,
        list(script.frame_labels()),
        progress=lambda n: report_progress("features", n, total),
    )


def _offline(script: Plan, table: pl.DataFrame) -> dict[str, Vector]:
    rows = table[script.past :].select("transaction_id", *PAYMENT_FEATURES.names).rows()
    return {row[0]: row[1:] for row in rows}


@contextmanager
def _models(
    mesh: LocalMesh, script: Plan, table: pl.DataFrame, trained: bool
) -> Iterator[tuple[LocalMesh, str]]:
    """The mesh with its own models, or with those of the past beside its others."""
    if not trained:
        yield mesh, "as shipped"
        return
    with mesh.fresh(mesh.first_port) as own, variables({}):
        folder = own.var / "registry"
        folder.unlink(missing_ok=True)
        shutil.copytree(mesh.registry, folder)
        os.environ.pop("MODEL_REGISTRY_URI", None)
        past = table[: script.past]
        yield own, train_on_past(own, script.history, past, SEED, console)


def _figures(script: Plan, outcome: Outcome, found: Comparison) -> dict[str, Any]:
    p50, p99 = np.percentile(outcome.latency_ms or [np.nan], [50, 99]).round(2).tolist()
    return {
        "weeks_moved": script.weeks,
        "past": script.past,
        "per_second": round(len(outcome.latency_ms) / outcome.seconds, 1),
        "p50_ms": p50,
        "p99_ms": p99,
        "labels": outcome.labels,
        "degraded": dict(outcome.degraded),
        "failures": dict(outcome.failed),
        "differing": found.differing,
        "missing": found.missing,
        "by_feature": dict(found.by_feature),
    }
