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

from fraud_ops.bench.load import live
from fraud_ops.chaos.recompute import TOLERANCE, Answered, Recomputer
from fraud_ops.chaos.variants import variants
from fraud_ops.figures import finish, gate, wide_console
from fraud_ops.mesh.environment import LocalMesh
from fraud_ops.mesh.http import Client
from fraud_ops.mesh.up import running_mesh
from fraud_scoring.artifact import MANIFEST, SIGNATURE, Artifact
from fraud_scoring.folder import open_registry
from fraud_scoring.keys import Signer, Verifier, development_keys
from fraud_scoring.registry import Draft, ModelRegistry
from fraud_shared.contracts.features import FeatureVector
from fraud_shared.contracts.signal import ModelRef
from fraud_shared.mesh.errors import DependencyError

SWAP_PORT = 19200
MODEL = "xgboost"
# Between two orders: time for answers of every version.
PAUSE_S = 0.25
TRIES = 5
# Afterwards traffic goes on until there are enough answers to draw from.
ENOUGH_WITHIN_S = 120.0
console = wide_console()


@dataclass
class Seen:
    """What the clients and the operator saw."""

    answered: Counter[str] = field(default_factory=Counter)
    failed: Counter[str] = field(default_factory=Counter)
    predictions: list[Answered] = field(default_factory=list)
    decisions: list[str] = field(default_factory=list)
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
        registry = _registry(stage, uri)
        versions = _stocked(_registry(stage, mesh.registry), registry)
        orders = _orders(swaps, rollbacks, random.Random(seed))
        figures = asyncio.run(
            _run(stage, uri, registry, versions, orders, rps, samples, seed)
        )
    _report(figures, swaps, rollbacks, samples, seed, as_json, enforce)


def _registry(stage: LocalMesh, uri: str) -> ModelRegistry:
    keys = development_keys(stage.var)
    return open_registry(uri, Verifier(keys.public_pem), Signer(keys.private_pem))


def _stocked(source: ModelRegistry, registry: ModelRegistry) -> list[Artifact]:
    """Everything that serves, under new versions; of `MODEL` every variant."""
    now = datetime.now(UTC)
    made: list[Artifact] = []
    for name in source.models():
        for alias, pointed in source.aliases(name).aliases.items():
            original = source.load(name, pointed.target.version)
            drafts = variants(original) if name == MODEL else [_again(original)]
            published = [registry.publish(draft, now=now) for draft in drafts]
            registry.promote(name, published[0].manifest.version, alias, now=now)
            made += published if name == MODEL else []
    return made


def _again(original: Artifact) -> Draft:
    files = {
        name: data
        for name, data in original.files.items()
        if name not in (MANIFEST, SIGNATURE)
    }
    return Draft(original.manifest.name, original.manifest.bundle, files)


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
    rps: float,
    samples: int,
    seed: int,
) -> dict[str, Any]:
    chance = random.Random(seed)
    seen = Seen()
    async with running_mesh(stage, MODEL_REGISTRY_URI=uri):
        client = Client(stage.url, stage.key(), connections=128)
        rows = _rows(versions[0])
        traffic = asyncio.create_task(_traffic(client, seen, rows, rps, seed))
        await asyncio.sleep(2.0)
        await _operate(client, seen, registry, versions, orders)
        with suppress(TimeoutError):
            async with asyncio.timeout(ENOUGH_WITHIN_S):
                while len(seen.predictions) < samples:
                    await asyncio.sleep(0.5)
        traffic.cancel()
        await asyncio.gather(traffic, return_exceptions=True)
        decided = chance.sample(seen.decisions, min(len(seen.decisions), samples // 2))
        answers = [a for i in decided if (a := await _recorded(client, i)) is not None]
        await client.close()
    drawn = min(len(seen.predictions), samples - len(answers))
    answers += chance.sample(seen.predictions, drawn)
    check = Recomputer(versions)
    apart = [check.difference(answer) for answer in answers]
    by_version = Counter(answer.model.version for answer in answers)
    return {
        "answered": dict(seen.answered),
        "failed": dict(seen.failed),
        "swaps_done": len(seen.swap_ms) - seen.rollbacks,
        "rollbacks_done": seen.rollbacks,
        "not_swapped": dict(seen.unswapped),
        "swap_ms_median": round(sorted(seen.swap_ms)[len(seen.swap_ms) // 2], 1)
        if seen.swap_ms
        else None,
        "swap_ms_slowest": round(max(seen.swap_ms), 1) if seen.swap_ms else None,
        "sampled": len(answers),
        "sampled_by_version": dict(sorted(by_version.items())),
        "sampled_from_decisions": len(answers) - drawn,
        "largest_difference": max(apart, default=None),
        "not_reproduced": sum(not d <= TOLERANCE for d in apart),
        "rps": rps,
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


def _rows(artifact: Artifact) -> list[dict[str, float | None]]:
    names = artifact.metadata.features
    return [dict(zip(names, row, strict=True)) for row in artifact.golden.rows]


async def _traffic(
    client: Client,
    seen: Seen,
    rows: Sequence[dict[str, float | None]],
    rps: float,
    seed: int,
) -> None:
    """Payments and named rows in turn, on a clock."""
    start = time.monotonic()
    payments = live(seed, f"swap{seed}")
    async with asyncio.TaskGroup() as tasks:
        for number, payment in enumerate(payments):
            planned = start + number / rps
            await asyncio.sleep(max(0.0, planned - time.monotonic()))
            if number % 2:
                tasks.create_task(_pay(client, seen, payment))
            else:
                row = rows[number // 2 % len(rows)]
                tasks.create_task(_predict(client, seen, row))


async def _send(client: Client, seen: Seen, path: str, body: bytes) -> bytes | None:
    try:
        status, reply = await client.post(path, body, timeout_s=2.0)
    except DependencyError as error:
        seen.failed[f"{path} {error.kind}"] += 1
        return None
    if status != 200:
        kind = json.loads(reply).get("type", "").rpartition(":")[2]
        seen.failed[f"{path} status {status} {kind}"] += 1
        return None
    seen.answered[path] += 1
    return reply


async def _pay(client: Client, seen: Seen, payment: bytes) -> None:
    reply = await _send(client, seen, "/score", payment)
    if reply is not None:
        seen.decisions.append(json.loads(reply)["decision_id"])


async def _predict(client: Client, seen: Seen, row: dict[str, float | None]) -> None:
    body = json.dumps({"model": MODEL, "instances": [row]}).encode()
    reply = await _send(client, seen, "/v1/predict", body)
    if reply is None:
        return
    found = json.loads(reply)
    model = ModelRef.model_validate(found["model"])
    score = found["predictions"][0]["score"]
    if score is None:
        seen.failed["/v1/predict no score"] += 1
        return
    seen.predictions.append(Answered(model, score, row))


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
