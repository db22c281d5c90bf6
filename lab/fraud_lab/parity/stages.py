"""Where the parity check plays: ten processes over Redis, or one process and its memory.

Both answer over real HTTP. Both forget how old a payment may be and every cap on a stage:
the check asks what is said, not how fast, and its payments are weeks old.
"""

import asyncio
import os
import shutil
import socket
from collections.abc import AsyncIterator, Iterator, Mapping
from contextlib import AsyncExitStack, asynccontextmanager, contextmanager, suppress
from datetime import timedelta
from typing import Protocol

import uvicorn

from fraud_features.store.open_store import open_online_store
from fraud_features.store.port import OnlineStore
from fraud_lab.bench.shapes import UNHURRIED
from fraud_ops.features.logs import decision_log, label_log
from fraud_ops.mesh.environment import LocalMesh
from fraud_ops.mesh.http import Client, status
from fraud_ops.mesh.in_process import InProcessMesh
from fraud_ops.mesh.redis_server import EmbeddedRedis
from fraud_ops.mesh.supervisor import Supervisor, service_command
from fraud_ops.mesh.up import running_mesh
from fraud_ops.running import CommandError
from fraud_orchestrator.rebuild import Rebuilt, rebuild

PARITY_PORT = 16000
READY_WITHIN_S = 60.0
PATIENT_MS = 60_000.0
KEEP_ALIVE_S = 600
# A check has its databases to itself: the comparison needs all of the log.
ALONE = {"DATABASE_URL": "", "AMQP_URL": "", "FRAUD_LOG_LEVEL": "ERROR"}
RELAXED = {
    **UNHURRIED,
    **ALONE,
    "FRAUD_ORCHESTRATOR_DEFAULT_DEADLINE_MS": "20000",
    "FRAUD_ORCHESTRATOR_DEADLINE_CAP_MS": "20000",
    "FRAUD_ORCHESTRATOR_EVENT_BEHIND_S": str(100 * 86_400),
}
# Nothing is under way while the check rebuilds, or waits to be told so.
SETTLE = timedelta(seconds=1)


class StoreInUse(CommandError):
    """This Redis holds the state of a mesh: the check would empty it. Name another."""


class Stage(Protocol):
    """A running mesh that bad things can be done to."""

    mesh: LocalMesh
    client: Client

    async def restart_gateway(self) -> bool:
        """Kill it and start it again; says whether the online store went with it."""
        ...

    async def restart_store(self) -> None:
        """Stop the online store and start it with what it kept."""
        ...

    async def lose_store(self) -> None:
        """Empty the online store, as a crash without its file would."""
        ...

    async def rebuild(self) -> Rebuilt:
        """What `fraud features rebuild` does."""
        ...


class MeshStage:
    """Ten processes over Redis."""

    def __init__(
        self, mesh: LocalMesh, supervisor: Supervisor, redis: EmbeddedRedis | None
    ) -> None:
        self.mesh = mesh
        self.client = Client(mesh.url, mesh.key())
        self.redis_url = supervisor.redis_url
        self._supervisor = supervisor
        self._redis = redis

    async def restart_gateway(self) -> bool:
        process = self._supervisor.children["orchestrator"].process
        assert process is not None
        process.kill()
        await process.wait()
        async with asyncio.timeout(READY_WITHIN_S):
            while await status(f"{self.mesh.url}/readyz") != 200:
                await asyncio.sleep(0.02)
        return False

    async def restart_store(self) -> None:
        if self._redis is not None:
            await restarted(self._redis)

    async def lose_store(self) -> None:
        if self._redis is not None:
            await restarted(self._redis, empty=True)
            return
        async with _opened(self.redis_url) as store:
            await store.reset()

    async def rebuild(self) -> Rebuilt:
        async with _opened(self.redis_url) as store:
            return await _rebuilt(self.mesh, store)


class InProcessStage:
    """One process, with its online store in memory or in a Redis of its own."""

    def __init__(self, mesh: LocalMesh, redis: EmbeddedRedis | None) -> None:
        self.mesh = mesh
        self.client = Client(mesh.url, mesh.key())
        self._redis = redis
        self.store: OnlineStore
        self._running = AsyncExitStack()

    async def start(self, *, new: bool) -> None:
        """Start the services; a `new` system's empty store is complete."""
        url = self._redis.url if self._redis else "memory://"
        self.store = open_online_store(url, timeout_ms=PATIENT_MS)
        if new:
            await self.store.mark_warm()
        local_mesh = InProcessMesh(self.store, self.mesh.secret("FRAUD_TOKEN_KEY"))
        await self._running.enter_async_context(local_mesh.running())
        config = uvicorn.Config(
            local_mesh.apps["orchestrator"],
            port=self.mesh.port("orchestrator"),
            http="httptools",
            lifespan="off",
            access_log=False,
            log_config=None,
            # Longer than any pause of the check: a connection that is closed while the
            # next payment is on its way there looks like a lost one.
            timeout_keep_alive=KEEP_ALIVE_S,
        )
        await self._running.enter_async_context(_served(uvicorn.Server(config)))

    async def stop(self) -> None:
        """Stop the services."""
        await self._running.aclose()
        self._running = AsyncExitStack()

    async def restart_gateway(self) -> bool:
        await self.stop()
        await self.start(new=False)
        return self._redis is None

    async def restart_store(self) -> None:
        if self._redis is not None:
            await restarted(self._redis)

    async def lose_store(self) -> None:
        if self._redis is not None:
            await restarted(self._redis, empty=True)
        else:
            await self.store.reset()

    async def rebuild(self) -> Rebuilt:
        return await _rebuilt(self.mesh, self.store)


@asynccontextmanager
async def mesh_stage(trained: LocalMesh) -> AsyncIterator[MeshStage]:
    """A fresh mesh over `REDIS_URL`, or over a Redis of its own.

    Raises StoreInUse when that Redis holds the state of another.
    """
    with trained.fresh(PARITY_PORT) as mesh, variables({}):
        redis = None
        if not os.environ.get("REDIS_URL"):
            redis = EmbeddedRedis(mesh.var / "redis")
            redis.start()
            os.environ["REDIS_URL"] = redis.url
        else:
            await _unused(os.environ["REDIS_URL"])
        try:
            async with running_mesh(mesh, service_command, **RELAXED) as supervisor:
                stage = MeshStage(mesh, supervisor, redis)
                yield stage
                await stage.client.close()
        finally:
            if redis is not None:
                redis.stop()


@asynccontextmanager
async def in_process_stage(
    trained: LocalMesh, *, over_redis: bool = False
) -> AsyncIterator[InProcessStage]:
    """A fresh mesh in this process."""
    with trained.fresh(_free_port()) as mesh:
        mesh.prepare()
        redis = EmbeddedRedis(mesh.var / "redis") if over_redis else None
        if redis is not None:
            redis.start()
        try:
            url = redis.url if redis else "memory://"
            with variables({**mesh.environment(url), **RELAXED}):
                stage = InProcessStage(mesh, redis)
                try:
                    await stage.start(new=True)
                    yield stage
                finally:
                    await stage.client.close()
                    await stage.stop()
        finally:
            if redis is not None:
                redis.stop()


async def _rebuilt(mesh: LocalMesh, store: OnlineStore) -> Rebuilt:
    async with (
        decision_log(mesh, ALONE) as decisions,
        label_log(mesh, store, ALONE) as labels,
    ):
        return await rebuild(store, decisions, labels, settle=SETTLE)


async def _unused(url: str) -> None:
    async with _opened(url) as store:
        if await store.is_warm():
            raise StoreInUse(StoreInUse.__doc__)
        await store.reset()


@asynccontextmanager
async def _opened(url: str) -> AsyncIterator[OnlineStore]:
    store = open_online_store(url, timeout_ms=PATIENT_MS)
    try:
        yield store
    finally:
        await store.close()


@asynccontextmanager
async def _served(server: uvicorn.Server) -> AsyncIterator[None]:
    task = asyncio.create_task(server.serve())
    async with asyncio.timeout(READY_WITHIN_S):
        while not server.started:
            await asyncio.sleep(0.005)
    try:
        yield
    finally:
        server.should_exit = True
        with suppress(asyncio.CancelledError):
            await task


@contextmanager
def variables(wanted: Mapping[str, str]) -> Iterator[None]:
    """Environment variables while inside, as they were before afterwards."""
    before = dict(os.environ)
    os.environ.update(wanted)
    try:
        yield
    finally:
        os.environ.clear()
        os.environ.update(before)


async def restarted(redis: EmbeddedRedis, *, empty: bool = False) -> None:
    """Stop a Redis and start it again, with what it kept or without."""
    await asyncio.to_thread(redis.stop)
    if empty:
        forget(redis)
    await asyncio.to_thread(redis.start)


def forget(redis: EmbeddedRedis) -> None:
    """Remove the file of a stopped Redis."""
    for path in redis.folder.glob("appendonly*"):
        if path.is_dir():
            shutil.rmtree(path)
        else:
            path.unlink()


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])
