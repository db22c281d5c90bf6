"""MLflow's and BentoML's own servers, from an environment of their own (`make peers`).

Each serves the booster that our scorer serves, as its guide shows: `mlflow models serve` on
a saved XGBoost model, and a BentoML service whose one API is `Booster.predict(DMatrix)`.
One thread per process on every side; usage reports are off.
"""

import asyncio
import json
import math
import os
import signal
import subprocess
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass
from importlib.metadata import distributions
from pathlib import Path
from typing import Any

from fraud_lab.bench.serving.target import Target, tree
from fraud_ops.mesh.http import status

HERE = Path(__file__).parent
READY_WITHIN_S = 120.0
STOP_WITHIN_S = 10.0
QUIET = {
    "BENTOML_DO_NOT_TRACK": "True",
    "MLFLOW_DISABLE_TELEMETRY": "true",
    "OMP_NUM_THREADS": "1",
}


class PeerFailed(Exception):
    """A peer's server did not start; its log says why."""


@dataclass(frozen=True)
class Peers:
    """The environment, the model file, and a folder for what the peers write."""

    environment: Path
    model: Path
    folder: Path

    @property
    def present(self) -> bool:
        """Whether `make peers` was run."""
        return all(self.tool(name).exists() for name in ("mlflow", "bentoml"))

    def tool(self, name: str) -> Path:
        """A command of that environment."""
        return (self.environment / "bin" / name).absolute()

    def versions(self) -> dict[str, str]:
        """What is compared with."""
        places = map(str, self.environment.glob("lib/python3*/site-packages"))
        found = {d.name: d.version for d in distributions(path=list(places))}
        return {name: found[name] for name in ("mlflow", "bentoml", "xgboost")}

    @asynccontextmanager
    async def mlflow(
        self,
        port: int,
        workers: int,
        rows: Sequence[Sequence[float]],
        names: Sequence[str],
    ) -> AsyncIterator[list[Target]]:
        """MLflow's scoring server; one target for each way to send a row."""
        saved = self.folder / "mlflow"
        if not saved.exists():
            await self._once(
                "python", str(HERE / "for_mlflow.py"), str(self.model), str(saved)
            )
        command = (
            "mlflow",
            "models",
            "serve",
            "-m",
            str(saved),
            "--env-manager",
            "local",
        )
        place = ("--host", "127.0.0.1", "--port", str(port), "--workers", str(workers))
        title = f"MLflow, {_processes(workers)}"
        async with self._serving(
            title, *command, *place, ping=f":{port}/ping"
        ) as process:
            bodies: dict[str, list[dict[str, Any]]] = {
                title: [{"inputs": [row]} for row in rows],
                f"{title}, named columns": [
                    {"dataframe_split": {"columns": list(names), "data": [row]}}
                    for row in rows
                ],
            }
            yield [
                Target.of(
                    name, workers, port, "/invocations", sent, _mlflow, process.pid
                )
                for name, sent in bodies.items()
            ]

    @asynccontextmanager
    async def bentoml(
        self, port: int, workers: int, rows: Sequence[Sequence[float]]
    ) -> AsyncIterator[Target]:
        """BentoML's server."""
        command = ("bentoml", "serve", "for_bentoml:Fraud", "--working-dir", str(HERE))
        place = ("--host", "127.0.0.1", "--port", str(port))
        name = f"BentoML, {_processes(workers)}"
        async with self._serving(
            name,
            *command,
            *place,
            ping=f":{port}/readyz",
            FRAUD_BENCH_MODEL=str(self.model.absolute()),
            FRAUD_BENCH_WORKERS=str(workers),
        ) as process:
            sent = [{"rows": [row]} for row in rows]
            yield Target.of(
                name, workers, port, "/predict", sent, _bentoml, process.pid
            )

    async def _once(self, tool: str, *arguments: str) -> None:
        process = await asyncio.create_subprocess_exec(
            self.tool(tool),
            *arguments,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.PIPE,
            env=self._environment(),
        )
        _, said = await process.communicate()
        if process.returncode:
            raise PeerFailed(said.decode()[-500:])

    @asynccontextmanager
    async def _serving(
        self, name: str, tool: str, *arguments: str, ping: str, **extra: str
    ) -> AsyncIterator[asyncio.subprocess.Process]:
        log = self.folder / f"{name}.log"
        with log.open("ab") as output:
            process = await asyncio.create_subprocess_exec(
                self.tool(tool),
                *arguments,
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=output,
                env={**self._environment(), **extra},
                start_new_session=True,
            )
        try:
            await _ready(f"http://127.0.0.1{ping}", process, log)
            yield process
        finally:
            await _stop(process)

    def _environment(self) -> dict[str, str]:
        tools = str(self.tool("python").parent)
        return {**os.environ, **QUIET, "PATH": f"{tools}:{os.environ['PATH']}"}


def json_row(row: Sequence[float | None]) -> list[float]:
    """Unknown values as the peers take them: their JSON allows NaN."""
    return [math.nan if value is None else value for value in row]


async def _ready(url: str, process: asyncio.subprocess.Process, log: Path) -> None:
    with suppress(TimeoutError):
        async with asyncio.timeout(READY_WITHIN_S):
            while process.returncode is None:
                if await status(url) == 200:
                    return
                await asyncio.sleep(0.2)
    said = await asyncio.to_thread(log.read_text)
    raise PeerFailed(f"not ready: {said[-500:]}")


async def _stop(process: asyncio.subprocess.Process) -> None:
    """End the server and the workers it started: they are one process group."""
    for number in (signal.SIGTERM, signal.SIGKILL):
        with suppress(ProcessLookupError):
            os.killpg(process.pid, number)
        with suppress(TimeoutError):
            async with asyncio.timeout(STOP_WITHIN_S):
                await process.wait()
                while tree(process.pid):
                    await asyncio.sleep(0.05)


def _processes(workers: int) -> str:
    return "1 process" if workers == 1 else f"{workers} processes"


def _mlflow(reply: bytes) -> float:
    return float(json.loads(reply)["predictions"][0])


def _bentoml(reply: bytes) -> float:
    found: Any = json.loads(reply)
    return float(found[0])
