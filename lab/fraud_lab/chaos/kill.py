"""`fraud chaos kill`: a service dies under load; payments go on, and say what is missing.

Steady state, `kill -9`, the supervisor starts it again, recovery: with an open-loop stream
the whole time, so that a stall cannot hide.
"""

import asyncio
import json
import random
import time
from collections.abc import Sequence
from dataclasses import dataclass, field
from itertools import islice
from typing import Any

from rich.table import Table

from fraud_lab.bench.load import live
from fraud_ops.figures import Gate, finish, gate, wide_console
from fraud_ops.mesh.environment import LocalMesh
from fraud_ops.mesh.http import Client, status
from fraud_ops.mesh.supervisor import Supervisor
from fraud_ops.mesh.up import running_mesh
from fraud_shared.mesh.errors import DependencyError

CHAOS_PORT = 19000
STEADY_S = 5.0
AFTER_S = 6.0
# No restart takes longer (`_kill` gives up); payments for all that time are prepared.
AWAY_S = 60.0
LONGEST_S = STEADY_S + 1.0 + AWAY_S + AFTER_S
MODELS = ("isolation_forest", "autoencoder", "xgboost")
console = wide_console()


@dataclass
class Seen:
    """One payment: when it was sent, how long it took, what its reply said."""

    sent_at: float
    latency_ms: float
    failure: str | None
    outcome: str | None
    degraded: tuple[str, ...] = ()


@dataclass
class Watch:
    """Everything that was sent, and when the service died and was back."""

    service: str
    seen: list[Seen] = field(default_factory=list)
    killed_at: float = 0.0
    ready_at: float = 0.0

    @property
    def reason(self) -> str:
        """The reason code a verdict must carry without this service."""
        return f"MODEL_{self.service.upper()}_UNAVAILABLE"

    def figures(self) -> dict[str, Any]:
        """Failures, unmarked gaps, and the time until verdicts were whole again."""
        missing = [s for s in self.seen if s.failure is None and s.outcome != "scored"]
        whole = [
            s.sent_at
            for s in self.seen
            if s.outcome == "scored" and s.sent_at >= self.ready_at
        ]
        lost = [s for s in missing if self.killed_at <= s.sent_at <= self.ready_at]
        return {
            "answered": sum(s.failure is None for s in self.seen),
            "failed": sum(s.failure is not None for s in self.seen),
            "without_the_model": len(missing),
            "while_it_was_away": len(lost),
            "unmarked": sum(
                not {self.reason, "MODELS_UNAVAILABLE"} & set(s.degraded)
                for s in missing
            ),
            "away_s": round(self.ready_at - self.killed_at, 3),
            "recovery_s": round(min(whole) - self.ready_at, 3) if whole else None,
            "slowest_ms": round(max(s.latency_ms for s in self.seen), 1),
        }


def chaos_kill_command(
    mesh: LocalMesh,
    *,
    service: str,
    rps: float,
    runs: int,
    seed: int,
    as_json: bool,
    enforce: bool,
) -> None:
    """Kill `service` `runs` times under `rps` payments a second, and judge."""
    with mesh.fresh(CHAOS_PORT) as stage:
        results = asyncio.run(_runs(stage, service, rps, runs, random.Random(seed)))
    table = Table("run", *results[0], title=f"kill -9 {service} at {rps:g} payments/s")
    for number, row in enumerate(results, 1):
        table.add_row(str(number), *(str(value) for value in row.values()))
    console.print(table)
    recoveries = [r["recovery_s"] for r in results]
    slowest = None if None in recoveries else max(recoveries)
    gates: list[Gate] = [
        gate("failed requests", sum(r["failed"] for r in results), 0, "at_most"),
        gate("unmarked verdicts", sum(r["unmarked"] for r in results), 0, "at_most"),
        gate(
            "runs in which the kill was felt",
            sum(r["while_it_was_away"] > 0 for r in results),
            runs,
            "at_least",
        ),
        gate("slowest recovery, s", slowest, 2.0, "at_most"),
    ]
    finish(
        "chaos kill",
        {"service": service, "rps": rps, "runs": results},
        gates,
        n=sum(r["answered"] + r["failed"] for r in results),
        seed=seed,
        as_json=as_json,
        enforce=enforce,
    )


async def _runs(
    mesh: LocalMesh, service: str, rps: float, runs: int, chance: random.Random
) -> list[dict[str, Any]]:
    async with running_mesh(mesh) as supervisor:
        client = Client(mesh.url, mesh.key(), connections=256)
        results = []
        for number in range(runs):
            watch = Watch(service)
            console.print(f"run {number + 1} of {runs}")
            # Made beforehand: a generator that is late would be taken for a slow answer.
            bodies = list(islice(live(5, f"kill{number}"), int(rps * LONGEST_S)))
            traffic = asyncio.create_task(_traffic(client, watch, rps, bodies))
            await asyncio.sleep(STEADY_S + chance.random())
            await _kill(mesh, supervisor, watch)
            await asyncio.sleep(AFTER_S)
            traffic.cancel()
            await asyncio.gather(traffic, return_exceptions=True)
            results.append(watch.figures())
        await client.close()
    return results


async def _kill(mesh: LocalMesh, supervisor: Supervisor, watch: Watch) -> None:
    process = supervisor.children[watch.service].process
    assert process is not None
    process.kill()
    await process.wait()
    watch.killed_at = time.monotonic()
    url = f"http://127.0.0.1:{mesh.port(watch.service)}/readyz"
    async with asyncio.timeout(AWAY_S):
        while await status(url) != 200:
            await asyncio.sleep(0.02)
    watch.ready_at = time.monotonic()


async def _traffic(
    client: Client, watch: Watch, rps: float, bodies: Sequence[bytes]
) -> None:
    start = time.monotonic()
    async with asyncio.TaskGroup() as tasks:
        for number, body in enumerate(bodies):
            planned = start + number / rps
            await asyncio.sleep(max(0.0, planned - time.monotonic()))
            tasks.create_task(_one(client, watch, body, planned))


async def _one(client: Client, watch: Watch, body: bytes, planned: float) -> None:
    failure = outcome = None
    degraded: tuple[str, ...] = ()
    try:
        code, reply = await client.post("/score", body, timeout_s=1.0)
        if code == 200:
            decision = json.loads(reply)
            signals = {s["source"]: s["outcome"] for s in decision["signals"]}
            skipped = decision["rules_flag"] == "BLOCK"
            outcome = "scored" if skipped else signals.get(watch.service, "scored")
            degraded = tuple(decision["degraded"])
        else:
            failure = f"status {code}"
    except DependencyError as error:
        failure = error.kind
    elapsed_ms = (time.monotonic() - planned) * 1000
    watch.seen.append(Seen(planned, elapsed_ms, failure, outcome, degraded))
