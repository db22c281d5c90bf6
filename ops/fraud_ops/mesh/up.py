"""`fraud up`: the whole mesh on this machine, from an empty folder to the first payment."""

import asyncio
import json
import os
import signal
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from datetime import timedelta

import uvicorn
from rich.panel import Panel

from fraud_features.store.open_store import open_online_store
from fraud_features.store.port import OnlineStore
from fraud_ops.example import example_payment
from fraud_ops.features.logs import decision_log, label_log
from fraud_ops.features.progress import bars
from fraud_ops.figures import wide_console
from fraud_ops.mesh.environment import LocalMesh
from fraud_ops.mesh.in_process import InProcessMesh
from fraud_ops.mesh.redis_server import EmbeddedRedis
from fraud_ops.mesh.supervisor import Command, Supervisor, service_command
from fraud_orchestrator.rebuild import rebuild

READY_WITHIN_S = 120.0
NOTHING = timedelta(0)
# Emptying a store is one step of it, and takes long where there is much.
FILL_TIMEOUT_MS = 600_000.0
console = wide_console()


@asynccontextmanager
async def running_mesh(
    mesh: LocalMesh, command: Command = service_command, **extra: str
) -> AsyncIterator[Supervisor]:
    """Ten processes on the embedded defaults (or the servers the environment names).

    `extra` are more environment variables; `command` says how a service is started.
    """
    mesh.prepare()
    redis_url = os.environ.get("REDIS_URL", "")
    embedded = None
    if not redis_url:
        embedded = EmbeddedRedis(mesh.var / "redis")
        embedded.start()
        redis_url = embedded.url
    environment = {**mesh.environment(redis_url), **extra}
    supervisor = Supervisor(mesh, environment, command)
    try:
        await warm_if_new(mesh, redis_url, environment)
        await supervisor.start()
        with console.status("starting ten services …"):
            await supervisor.ready(READY_WITHIN_S)
        yield supervisor
    finally:
        await supervisor.stop()
        if embedded is not None:
            embedded.stop()


async def warm_if_new(
    mesh: LocalMesh, redis_url: str, environment: Mapping[str, str] = os.environ
) -> None:
    """Declare the online store complete on a system that never decided anything, and
    complete it on one that decided without this store.

    Afterwards an empty store means a lost one, and velocity reads as unknown until
    `fraud features rebuild`.
    """
    mark = mesh.var / "online-store-initialised"
    if mark.exists():
        return
    async with decision_log(mesh, environment) as decisions:
        decided = await decisions.count()
    store = open_online_store(redis_url, timeout_ms=FILL_TIMEOUT_MS)
    try:
        if not decided:
            await store.mark_warm()
        elif not await store.is_warm():
            await refill(mesh, store, environment)
    finally:
        await store.close()
    mark.write_text("The online store was complete when the mesh first started.\n")


async def up(mesh: LocalMesh) -> None:
    """Run the mesh until Ctrl-C or SIGTERM."""
    stop = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGINT, signal.SIGTERM):
        loop.add_signal_handler(number, stop.set)
    async with running_mesh(mesh):
        announce(mesh)
        await stop.wait()
        console.print("stopping …")
    console.print("stopped.")


async def up_in_process(mesh: LocalMesh) -> None:
    """The same services in this one process, on the gateway's port."""
    mesh.prepare()
    redis_url = os.environ.get("REDIS_URL") or "memory://"
    os.environ.update(mesh.environment(redis_url))
    online = open_online_store(redis_url)
    if redis_url == "memory://":
        # What the last process knew is gone with it; the decision log still has it.
        await refill(mesh, online)
    else:
        await warm_if_new(mesh, redis_url)
    services = InProcessMesh(online, mesh.secret("FRAUD_TOKEN_KEY"))
    server = uvicorn.Server(
        uvicorn.Config(
            services.apps["orchestrator"],
            port=mesh.port("orchestrator"),
            http="httptools",
            lifespan="off",
            access_log=False,
            log_config=None,
            timeout_keep_alive=75,
        )
    )
    async with services.running():
        announce(mesh)
        await server.serve()


async def refill(
    mesh: LocalMesh, store: OnlineStore, environment: Mapping[str, str] = os.environ
) -> None:
    """Let everything on record enter a store that begins empty, before payments do."""
    async with (
        decision_log(mesh, environment) as decisions,
        label_log(mesh, store, environment) as labels,
    ):
        with bars(console) as report_progress:
            # Nobody is there yet whose payment could be under way.
            await rebuild(
                store, decisions, labels, settle=NOTHING, progress=report_progress
            )


def announce(mesh: LocalMesh) -> None:
    """Print the address, the key and a request that works."""
    body = json.dumps(example_payment())
    console.print(
        Panel.fit(
            f"[bold green]The mesh is ready.[/]\n\n"
            f"gateway  {mesh.url}\nAPI      {mesh.url}/docs\nkey      {mesh.key()}\n"
            f"logs     {mesh.var / 'log'}\n\nStop with Ctrl-C.",
            title="fraud mesh",
        )
    )
    # Printed as it is, so that it can be copied whatever the terminal's width.
    print(  # noqa: T201
        f"curl -s {mesh.url}/score -H 'X-API-Key: {mesh.key()}' "
        f"-H 'Content-Type: application/json' -d '{body}'\n",
        flush=True,
    )
