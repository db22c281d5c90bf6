"""The sanctions service as a process of its own, asked at a steady rate."""

import asyncio
import csv
import json
import os
import sys
import tempfile
import time
from collections import Counter
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import numpy as np

from fraud_lab.evaluate.screening.data import ScreeningData
from fraud_ops.mesh.environment import LocalMesh
from fraud_ops.mesh.http import status
from fraud_sanctions.lists.sources.simple import COLUMNS
from fraud_shared.mesh.errors import DependencyError
from fraud_shared.mesh.tokens import TokenIssuer
from fraud_shared.mesh.transport import HttpTransport

RPS = 200.0
SECONDS = 20.0
_PORT = 18200
_START_WITHIN_S = 120.0
_TIMEOUT_S = 2.0
_WARM_UP = 400


def over_http(data: ScreeningData, names: Sequence[str]) -> dict[str, Any]:
    """Latency of `POST /screen` with one party, open loop, from the planned send time."""
    with tempfile.TemporaryDirectory(prefix="fraud-screening-") as folder:
        mesh = LocalMesh(Path(folder) / "var", _PORT)
        mesh.prepare()
        lists = Path(folder) / "lists"
        lists.mkdir()
        _write(data, lists / "all.csv")
        return asyncio.run(_measure(mesh, lists, names))


def _write(data: ScreeningData, path: Path) -> None:
    """All entities in the service's own format."""
    with path.open("w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(COLUMNS)
        for entity in data.entities:
            first, *others = (name.text.replace(";", ",") for name in entity.names)
            row = [entity.entity_id, first, entity.kind, ";".join(others), "", ""]
            writer.writerow(row)


@asynccontextmanager
async def _service(mesh: LocalMesh, lists: Path) -> AsyncIterator[str]:
    environment = mesh.environment("memory://") | {"FRAUD_SANCTIONS_LISTS": str(lists)}
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "fraud_sanctions"),
        env=os.environ | environment,
        stdout=asyncio.subprocess.DEVNULL,
        stderr=asyncio.subprocess.DEVNULL,
    )
    url = f"http://127.0.0.1:{mesh.port('sanctions')}"
    try:
        async with asyncio.timeout(_START_WITHIN_S):
            while await status(f"{url}/readyz") != 200:
                await asyncio.sleep(0.2)
        yield url
    finally:
        process.terminate()
        await process.wait()


async def _measure(
    mesh: LocalMesh, lists: Path, names: Sequence[str]
) -> dict[str, Any]:
    issuer = TokenIssuer("orchestrator", mesh.secret("FRAUD_TOKEN_KEY"))
    spent: list[float] = []
    failed: Counter[str] = Counter()
    async with _service(mesh, lists) as url:
        transport = HttpTransport({"sanctions": url}, connections=64)

        async def one(name: str, planned: float, keep: bool) -> None:
            party = {"role": "customer", "name": name}
            body = json.dumps({"parties": [party]}).encode()
            headers = {
                "content-type": "application/json",
                "authorization": issuer.bearer("sanctions"),
            }
            try:
                code, _ = await transport.send(
                    "sanctions", "/screen", body, headers, _TIMEOUT_S
                )
            except DependencyError as error:
                failed[error.kind] += 1
                return
            if code != 200:
                failed[str(code)] += 1
            elif keep:
                spent.append((time.perf_counter() - planned) * 1000)

        for name in names[:_WARM_UP]:
            await one(name, time.perf_counter(), keep=False)
        failed.clear()
        tasks, start = [], time.perf_counter() + 0.1
        for number in range(int(RPS * SECONDS)):
            planned = start + number / RPS
            await asyncio.sleep(max(0.0, planned - time.perf_counter()))
            name = names[(_WARM_UP + number) % len(names)]
            tasks.append(asyncio.create_task(one(name, planned, keep=True)))
        await asyncio.gather(*tasks)
        await transport.close()
    p50, p99 = np.percentile(spent, [50, 99]).round(3).tolist()
    answered = {"answered": len(spent), "rps": RPS, "p50_ms": p50, "p99_ms": p99}
    return {**answered, "failed": float(sum(failed.values())), "failures": dict(failed)}
