"""`fraud demo learning`: play the quarter, show it, judge it."""

import asyncio
import shutil
import tempfile
from pathlib import Path
from typing import Any

from rich.table import Table

from fraud_lab.demo.learning import recorder
from fraud_lab.demo.learning.play import (
    FRICTION,
    LIMIT_MS,
    WINDOW,
    Play,
    Played,
)
from fraud_lab.demo.learning.plot import draw
from fraud_lab.demo.learning.quarter import BEGINS, DAYS, Quarter, simulate_quarter
from fraud_lab.demo.learning.scorer import Traffic, serving
from fraud_ops.figures import finish, gate, wide_console
from fraud_ops.mesh.environment import LocalMesh
from fraud_ops.retrain.command import COLOURS
from fraud_ops.retrain.runs import RunRecord, RunStore
from fraud_ops.train.stages import Stages
from fraud_post_auth.dataset import DatasetStore
from fraud_scoring.artifacts.keys import Signer, Verifier, development_keys
from fraud_scoring.registry.file import open_registry

console = wide_console()
BEFORE, AFTER = 0.20, 0.60
FLIPPED, REPORTED = 0.5, 0.8
LEAK = "device_risk_30d"


def learning_command(
    mesh: LocalMesh, *, payments: int, seed: int, as_json: bool, enforce: bool
) -> None:
    """Play in a registry and datasets of its own, which are thrown away."""
    folder = Path(tempfile.mkdtemp(prefix="fraud-learning-"))
    try:
        with Stages(console) as stages:
            with stages.stage("simulate a quarter"):
                quarter = simulate_quarter(payments, seed)
            played, bad, traffic = asyncio.run(_play(folder, quarter, seed, stages))
    finally:
        shutil.rmtree(folder, ignore_errors=True)
    figures = _figures(quarter, played, bad, traffic)
    picture = mesh.var / "reports" / "learning.png"
    draw(quarter, played, picture)
    figures["picture"] = str(picture)
    figures["seconds"] = {**stages.seconds, "total": stages.total}
    _show(quarter, played, bad, figures)
    finish(
        "demo learning",
        figures,
        [
            gate(
                "recall of the new fraud before",
                figures["recall_before"],
                BEFORE,
                "at_most",
            ),
            gate(
                "recall of the new fraud after",
                figures["recall_after"],
                AFTER,
                "at_least",
            ),
            gate("promotions without a person", figures["promotions"], 1, "at_least"),
            gate("requests failed while scorers swapped", traffic.failed, 0, "at_most"),
            gate("flipped labels refused", _refused(bad["flipped"]), 1, "at_least"),
            gate("leaking feature refused", _refused(bad["leaking"]), 1, "at_least"),
        ],
        n=len(quarter),
        seed=seed,
        as_json=as_json,
        enforce=enforce,
    )


async def _play(
    folder: Path, quarter: Quarter, seed: int, stages: Stages
) -> tuple[Played, dict[str, RunRecord], Traffic]:
    keys = development_keys(folder)
    where = str(folder / "registry")
    registry = open_registry(where, Verifier(keys.public_pem), Signer(keys.private_pem))
    store = DatasetStore(str(folder / "datasets"))
    async with serving(registry, keys.public_pem, folder, quarter) as traffic:

        async def swapped(first: bool) -> None:
            await (traffic.load() if first else traffic.swap())

        play = Play(quarter, registry, store, seed, stages, swapped)
        played = await play.run()
    bad = _bad_data(folder, play, seed)
    runs = RunStore(where, "")
    for record in (*played.records, *bad.values()):
        runs.write(record)
    return played, bad, traffic


def _bad_data(folder: Path, play: Play, seed: int) -> dict[str, RunRecord]:
    """The last day's data again, spoilt in two ways."""
    as_of = play.quarter.after(DAYS)
    rows = recorder.known_rows(play.quarter, play.scores, as_of)
    spoilt = {
        "flipped": recorder.flipped(rows, FLIPPED, seed),
        "leaking": recorder.leaking(rows, LEAK, REPORTED, seed),
    }
    found = {}
    for name, table in spoilt.items():
        store = DatasetStore(str(folder / f"datasets-{name}"))
        recorder.write(store, table, as_of)
        found[name] = play.retrain_on(store, as_of, f"{name} data")
    return found


def _refused(record: RunRecord) -> int:
    return int(record.outcome == "refused")


def _figures(
    quarter: Quarter, played: Played, bad: dict[str, RunRecord], traffic: Traffic
) -> dict[str, Any]:
    promoted = [
        (r.started_at - quarter.start).days
        for r in played.records[1:]
        if r.outcome == "promoted"
    ]
    first_fraud = int(quarter.day[quarter.new].min())
    learned = promoted[0] if promoted else DAYS
    reached = _reached(quarter, played, first_fraud)
    return {
        "days": DAYS,
        "new_pattern_begins": BEGINS,
        "first_new_fraud": first_fraud,
        "friction": FRICTION,
        "frauds": int(quarter.fraud.sum()),
        "new_frauds": int(quarter.new.sum()),
        "recall_before": played.recall(quarter, first_fraud, learned - 1),
        "recall_after": played.recall(quarter, promoted[-1], DAYS)
        if promoted
        else None,
        "new_frauds_before": played.frauds(quarter, first_fraud, learned - 1),
        "new_frauds_after": played.frauds(quarter, promoted[-1], DAYS)
        if promoted
        else 0,
        "days_to_60_percent": None if reached is None else reached - first_fraud,
        "promotions": len(promoted),
        "promoted_on": promoted,
        "recall_by_week": weekly(quarter, played),
        "swaps": traffic.swaps,
        "requests_while_swapping": traffic.requests,
        "versions_while_swapping": dict(traffic.versions),
        "row_limit_ms": LIMIT_MS,
        "runs": [_short(record) for record in played.records],
        "refusals": {name: _short(record) for name, record in bad.items()},
    }


def weekly(quarter: Quarter, played: Played) -> dict[int, float | None]:
    """The recall of each day's last seven days."""
    first = int(quarter.day[quarter.new].min())
    return {
        day: played.recall(quarter, day - WINDOW + 1, day) for day in range(first, DAYS)
    }


def _reached(quarter: Quarter, played: Played, first: int) -> int | None:
    """The first day whose week has 60 % recall, and keeps above it for one more week."""
    week = weekly(quarter, played)
    for day in range(first + WINDOW - 1, DAYS):
        following = [week[d] for d in range(day, min(day + WINDOW, DAYS))]
        if all(recall is not None and recall >= AFTER for recall in following):
            return day
    return None


def _short(record: RunRecord) -> dict[str, Any]:
    found: dict[str, Any] = record.model_dump(
        mode="json",
        include={"run", "trigger", "outcome", "reasons", "as_of", "rows", "fraud"},
    )
    return found | {"checks": {c["name"]: c["value"] for c in record.checks}}


def _show(
    quarter: Quarter,
    played: Played,
    bad: dict[str, RunRecord],
    figures: dict[str, Any],
) -> None:
    table = Table("day", "because", "outcome", "reasons", title="Retrainings")
    for record in (*played.records, *bad.values()):
        day = (record.started_at - quarter.start).days
        outcome = f"[{COLOURS[record.outcome]}]{record.outcome}[/]"
        table.add_row(str(day), record.trigger, outcome, "\n".join(record.reasons))
    console.print(table)
    days = figures["days_to_60_percent"]
    console.print(
        f"The new fraud began on day {figures['first_new_fraud']}: recall "
        f"{_percent(figures['recall_before'])} until the first promotion, "
        f"{_percent(figures['recall_after'])} after the last, at {FRICTION:.1%} of honest "
        f"payments stopped; 60 % "
        + ("was never reached" if days is None else f"after {days} days")
    )
    console.print(f"picture: {figures['picture']}")


def _percent(share: float | None) -> str:
    return "-" if share is None else f"{share:.0%}"
