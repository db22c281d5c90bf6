"""Our `/v1/predict`, MLflow and BentoML under the same load, in turns."""

import asyncio
import json
import math
import tempfile
from collections.abc import AsyncIterator, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np

from fraud_lab.bench.serving.closed_loop import Lap, closed_loop
from fraud_lab.bench.serving.engines import champion
from fraud_lab.bench.serving.peers import Peers, json_row
from fraud_lab.bench.serving.target import Target
from fraud_ops.mesh.environment import LocalMesh
from fraud_ops.mesh.supervisor import Supervisor, service_command
from fraud_ops.mesh.up import running_mesh
from fraud_scoring.artifacts.artifact import Artifact
from fraud_scoring.serving.scorer import Floats32
from fraud_shared.mesh.tokens import TokenIssuer
from fraud_xgboost.scorer import BOOSTER

FIRST_PORT = 18300
PEER_PORT = 18340
ROUNDS = 5
WARM_UP_S = 2.0
MODEL = "xgboost"
GATEWAY, SCORER = "gateway, 2 processes", "scorer, 1 process"
NAMED = "named columns"
GATEWAY_BY_NAME = f"{GATEWAY}, {NAMED}"
SCORER_BY_NAME = f"{SCORER}, {NAMED}"
MLFLOW, BENTOML = "MLflow", "BentoML"
# The gateway limits each client; the peers limit nobody.
UNLIMITED = {
    "FRAUD_ORCHESTRATOR_RATE_PER_S": "1000000",
    "FRAUD_ORCHESTRATOR_RATE_BURST": "1000000",
}


@dataclass
class Measured:
    """All laps of one target."""

    target: Target
    laps: list[Lap] = field(default_factory=list)
    cpu_s: float = 0.0
    largest_difference: float = math.nan

    def figures(self) -> dict[str, Any]:
        """Throughput is the median of the laps', percentiles are over every answer."""
        answers = [ms for lap in self.laps for ms in lap.latency_ms]
        p50, p95, p99 = np.percentile(answers, [50, 95, 99]).round(3).tolist()
        return {
            "processes": self.target.processes,
            "per_second": round(float(np.median(self.per_second())), 1),
            "p50_ms": p50,
            "p95_ms": p95,
            "p99_ms": p99,
            "answered": len(answers),
            "failed": sum(lap.failed for lap in self.laps),
            "cpu_ms_per_request": round(self.cpu_s * 1000 / len(answers), 3),
            "largest_difference": self.largest_difference,
        }

    def per_second(self) -> list[float]:
        """Of each lap."""
        return [lap.per_second for lap in self.laps]


async def measure(
    mesh: LocalMesh, rows: Floats32, *, peers: Path, concurrency: int, seconds: float
) -> tuple[list[Measured], dict[str, str]]:
    """Load every server in turns, `ROUNDS` times; also the peers' versions, empty when
    their environment is not there.

    All servers are up all the time; only one is asked at a time.
    """
    artifact = champion(mesh, MODEL)
    expected = _library(artifact, rows)
    with tempfile.TemporaryDirectory(prefix="fraud-bench-") as folder:
        model = Path(folder) / BOOSTER
        model.write_bytes(artifact.file(BOOSTER))
        theirs = Peers(peers, model, Path(folder))
        async with AsyncExitStack() as stack:
            targets = await stack.enter_async_context(_ours(mesh, artifact, rows))
            if theirs.present:
                targets += await _peers(stack, theirs, artifact, rows)
            found = [Measured(target) for target in targets]
            for one in found:
                answers = np.array(await one.target.scores())
                one.largest_difference = float(np.abs(answers - expected).max())
            for number in range(ROUNDS):
                for one in found:
                    await _lap(one, concurrency, seconds, warm=number == 0)
        return found, theirs.versions() if theirs.present else {}


async def _lap(one: Measured, concurrency: int, seconds: float, *, warm: bool) -> None:
    target = one.target
    requests = target.requests()
    if warm:
        await closed_loop(
            target.port, requests, concurrency=concurrency, seconds=WARM_UP_S
        )
    before = target.cpu_s()
    lap = await closed_loop(
        target.port, requests, concurrency=concurrency, seconds=seconds
    )
    one.cpu_s += target.cpu_s() - before
    one.laps.append(lap)
    # What a server still does about its last requests must not fall on the next one.
    await asyncio.sleep(0.2)


async def _peers(
    stack: AsyncExitStack, theirs: Peers, artifact: Artifact, rows: Floats32
) -> list[Target]:
    """Each as one process and as two."""
    names = artifact.metadata.features
    sent = [json_row(row) for row in _json(rows)]
    found: list[Target] = []
    for offset, workers in enumerate((1, 2)):
        port = PEER_PORT + 2 * offset
        by_array, by_name = await stack.enter_async_context(
            theirs.mlflow(port, workers, sent, names)
        )
        found += [by_array, by_name] if workers == 1 else [by_array]
        found.append(
            await stack.enter_async_context(theirs.bentoml(port + 1, workers, sent))
        )
    return found


@asynccontextmanager
async def _ours(
    mesh: LocalMesh, artifact: Artifact, rows: Floats32
) -> AsyncIterator[list[Target]]:
    """A fresh mesh; its gateway and its XGBoost scorer take the same requests: rows
    as arrays, as MLflow's `inputs` and BentoML's ndarray are, and with named columns."""
    names, listed = artifact.metadata.features, _json(rows)
    arrays = [{"model": MODEL, "instances": [row]} for row in listed]
    named = [
        {"model": MODEL, "instances": [dict(zip(names, row, strict=True))]}
        for row in listed
    ]
    with mesh.fresh(FIRST_PORT) as fresh:
        async with running_mesh(fresh, service_command, **UNLIMITED) as supervisor:
            gateway, scorer = _pid(supervisor, "orchestrator"), _pid(supervisor, MODEL)
            issuer = TokenIssuer("orchestrator", fresh.secret("FRAUD_TOKEN_KEY"))
            port, path = fresh.port("orchestrator"), "/v1/predict"
            forms = (
                (GATEWAY, SCORER, arrays),
                (GATEWAY_BY_NAME, SCORER_BY_NAME, named),
            )
            targets: list[Target] = []
            for by_gateway, by_scorer, bodies in forms:
                targets += [
                    Target.of(
                        by_gateway,
                        2,
                        port,
                        path,
                        bodies,
                        _score,
                        gateway,
                        scorer,
                        headers=lambda: {"X-API-Key": fresh.key()},
                    ),
                    Target.of(
                        by_scorer,
                        1,
                        fresh.port(MODEL),
                        path,
                        bodies,
                        _score,
                        scorer,
                        headers=lambda: {"Authorization": issuer.bearer(MODEL)},
                    ),
                ]
            yield targets


def _pid(supervisor: Supervisor, service: str) -> int:
    process = supervisor.children[service].process
    assert process is not None
    return process.pid


def _library(artifact: Artifact, rows: Floats32) -> np.ndarray:
    import xgboost

    booster = xgboost.Booster(model_file=bytearray(artifact.file(BOOSTER)))
    found: np.ndarray = booster.predict(xgboost.DMatrix(rows)).astype(np.float64)
    return found


def _json(rows: Floats32) -> Sequence[list[float | None]]:
    return [[None if math.isnan(v) else v for v in row] for row in rows.tolist()]


def _score(reply: bytes) -> float:
    return float(json.loads(reply)["predictions"][0]["raw"]["fraud_score"])
