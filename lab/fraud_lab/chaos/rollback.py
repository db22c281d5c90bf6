"""`fraud chaos rollback`: a version that passes every gate fails in use, and goes by itself.

Two versions are promoted one after the other under load: one gives no number for half of
the payments, one is late for them. Both are signed and complete, and reproduce their golden
rows. Nobody orders a return; what is watched is that it happens, how soon, that it stays
so until the next order, and that no request fails meanwhile.
"""

import asyncio
import json
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from rich.table import Table

from fraud_lab.chaos.faulty_models import faulty_models
from fraud_lab.chaos.registries import MODEL, again, registry_at, stocked
from fraud_lab.chaos.traffic import Traffic, golden_rows
from fraud_ops.figures import Gate, finish, gate, wide_console
from fraud_ops.mesh.environment import LocalMesh
from fraud_ops.mesh.http import Client
from fraud_ops.mesh.supervisor import Supervisor
from fraud_ops.mesh.up import running_mesh
from fraud_scoring.artifacts.artifact import Artifact
from fraud_scoring.registry.port import ModelRegistry, UnpublishedModel
from fraud_shared.mesh.transport import HttpTransport

ROLLBACK_PORT = 19400
REASONS = {"blind": "error-rate", "slow": "degraded-rate"}
# A hundred rows of the new version must have been seen; at the default rate they take
# three seconds, or twice as long when they are shared with what is in flight.
RETURN_WITHIN_S = 10.0
GIVE_UP_S = 60.0
STEADY_S = 3.0
# Longer than the gateway keeps what a scorer said of itself.
AFTERWARDS_S = 6.0
MISSING = {f"MODEL_{MODEL.upper()}_UNAVAILABLE", "MODELS_UNAVAILABLE"}
console = wide_console()


@dataclass
class RollbackRun:
    """What a run works with."""

    stage: LocalMesh
    supervisor: Supervisor
    client: Client
    registry: ModelRegistry
    traffic: Traffic


def chaos_rollback_command(
    mesh: LocalMesh, *, rps: float, seed: int, as_json: bool, enforce: bool
) -> None:
    """Promote two unfit versions under `rps` requests a second, and judge."""
    with mesh.fresh(ROLLBACK_PORT) as stage:
        stage.prepare()
        uri = str(stage.var / "unfit")
        registry = registry_at(stage, uri)
        versions = stocked(registry_at(stage, mesh.registry), registry, _drafts)
        figures = asyncio.run(_run(stage, uri, registry, versions, rps, seed))
    _report(figures, seed, as_json, enforce)


def _drafts(champion: Artifact) -> list[UnpublishedModel]:
    return [*faulty_models(champion), again(champion)]


async def _run(
    stage: LocalMesh,
    uri: str,
    registry: ModelRegistry,
    versions: list[Artifact],
    rps: float,
    seed: int,
) -> dict[str, Any]:
    good, blind, slow, newer = (one.manifest.version for one in versions)
    async with running_mesh(stage, MODEL_REGISTRY_URI=uri) as supervisor:
        client = Client(stage.url, stage.key(), connections=128)
        traffic = Traffic(client, MODEL)
        scene = RollbackRun(stage, supervisor, client, registry, traffic)
        sending = asyncio.create_task(traffic.run(golden_rows(versions[0]), rps, seed))
        await traffic.begun.wait()
        await asyncio.sleep(STEADY_S)
        returns = [
            await _returned(scene, name, version, good)
            for name, version in (("blind", blind), ("slow", slow))
        ]
        said = await _ordered(scene, newer)
        await asyncio.sleep(STEADY_S)
        sending.cancel()
        await asyncio.gather(sending, return_exceptions=True)
        await client.close()
    return {
        "answered": dict(traffic.answered),
        "failed": dict(traffic.failed),
        "returns": returns,
        "unmarked": _unmarked(traffic),
        "newer_order": said["status"],
        "rps": rps,
    }


async def _returned(
    scene: RollbackRun, name: str, version: str, good: str
) -> dict[str, Any]:
    """Promote an unfit version, order nothing more, and see what becomes of it."""
    reason, traffic = REASONS[name], scene.traffic
    promoted = await _ordered(scene, version)
    metric = 0.0
    with suppress(TimeoutError):
        async with asyncio.timeout(GIVE_UP_S):
            while not metric:
                await asyncio.sleep(0.2)
                metric = await _rollbacks(scene.stage, reason)
    await asyncio.sleep(AFTERWARDS_S)
    again = await _refresh(scene.client)
    _, versions = await scene.client.get("/v1/version")
    answers = sorted(
        [(one.at, one.version) for one in traffic.decided if one.version]
        + [(one.at, one.model.version) for one in traffic.predictions]
    )
    bad = [at for at, by in answers if by == version]
    log = scene.supervisor.log(MODEL)
    return {
        "version": name,
        "promoted": promoted["status"],
        "answers_of_it": len(bad),
        "without_a_score": sum(
            one.version == version and one.outcome == "failed"
            for one in traffic.decided
        ),
        "seconds_to_return": round(bad[-1] - bad[0], 3) if metric and bad else None,
        "metric": {reason: metric},
        "log_line": await asyncio.to_thread(_logged, log, version, good, reason),
        "refreshed_again": again["problem"],
        "serves_again": versions["models"][MODEL]["version"] == good,
        "answers_of_others_after": sum(
            by != good for at, by in answers if bad and at > bad[-1] + 1.0
        ),
    }


async def _ordered(scene: RollbackRun, version: str) -> dict[str, Any]:
    now = datetime.now(UTC)
    await asyncio.to_thread(scene.registry.promote, MODEL, version, "champion", now=now)
    return await _refresh(scene.client)


async def _refresh(client: Client) -> dict[str, Any]:
    """What the scorer says to a refresh."""
    status, body = await client.post("/v1/admin/refresh-models", b"", timeout_s=90.0)
    if status != 200:
        return {"status": f"status {status}", "problem": None}
    results = json.loads(body)["scorers"][MODEL].get("results", ())
    found = [one for one in results if one["model"] == MODEL]
    return found[0] if found else {"status": "unavailable", "problem": None}


async def _rollbacks(stage: LocalMesh, reason: str) -> float:
    """The scorer's own count of returns for that reason."""
    transport = HttpTransport({"it": f"http://127.0.0.1:{stage.port(MODEL)}/metrics"})
    try:
        _, body = await transport.get("it", "", {}, 5.0)
    finally:
        await transport.close()
    name = "fraud_model_rollbacks_total{"
    return sum(
        float(line.rpartition(" ")[2])
        for line in body.decode().splitlines()
        if line.startswith(name) and f'reason="{reason}"' in line
    )


def _logged(log: Path, version: str, good: str, reason: str) -> bool:
    """Whether the scorer wrote that it went back, from where, to where and why."""
    wanted = {"version": version, "back_to": good, "why": reason}
    for text in log.read_text().splitlines():
        if '"model_rolled_back"' in text:
            line = json.loads(text)
            if all(line.get(name) == value for name, value in wanted.items()):
                return True
    return False


def _unmarked(traffic: Traffic) -> int:
    """Decisions that lack the model's score and do not say so."""
    return sum(
        one.outcome not in (None, "scored") and not MISSING & set(one.degraded)
        for one in traffic.decided
    )


def _report(figures: dict[str, Any], seed: int, as_json: bool, enforce: bool) -> None:
    returns = figures["returns"]
    table = Table("what", *(one["version"] for one in returns), title="Unfit versions")
    for name in returns[0]:
        table.add_row(name, *(str(one[name]) for one in returns))
    console.print(table)
    finish(
        "chaos rollback",
        figures,
        _gates(figures),
        n=sum(figures["answered"].values()) + sum(figures["failed"].values()),
        seed=seed,
        as_json=as_json,
        enforce=enforce,
    )


def _gates(figures: dict[str, Any]) -> list[Gate]:
    returns = figures["returns"]
    answered = sum(figures["answered"].values())
    failed = sum(figures["failed"].values())
    times = [one["seconds_to_return"] for one in returns]
    slowest = None if None in times else max(times)
    stays = [
        one["refreshed_again"] == "rolled-back"
        and one["serves_again"]
        and not one["answers_of_others_after"]
        for one in returns
    ]
    return [
        gate("failed requests", failed if answered else None, 0, "at_most"),
        gate(
            "unfit versions that passed the gates and served",
            sum(
                one["promoted"] == "swapped" and one["answers_of_it"] > 0
                for one in returns
            ),
            len(REASONS),
            "at_least",
        ),
        gate("slowest return, s", slowest, RETURN_WITHIN_S, "at_most"),
        gate("that stayed so", sum(stays), len(REASONS), "at_least"),
        gate(
            "with a metric and a log line",
            sum(
                bool(one["log_line"] and all(one["metric"].values())) for one in returns
            ),
            len(REASONS),
            "at_least",
        ),
        gate("decisions that hide a missing score", figures["unmarked"], 0, "at_most"),
        gate(
            "newer orders obeyed",
            int(figures["newer_order"] == "swapped"),
            1,
            "at_least",
        ),
    ]
