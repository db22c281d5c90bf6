"""Ten service processes: started together, watched, restarted, and stopped in order."""

import asyncio
import os
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from types import MappingProxyType

from fraud_ops.mesh.children import end_with_parent
from fraud_ops.mesh.environment import LocalMesh
from fraud_ops.mesh.http import status
from fraud_ops.running import CommandError
from fraud_shared.mesh.addresses import SERVICES

# The gateway stops taking payments first; what it still calls goes after it.
STOP_ORDER = (
    "console",
    "orchestrator",
    "action",
    "post_auth",
    "decision",
    "lightgbm",
    "xgboost",
    "autoencoder",
    "isolation_forest",
    "sanctions",
    "rules",
)
STOP_WITHIN_S = 10.0
RESTART_FIRST_S = 0.2
RESTART_LONGEST_S = 5.0


class StartFailed(CommandError):
    """A service ended, or did not become ready in time; its log says why."""


Command = Callable[[str], list[str]]


def service_command(service: str) -> list[str]:
    """How a service is started."""
    return [sys.executable, "-m", f"fraud_{service}"]


@dataclass
class Child:
    """One service process and how often it had to be started again."""

    service: str
    process: asyncio.subprocess.Process | None = None
    restarts: int = 0
    watcher: "asyncio.Task[None] | None" = field(default=None, repr=False)


class Supervisor:
    """Runs the services of a local mesh as child processes."""

    def __init__(
        self,
        mesh: LocalMesh,
        environment: Mapping[str, str],
        command: Command = service_command,
        *,
        beside: Sequence[str] = (),
        workers: Mapping[str, list[str]] = MappingProxyType({}),
    ) -> None:
        """`beside`: what runs besides the services of the mesh; `workers`: commands by name
        of what answers nobody, so that readiness does not wait for it."""
        self._mesh = mesh
        self._command = command
        self._workers = workers
        self._environment = dict(environment)
        self.redis_url = self._environment["REDIS_URL"]
        self._logs = mesh.var / "log"
        self._stopping = False
        self.children = {name: Child(name) for name in (*SERVICES, *beside, *workers)}

    async def start(self) -> None:
        """Start all; returns at once."""
        self._logs.mkdir(parents=True, exist_ok=True)
        for child in self.children.values():
            await self._spawn(child)
            child.watcher = asyncio.create_task(self._watch(child))

    async def ready(self, within_s: float) -> None:
        """Wait until every `/readyz` says yes. Raises StartFailed."""
        give_up = time.monotonic() + within_s
        waiting = self.children.keys() - self._workers.keys()
        while waiting:
            for name in sorted(waiting):
                if (
                    await status(f"http://127.0.0.1:{self._mesh.port(name)}/readyz")
                    == 200
                ):
                    waiting.discard(name)
                elif self.children[name].restarts > 2:
                    raise StartFailed(f"{name} keeps ending; see {self.log(name)}")
            if time.monotonic() > give_up:
                logs = ", ".join(str(self.log(name)) for name in sorted(waiting))
                raise StartFailed(f"not ready in time; see {logs}")
            await asyncio.sleep(0.1)

    async def stop(self) -> None:
        """SIGTERM in order, SIGKILL for what does not end in time."""
        self._stopping = True
        for name in (*self._workers, *STOP_ORDER):
            if name not in self.children:
                continue
            process = self.children[name].process
            if process is not None and process.returncode is None:
                process.terminate()
                if name == "orchestrator":
                    await _ended(process, STOP_WITHIN_S)
        for child in self.children.values():
            if child.process is not None and not await _ended(
                child.process, STOP_WITHIN_S
            ):
                child.process.kill()
            if child.watcher is not None:
                child.watcher.cancel()

    def log(self, service: str) -> Path:
        """Where a service's output goes."""
        return self._logs / f"{service}.log"

    async def _spawn(self, child: Child) -> None:
        with self.log(child.service).open("ab") as log:
            child.process = await asyncio.create_subprocess_exec(
                *(self._workers.get(child.service) or self._command(child.service)),
                stdin=asyncio.subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                env=self._environment,
                # Ctrl-C reaches only the supervisor, which then stops them in order.
                start_new_session=True,
                preexec_fn=_as_housemate,
            )

    async def _watch(self, child: Child) -> None:
        pause = RESTART_FIRST_S
        while True:
            assert child.process is not None
            started = time.monotonic()
            await child.process.wait()
            if self._stopping:
                return
            # A process that ran for a while gets a fresh, quick restart.
            healthy = time.monotonic() - started > 2 * RESTART_LONGEST_S
            pause = RESTART_FIRST_S if healthy else min(pause * 2, RESTART_LONGEST_S)
            await asyncio.sleep(pause)
            child.restarts += 1
            await self._spawn(child)


def _as_housemate() -> None:
    # Eleven processes share the cores: one that wakes lets the one at work finish its
    # request first (measured: a tenth less CPU per payment).
    with suppress(OSError):
        os.sched_setscheduler(0, os.SCHED_BATCH, os.sched_param(0))
    # If the supervisor is killed, its services must not go on without it.
    end_with_parent()


async def _ended(process: asyncio.subprocess.Process, within_s: float) -> bool:
    with suppress(TimeoutError):
        async with asyncio.timeout(within_s):
            await process.wait()
        return True
    return process.returncode is not None
