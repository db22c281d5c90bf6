"""The XGBoost scorer over the demo's registry, under traffic while it swaps."""

import asyncio
from collections import Counter
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path

import httpx
import numpy as np
import orjson
from pydantic import SecretStr

import fraud_xgboost.app
from fraud_lab.demo.learning.quarter import Quarter
from fraud_ops.datasets.source import BANK
from fraud_scoring.registry.port import ModelRegistry
from fraud_shared.mesh.tokens import TokenIssuer
from fraud_shared.testing.asgi import TEST_TOKEN_KEY, client
from fraud_xgboost.settings import Settings

CALLERS = 4
# Between two requests of a caller: the scorer is to be asked, not starved.
PAUSE_S = 0.02
LIMIT_MS = 1000.0


@dataclass
class Traffic:
    """Payments that are scored while a scorer swaps, again and again."""

    http: httpx.AsyncClient
    bodies: list[bytes]
    swaps: int = 0
    requests: int = 0
    failed: int = 0
    versions: Counter[str] = field(default_factory=Counter)

    async def load(self) -> None:
        """Have the scorer load its first models; nobody asks it yet."""
        reply = await self.http.post("/v1/refresh")
        found = reply.json()["results"]
        if any(result["after"] is None for result in found):
            raise RuntimeError(f"the scorer does not load the first models: {found}")

    async def swap(self) -> None:
        """Have the scorer look at its alias, with requests before, meanwhile and after."""
        # A quarter outlives a token.
        bearer = TokenIssuer("test", TEST_TOKEN_KEY).bearer("xgboost")
        self.http.headers["authorization"] = bearer
        going = asyncio.Event()
        callers = [asyncio.create_task(self._call(n, going)) for n in range(CALLERS)]
        await asyncio.sleep(0)
        reply = await self.http.post("/v1/refresh")
        self.failed += reply.status_code != 200
        going.set()
        await asyncio.gather(*callers)
        self.swaps += 1

    async def _call(self, number: int, done: asyncio.Event) -> None:
        """Score until the swap is through, and once more with what serves then."""
        last = False
        while not last:
            last = done.is_set()
            body = self.bodies[(number + self.requests) % len(self.bodies)]
            reply = await self.http.post("/score", content=body)
            self.requests += 1
            await asyncio.sleep(PAUSE_S)
            if reply.status_code != 200 or reply.json()["outcome"] != "scored":
                self.failed += 1
                continue
            self.versions[reply.json()["model"]["version"]] += 1


@asynccontextmanager
async def serving(
    registry: ModelRegistry, public_key: str, var: Path, quarter: Quarter
) -> AsyncIterator[Traffic]:
    """A scorer that serves the registry's champion."""
    settings = Settings(
        var_dir=var,
        public_key=public_key,
        log_level="WARNING",
        token_key=SecretStr(TEST_TOKEN_KEY),
        models=("xgboost",),
        # The figures are about the swap, not about how busy this machine is.
        score_limit_ms=LIMIT_MS,
        slowdown_limit=1000.0,
        trial_seconds=600.0,
        start_wait_seconds=0.0,
        # It swaps when it is told, so that the traffic is there.
        watch_seconds=3600.0,
    )
    app = fraud_xgboost.app.create_app(settings, registry=registry)
    async with client(app) as http:
        yield Traffic(http, [_body(quarter, n) for n in range(50)])


def _body(quarter: Quarter, place: int) -> bytes:
    values = [None if np.isnan(v) else float(v) for v in quarter.x[place]]
    vector = {
        "feature_set": BANK.name,
        "version": BANK.version,
        "hash": BANK.hash,
        "values": values,
    }
    return orjson.dumps({"transaction_id": f"t-{place}", "features": vector})
