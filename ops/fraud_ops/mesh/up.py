"""`fraud up`: the whole mesh on this machine, from an empty folder to the first payment."""

import asyncio
import json
import os
import signal
import sys
from collections.abc import AsyncIterator, Iterator, Mapping
from contextlib import asynccontextmanager, contextmanager
from datetime import timedelta

import uvicorn
from rich.panel import Panel

from fraud_features.store.open_store import open_online_store
from fraud_features.store.port import OnlineStore
from fraud_ops.example import example_payment
from fraud_ops.features.logs import decision_log, label_log
from fraud_ops.features.progress import bars
from fraud_ops.figures import wide_console
from fraud_ops.jobs.cli import TRADES
from fraud_ops.mesh.console import api_keys, sign_in_url
from fraud_ops.mesh.environment import LocalMesh
from fraud_ops.mesh.in_process import InProcessMesh
from fraud_ops.mesh.redis_server import EmbeddedRedis
from fraud_ops.mesh.supervisor import Command, Supervisor, service_command
from fraud_orchestrator.rebuild import rebuild
from fraud_orchestrator.settings import Settings
from fraud_shared.mesh.addresses import CONSOLE
from fraud_shared.web.run import protocol, server_config, spare_collector

READY_WITHIN_S = 120.0
NOTHING = timedelta(0)
# Emptying a store is one step of it, and takes long where there is much.
FILL_TIMEOUT_MS = 600_000.0
console = wide_console()


@asynccontextmanager
async def running_mesh(
    mesh: LocalMesh,
    command: Command = service_command,
    *,
    sign_in: str = "",
    **extra: str,
) -> AsyncIterator[Supervisor]:
    """Ten processes on the embedded defaults (or the servers the environment names).

    `extra` are more environment variables; `command` says how a service is started. With
    `sign_in` the console runs beside them, and takes this token once.
    """
    mesh.prepare()
    redis_url = os.environ.get("REDIS_URL", "")
    embedded = None
    if not redis_url:
        embedded = EmbeddedRedis(mesh.var / "redis")
        embedded.start()
        redis_url = embedded.url
    environment = {**mesh.environment(redis_url), **mesh.tracing(), **extra}
    if sign_in:
        environment |= await console_environment(mesh, environment, sign_in)
    beside = (CONSOLE,) if sign_in else ()
    supervisor = Supervisor(
        mesh,
        environment,
        command,
        beside=beside,
        # Whoever has no console asks for nothing that needs them.
        workers=workers(mesh) if sign_in else {},
    )
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


def workers(mesh: LocalMesh) -> dict[str, list[str]]:
    """What carries out people's orders, each trade in a process of its own: the one that
    may sign reads nothing that people wrote."""
    own = [sys.executable, "-m", "fraud_ops", "worker", "--gateway", mesh.url]
    return {f"worker-{trade}": [*own, "--for", trade] for trade in TRADES}


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


async def console_environment(
    mesh: LocalMesh, environment: Mapping[str, str], sign_in: str
) -> dict[str, str]:
    """What the console and the gateway must know of each other."""
    return {
        "FRAUD_CONSOLE_ONE_TIME_TOKEN": sign_in,
        "FRAUD_API_KEYS": await api_keys(mesh, environment),
    }


def until_stopped() -> asyncio.Event:
    """Set by Ctrl-C or SIGTERM."""
    stop = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGINT, signal.SIGTERM):
        loop.add_signal_handler(number, stop.set)
    return stop


async def up(mesh: LocalMesh, *, sign_in: str = "") -> None:
    """Run the mesh until Ctrl-C or SIGTERM; with `sign_in` the console too."""
    stop = until_stopped()
    async with running_mesh(mesh, sign_in=sign_in):
        announce(mesh, sign_in)
        await stop.wait()
        console.print("stopping …")
    console.print("stopped.")


async def up_in_process(mesh: LocalMesh, *, sign_in: str = "") -> None:
    """The same services in this one process, on the gateway's port."""
    mesh.prepare()
    redis_url = os.environ.get("REDIS_URL") or "memory://"
    os.environ.update(mesh.environment(redis_url) | mesh.tracing())
    if sign_in:
        os.environ.update(await console_environment(mesh, os.environ, sign_in))
    online = open_online_store(redis_url)
    if redis_url == "memory://":
        # What the last process knew is gone with it; the decision log still has it.
        await refill(mesh, online)
    else:
        await warm_if_new(mesh, redis_url)
    services = InProcessMesh(online, mesh.secret("FRAUD_TOKEN_KEY"))
    gateway = services.apps["orchestrator"]
    settings = Settings()
    listen = protocol(settings, gateway.state.head_refusals)
    server = uvicorn.Server(
        server_config(gateway, settings.host, settings.port, listen, lifespan="off")
    )
    async with services.running(), _console(mesh, bool(sign_in)):
        spare_collector()
        announce(mesh, sign_in)
        await server.serve()


class _FollowingServer(uvicorn.Server):
    """Stops with another server, to which the process's signals belong."""

    @contextmanager
    def capture_signals(self) -> Iterator[None]:
        """Capture none."""
        yield


@asynccontextmanager
async def _console(mesh: LocalMesh, wanted: bool) -> AsyncIterator[None]:
    """The console on its own port of this process."""
    if not wanted:
        yield
        return
    from fraud_console.app import create_app

    server = _FollowingServer(
        uvicorn.Config(
            create_app(),
            port=mesh.port(CONSOLE),
            http="httptools",
            access_log=False,
            log_config=None,
            timeout_graceful_shutdown=2,
        )
    )
    serving = asyncio.create_task(server.serve())
    try:
        yield
    finally:
        server.should_exit = True
        await serving


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


def announce(mesh: LocalMesh, sign_in: str = "") -> None:
    """Print the address, the key, the first sign-in and a request that works."""
    body = json.dumps(example_payment())
    pages = f"\nconsole  {mesh.console_url}" if sign_in else ""
    console.print(
        Panel.fit(
            f"[bold green]The mesh is ready.[/]\n\n"
            f"gateway  {mesh.url}\nAPI      {mesh.url}/docs\nkey      {mesh.key()}\n"
            f"logs     {mesh.var / 'log'}\n"
            "traces   fraud trace (1 % of requests, and what is degraded, declined or slow;\n"
            f"         all with OTEL_TRACES_SAMPLER_ARG=1){pages}\n\nStop with Ctrl-C.",
            title="fraud mesh",
        )
    )
    if sign_in:
        print("Sign in as administrator, once, from this machine:")  # noqa: T201
        print(f"{sign_in_url(mesh, sign_in)}\n", flush=True)  # noqa: T201
    # Printed as it is, so that it can be copied whatever the terminal's width.
    print(  # noqa: T201
        f"curl -s {mesh.url}/score -H 'X-API-Key: {mesh.key()}' "
        f"-H 'Content-Type: application/json' -d '{body}'\n",
        flush=True,
    )
