"""The whole mesh in this process: ten real services, small real models, real SQLite."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import httpx
import pytest

from fraud_features.store.memory.store import MemoryOnlineStore
from fraud_ops.mesh.environment import LocalMesh
from fraud_ops.mesh.in_process import InProcessMesh
from fraud_ops.simulate import shipped_names
from fraud_ops.train.command import train_command
from fraud_shared.testing.factories import payment_body

SMALL = 12_000


@pytest.fixture(scope="session")
def trained(tmp_path_factory: pytest.TempPathFactory) -> LocalMesh:
    """A registry with one small bundle, trained once for all tests."""
    mesh = LocalMesh(tmp_path_factory.mktemp("mesh"))
    mesh.prepare()
    train_command(SMALL, 11, mesh.registry, days=60, fraud_rate=0.03, var_dir=mesh.var)
    return mesh


@dataclass
class Mesh:
    """The running mesh as its clients and tests see it."""

    http: httpx.AsyncClient
    local_mesh: InProcessMesh
    online: MemoryOnlineStore

    async def score(self, **overrides: Any) -> dict[str, Any]:
        """Decide one payment of this moment; the reply must be a 200."""
        response = await self.http.post("/score", json=payment(**overrides))
        assert response.status_code == 200, response.text
        reply: dict[str, Any] = response.json()
        return reply


Run = Callable[[], Any]


def payment(**overrides: Any) -> dict[str, Any]:
    """A valid payment made now."""
    return payment_body(**{"occurred_at": datetime.now(UTC), **overrides})


async def eventually(ask: Callable[[], Awaitable[Any]], within_s: float = 10.0) -> Any:
    """The first true answer of `ask`; fails when there is none in time."""
    async with asyncio.timeout(within_s):
        while not (answer := await ask()):
            await asyncio.sleep(0.02)
    return answer


@pytest.fixture
def environment(
    trained: LocalMesh, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> Iterator[LocalMesh]:
    """The environment of a mesh with stores of its own."""
    with trained.fresh(8000) as mesh:
        for name, value in mesh.environment("memory://").items():
            monkeypatch.setenv(name, value)
        for name in ("DATABASE_URL", "AMQP_URL"):
            monkeypatch.delenv(name, raising=False)
        # Tests judge what is decided, not how fast a busy machine is.
        for name, ms in {
            "WALL_MS": 20_000,
            "TAIL_MS": 100,
            "ONLINE_CAP_MS": 5000,
            "RULES_CAP_MS": 5000,
            "MODELS_CAP_MS": 5000,
            "DECISION_CAP_MS": 5000,
            "ACTION_CAP_MS": 5000,
            "DEFAULT_DEADLINE_MS": 20_000,
            "DEADLINE_CAP_MS": 20_000,
            "QUERY_CAP_MS": 20_000,
        }.items():
            monkeypatch.setenv(f"FRAUD_ORCHESTRATOR_{name}", str(ms))
        yield mesh


@pytest.fixture
def run(environment: LocalMesh) -> Run:
    """Starts the mesh: `async with run() as mesh`."""

    @asynccontextmanager
    async def start() -> AsyncIterator[Mesh]:
        online = MemoryOnlineStore()
        await online.mark_warm()
        # The models were made here, and tried when they were published.
        key = environment.secret("FRAUD_TOKEN_KEY")
        local_mesh = InProcessMesh(online, key, trial=lambda _: None)
        async with (
            local_mesh.running() as gateway,
            httpx.AsyncClient(
                transport=httpx.ASGITransport(gateway),
                base_url="http://gateway",
                headers={"x-api-key": environment.key()},
                timeout=30,
            ) as http,
        ):
            yield Mesh(http, local_mesh, online)

    return start


@pytest.fixture
def listed_name() -> str:
    """A name on the fictional list that ships with the sanctions service."""
    return shipped_names()[0]
