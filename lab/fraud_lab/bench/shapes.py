"""The shapes of the mesh that are compared, each a tree of processes under one root.

Only the one that is being measured runs: the others are stopped by SIGSTOP, so that what
they do in the background costs it nothing.
"""

import asyncio
import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import AsyncIterator, Iterator, Mapping, Sequence
from contextlib import asynccontextmanager, contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path

import psutil

from fraud_ops.mesh.children import end_with_parent
from fraud_ops.mesh.environment import LocalMesh
from fraud_ops.mesh.http import status
from fraud_ops.running import CommandError
from fraud_scoring.serving import sandbox
from fraud_shared.mesh.addresses import SERVICES

READY_WITHIN_S = 120.0
STOP_WITHIN_S = 30.0
POLL_S = 0.02
# Ports of one shape: ten services, the console, and theirs for operators 1,000 above.
PORTS_EACH = 20
OPERATORS = 1000
# Caps under which nothing is cut off: a call that is costs less, and would flatter
# whoever is slower. Closed loops compare whole work; the open loop is met in time.
IN_TIME = "mesh in time"
UNHURRIED = {
    f"FRAUD_ORCHESTRATOR_{name}_MS": "10000"
    for name in (
        "WALL",
        "ONLINE_CAP",
        "RULES_CAP",
        "MODELS_CAP",
        "DECISION_CAP",
        "ACTION_CAP",
    )
} | {"FRAUD_ORCHESTRATOR_TAIL_MS": "100"}


class ShapeFailed(CommandError):
    """A shape did not become ready; the end of its output says why."""


@dataclass(frozen=True)
class Shape:
    """How one shape is started. `services` are those that listen on a port of their own;
    `models` is the folder of a mesh that has models for it."""

    name: str
    command: Sequence[str]
    models: Path
    services: tuple[str, ...] = SERVICES
    environment: Mapping[str, str] = field(default_factory=dict)


def shapes(var: Path, against: Path | None) -> list[Shape]:
    """Every shape: the floor, the mesh, the one process, the plain mesh, and the mesh of
    another checkout that has an environment and models of its own; and the mesh with the
    caps that it has by default. Raises CommandError."""
    ours = (sys.executable, "-m", "fraud_ops", "up", "--no-console")
    launch = (sys.executable, "-m", "fraud_lab.bench.launch")
    alone = (*ours, "--in-process")
    found = [
        Shape("floor", (*launch, "fraud_lab.bench.echo"), var),
        Shape("mesh", ours, var, environment=UNHURRIED),
        Shape("one process", alone, var, ("orchestrator",), UNHURRIED),
        Shape("plain", (*launch, "fraud_lab.bench.plain"), var, environment=UNHURRIED),
        Shape(IN_TIME, ours, var),
    ]
    if against is not None:
        found.insert(2, _other_checkout(against))
    return found


def _other_checkout(path: Path) -> Shape:
    fraud, var = path.resolve() / ".venv/bin/fraud", path.resolve() / "var"
    if not (var / "registry").exists():
        raise CommandError(f"{path} has no models of its own: run `fraud train` there")
    described = subprocess.run(
        (fraud, "up", "--help"), capture_output=True, text=True, check=False
    )
    if described.returncode:
        raise CommandError(f"{fraud} does not run")
    quiet = ("--no-console",) if "--no-console" in described.stdout else ()
    return Shape("against", (str(fraud), "up", *quiet), var, environment=UNHURRIED)


class Running:
    """A shape whose services are ready."""

    def __init__(
        self, shape: Shape, mesh: LocalMesh, root: psutil.Process, start_s: float
    ) -> None:
        self.shape = shape
        self.mesh = mesh
        self.start_s = start_s
        self._root = root

    async def settled(self) -> None:
        """Wait until nothing but services is left: a scorer tries the models that no
        payment needs when it is ready already."""
        while any(_is_trial(process) for process in self._tree()):
            await asyncio.sleep(POLL_S)

    def pause(self) -> None:
        """Stop every process where it is."""
        self._signal(signal.SIGSTOP)

    def resume(self) -> None:
        """Let every process go on."""
        self._signal(signal.SIGCONT)

    def cpu_s(self) -> dict[tuple[str, int], float]:
        """Seconds of CPU used so far, by service and process."""
        used = {}
        for process in self._tree():
            with suppress(psutil.NoSuchProcess):
                times = process.cpu_times()
                used[self._service(process), process.pid] = times.user + times.system
        return used

    def pss_bytes(self) -> int:
        """Proportional set size of all processes together."""
        total = 0
        for process in self._tree():
            with suppress(psutil.NoSuchProcess):
                total += process.memory_full_info().pss
        return total

    def _tree(self) -> list[psutil.Process]:
        with suppress(psutil.NoSuchProcess):
            return [self._root, *self._root.children(recursive=True)]
        return []

    def _service(self, process: psutil.Process) -> str:
        """The service of a process, from the words it was started with."""
        if process.pid == self._root.pid:
            return "supervisor" if len(self.shape.services) > 1 else "one process"
        words = process.cmdline()
        for word in reversed(words):
            service = word.removeprefix("fraud_")
            if service in SERVICES:
                return service
        return process.name()

    def _signal(self, number: int) -> None:
        for process in self._tree():
            with suppress(psutil.NoSuchProcess):
                process.send_signal(number)


@asynccontextmanager
async def running(shape: Shape) -> AsyncIterator[Running]:
    """Start a shape on free ports and empty stores; yields once every service is ready.
    Raises ShapeFailed."""
    with LocalMesh(shape.models).fresh(_free_ports()) as mesh, _output(mesh) as out:
        began = time.perf_counter()
        process = await asyncio.create_subprocess_exec(
            *_command(shape, mesh),
            stdin=asyncio.subprocess.DEVNULL,
            stdout=out,
            stderr=out,
            env={**os.environ, **shape.environment},
            start_new_session=True,
            preexec_fn=end_with_parent,
        )
        root = psutil.Process(process.pid)
        try:
            await _ready(shape, mesh, process)
            yield Running(shape, mesh, root, time.perf_counter() - began)
        finally:
            await _end(process, root)


def _is_trial(process: psutil.Process) -> bool:
    with suppress(psutil.NoSuchProcess):
        return sandbox.__name__ in process.cmdline()
    return False


def _command(shape: Shape, mesh: LocalMesh) -> list[str]:
    where = [str(mesh.var), str(mesh.first_port)]
    if "up" in shape.command:
        where = ["--var", where[0], "--port", where[1]]
    return [*shape.command, *where]


@contextmanager
def _output(mesh: LocalMesh) -> Iterator[int]:
    handle = os.open(mesh.var / "output", os.O_CREAT | os.O_WRONLY, 0o600)
    try:
        yield handle
    finally:
        os.close(handle)


async def _ready(
    shape: Shape, mesh: LocalMesh, process: asyncio.subprocess.Process
) -> None:
    waiting = set(shape.services)
    give_up = time.monotonic() + READY_WITHIN_S
    while waiting:
        for service in sorted(waiting):
            url = f"http://127.0.0.1:{mesh.port(service)}/readyz"
            if await status(url) != 200:
                break
            waiting.discard(service)
        ended = process.returncode is not None
        if ended or time.monotonic() > give_up:
            said = (mesh.var / "output").read_text(errors="replace")[-2000:]
            raise ShapeFailed(f"{shape.name} is not ready: {said}")
        await asyncio.sleep(POLL_S)


async def _end(process: asyncio.subprocess.Process, root: psutil.Process) -> None:
    """SIGTERM to the root, which ends the others; SIGKILL to what is left."""
    left: list[psutil.Process] = []
    with suppress(psutil.NoSuchProcess):
        left = root.children(recursive=True)
        for one in (root, *left):
            one.send_signal(signal.SIGCONT)
    with suppress(ProcessLookupError):
        process.terminate()
    with suppress(TimeoutError):
        async with asyncio.timeout(STOP_WITHIN_S):
            await process.wait()
    for one in (root, *left):
        with suppress(psutil.NoSuchProcess):
            one.kill()
    await process.wait()


def _free_ports() -> int:
    """The first of a run of ports that nobody listens on."""
    while True:
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            first = int(probe.getsockname()[1])
        wanted = [*range(first, first + PORTS_EACH)]
        wanted += [port + OPERATORS for port in wanted]
        if wanted[-1] < 65_536 and all(map(_is_free, wanted)):
            return first


def _is_free(port: int) -> bool:
    with socket.socket() as probe, suppress(OSError):
        probe.bind(("127.0.0.1", port))
        return True
    return False
