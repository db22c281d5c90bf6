"""The rules service and an empty one as processes of their own, asked in turn.

Closed loop, one request at a time, a payment to one and nothing to the other: whatever the
machine does meanwhile meets both.
"""

import asyncio
import os
import sys
import tempfile
from collections.abc import AsyncIterator, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from pathlib import Path
from time import perf_counter
from typing import Any

import numpy as np

from fraud_ops.mesh.environment import LocalMesh
from fraud_ops.mesh.http import status
from fraud_shared.contracts.signal import RulesRequest
from fraud_shared.mesh.tokens import TokenIssuer
from fraud_shared.mesh.transport import HttpTransport

ROUNDS = 4000
WARM_UP = 400
_PORT = 18300
_START_WITHIN_S = 120.0


async def round_trips(ruleset: str, requests: Sequence[RulesRequest]) -> dict[str, Any]:
    """Milliseconds of a round trip to `/evaluate` and to an empty route."""
    bodies = [request.model_dump_json().encode() for request in requests]
    with tempfile.TemporaryDirectory(prefix="fraud-rules-") as folder:
        mesh = LocalMesh(Path(folder) / "var", _PORT)
        mesh.prepare()
        file = Path(folder) / "rules.yaml"
        file.write_text(ruleset)
        environment = mesh.environment("memory://") | {
            "FRAUD_RULES_RULESET": str(file),
            "FRAUD_EMPTY_PORT": str(_PORT + 50),
            "DATABASE_URL": "",
        }
        port = mesh.port("rules")
        issuer = TokenIssuer("orchestrator", mesh.secret("FRAUD_TOKEN_KEY"))
        async with AsyncExitStack() as stack:
            urls = {
                "rules": await stack.enter_async_context(
                    _process("fraud_rules", port, environment)
                ),
                "empty": await stack.enter_async_context(
                    _process("fraud_lab.bench.rules.empty", _PORT + 50, environment)
                ),
            }
            return await _measure(urls, issuer, bodies)


@asynccontextmanager
async def _process(
    module: str, port: int, environment: dict[str, str]
) -> AsyncIterator[str]:
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", module),
        env=os.environ | environment,
        stdout=asyncio.subprocess.DEVNULL,
        stderr=asyncio.subprocess.DEVNULL,
    )
    url = f"http://127.0.0.1:{port}"
    try:
        async with asyncio.timeout(_START_WITHIN_S):
            while await status(f"{url}/readyz") != 200:
                await asyncio.sleep(0.2)
        yield url
    finally:
        process.terminate()
        await process.wait()


async def _measure(
    urls: dict[str, str], issuer: TokenIssuer, bodies: Sequence[bytes]
) -> dict[str, Any]:
    transport = HttpTransport(urls, connections=4)
    spent: dict[str, list[float]] = {"rules": [], "empty": []}
    asked = {"rules": "/evaluate", "empty": "/empty"}
    try:
        for number in range(WARM_UP + ROUNDS):
            for service, path in asked.items():
                body = bodies[number % len(bodies)] if service == "rules" else b"{}"
                headers = {
                    "content-type": "application/json",
                    "authorization": issuer.bearer(service),
                }
                began = perf_counter()
                code, _ = await transport.send(service, path, body, headers, 5.0)
                taken = (perf_counter() - began) * 1e3
                if code != 200:
                    raise RuntimeError(f"{service} answered {code}")
                if number >= WARM_UP:
                    spent[service].append(taken)
    finally:
        await transport.close()
    figures: dict[str, Any] = {"n": ROUNDS}
    for service, times in spent.items():
        for share in (50, 99):
            figures[f"{service}_p{share}_ms"] = round(
                float(np.percentile(times, share)), 4
            )
    figures["ratio_p50"] = round(figures["rules_p50_ms"] / figures["empty_p50_ms"], 3)
    return figures
