"""`fraud chaos swap`: models change under load; nothing fails, every answer fits its version.

The champion of `xgboost` is published as five versions in a registry of this run. An open
loop sends payments and named rows while an operator promotes, rolls back and refreshes.
Afterwards answers are drawn at random and computed again with the version they name.
"""

import asyncio
import json
import random
import time
from collections import Counter
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

from rich.progress import Progress
from rich.table import Table

from fraud_lab.chaos.recompute import TOLERANCE, Answered, Recomputer
from fraud_lab.chaos.registries import MODEL, registry_at, stocked
from fraud_lab.chaos.traffic import Traffic, golden_rows
from fraud_lab.chaos.variants import variants
from fraud_ops.figures import finish, gate, wide_console
from fraud_ops.mesh.environment import LocalMesh
from fraud_ops.mesh.http import Client
from fraud_ops.mesh.up import running_mesh
from fraud_scoring.artifacts.artifact import Artifact
from fraud_scoring.registry.port import ModelRegistry
from fraud_shared.contracts.features import FeatureVector
from fraud_shared.contracts.signal import ModelRef
from fraud_shared.mesh.errors import DependencyError

SWAP_PORT = 19200
# Between two orders: time for answers of every version.
PAUSE_S = 0.25
TRIES = 5
# Afterwards traffic goes on until there are enough answers to draw from.
ENOUGH_WITHIN_S = 120.0
console = wide_console()


@dataclass
class Seen:
    """What the operator saw."""

    swap_ms: list[float] = field(default_factory=list)
    unswapped: Counter[str] = field(default_factory=Counter)
    rollbacks: int = 0


def chaos_swap_command(
    mesh: LocalMesh,
    *,
    swaps: int,
    rollbacks: int,
    rps: float,
    samples: int,
    seed: int,
    as_json: bool,
    enforce: bool,
) -> None:
    """Order `swaps` promotions and `rollbacks` returns under `rps` requests a second."""
    with mesh.fresh(SWAP_PORT) as stage:
        stage.prepare()
        uri = str(stage.var / "swaps")
        registry = registry_at(stage, uri)
        source = registry_at(stage, mesh.registry)
        versions = stocked(source, registry, variants)
        orders = _orders(swaps, rollbacks, random.Random(seed))
        figures = asyncio.run(
            _run(
                stage,
                uri,
                registry,
                versions,
                orders,
                rps=rps,
                samples=samples,
                seed=seed,
            )
        )
    _report(figures, swaps, rollbacks, samples, seed, as_json=as_json, enforce=enforce)


def _orders(swaps: int, rollbacks: int, chance: random.Random) -> list[str]:
    """Promotions and returns in random order; a return always has something before it."""
    orders: list[str] = []
    left = {"promote": swaps, "rollback": rollbacks}
    past = 0
    while any(left.values()):
        share = left["rollback"] / sum(left.values())
        back = past > 0 and chance.random() < share
        order = "rollback" if back or not left["promote"] else "promote"
        left[order] -= 1
        past += 1 if order == "promote" else -1
        orders.append(order)
    return orders


async def _run(
    stage: LocalMesh,
    uri: str,
    registry: ModelRegistry,
    versions: Sequence[Artifact],
    orders: Sequence[str],
    *,
    rps: float,
    samples: int,
    seed: int,
) -> dict[str, Any]:
    chance = random.Random(seed)
    seen = Seen()
    async with running_mesh(stage, MODEL_REGISTRY_URI=uri):
        client = Client(stage.url, stage.key(), connections=128)
        traffic = Traffic(client, MODEL)
        rows = golden_rows(versions[0])
        sending = asyncio.create_task(traffic.run(rows, rps, seed))
        await traffic.begun.wait()
        await asyncio.sleep(2.0)
        await _operate(client, seen, registry, versions, orders)
        with suppress(TimeoutError):
            async with asyncio.timeout(ENOUGH_WITHIN_S):
                while len(traffic.predictions) < samples:
                    await asyncio.sleep(0.5)
        sending.cancel()
        await asyncio.gather(sending, return_exceptions=True)
        decided = chance.sample(
            traffic.decided, min(len(traffic.decided), samples // 2)
        )
        recorded = [await _recorded(client, one.decision_id) for one in decided]
        await client.close()
    answers = [answer for answer in recorded if answer is not None]
    named = _answers(traffic)
    answers += chance.sample(named, min(len(named), samples - len(answers)))
    without = len(traffic.predictions) - len(named)
    failed = traffic.failed + Counter({"/v1/predict no score": without})
    return {
        "answered": dict(traffic.answered),
        "failed": dict(failed),
        **_swapped(seen),
        **_recomputed(versions, answers),
        "rps": rps,
    }


def _answers(traffic: Traffic) -> list[Answered]:
    return [
        Answered(one.model, one.score, one.row)
        for one in traffic.predictions
        if one.score is not None
    ]


def _swapped(seen: Seen) -> dict[str, Any]:
    times = sorted(seen.swap_ms)
    return {
        "swaps_done": len(times) - seen.rollbacks,
        "rollbacks_done": seen.rollbacks,
        "not_swapped": dict(seen.unswapped),
        "swap_ms_median": round(times[len(times) // 2], 1) if times else None,
        "swap_ms_slowest": round(times[-1], 1) if times else None,
    }


def _recomputed(
    versions: Sequence[Artifact], answers: Sequence[Answered]
) -> dict[str, Any]:
    check = Recomputer(versions)
    apart = [check.difference(answer) for answer in answers]
    by_version = Counter(answer.model.version for answer in answers)
    decided = sum(isinstance(answer.features, FeatureVector) for answer in answers)
    return {
        "sampled": len(answers),
        "sampled_by_version": dict(sorted(by_version.items())),
        "sampled_from_decisions": decided,
        "largest_difference": max(apart, default=None),
        "not_reproduced": sum(not d <= TOLERANCE for d in apart),
    }


async def _operate(
    client: Client,
    seen: Seen,
    registry: ModelRegistry,
    versions: Sequence[Artifact],
    orders: Sequence[str],
) -> None:
    """Carry out the orders one after the other, each with its own refresh."""
    at = 0
    with Progress(console=console, transient=True) as progress:
        task = progress.add_task("swaps", total=len(orders))
        for order in orders:
            now = datetime.now(UTC)
            if order == "rollback":
                await asyncio.to_thread(registry.rollback, MODEL, "champion", now=now)
            else:
                at = (at + 1) % len(versions)
                await _promote(registry, versions, at, now)
            await _refresh(client, seen, rollback=order == "rollback")
            progress.advance(task)
            await asyncio.sleep(PAUSE_S)


async def _promote(
    registry: ModelRegistry, versions: Sequence[Artifact], at: int, now: datetime
) -> None:
    """Point the champion at a version that it does not point at already."""
    serving = registry.aliases(MODEL).target("champion").version
    if versions[at].manifest.version == serving:
        at = (at + 1) % len(versions)
    version = versions[at].manifest.version
    await asyncio.to_thread(registry.promote, MODEL, version, "champion", now=now)


async def _refresh(client: Client, seen: Seen, *, rollback: bool) -> None:
    """Ask for the swap, again when the gateway sheds the question, as an operator would."""
    started = time.perf_counter()
    status, reply = 0, b"{}"
    for _ in range(TRIES):
        with suppress(DependencyError):
            status, reply = await client.post(
                "/v1/admin/refresh-models", b"", timeout_s=90.0
            )
            if status == 200:
                break
        await asyncio.sleep(1.0)
    changed = json.loads(reply).get("changed", {}) if status == 200 else {}
    if MODEL not in changed:
        seen.unswapped[f"status {status}"] += 1
        return
    seen.swap_ms.append((time.perf_counter() - started) * 1000)
    seen.rollbacks += rollback


async def _recorded(client: Client, decision_id: str) -> Answered | None:
    """The model's signal on a decision's record; None when it was not asked or late."""
    status, stored = await client.get(f"/v1/decisions/{decision_id}")
    if status != 200:
        return None
    record = stored["record"]
    for signal in record["decision"]["signals"]:
        if signal["source"] == MODEL and signal["outcome"] == "scored":
            return Answered(
                ModelRef.model_validate(signal["model"]),
                signal["score"],
                FeatureVector.model_validate_json(json.dumps(record["features"])),
            )
    return None


def _report(
    figures: dict[str, Any],
    swaps: int,
    rollbacks: int,
    samples: int,
    seed: int,
    *,
    as_json: bool,
    enforce: bool,
) -> None:
    table = Table("what", "figure", title="Models changed under load")
    for name, value in figures.items():
        table.add_row(name, str(value))
    console.print(table)
    answered = sum(figures["answered"].values())
    failed = sum(figures["failed"].values())
    gates = [
        gate("failed requests", failed if answered else None, 0, "at_most"),
        gate("swaps", figures["swaps_done"], swaps, "at_least"),
        gate("rollbacks", figures["rollbacks_done"], rollbacks, "at_least"),
        gate("sampled answers", figures["sampled"], samples, "at_least"),
        gate("versions among them", len(figures["sampled_by_version"]), 2, "at_least"),
        gate("answers not reproduced", figures["not_reproduced"], 0, "at_most"),
    ]
    finish(
        "chaos swap",
        figures,
        gates,
        n=answered + failed,
        seed=seed,
        as_json=as_json,
        enforce=enforce,
    )
