"""Faults of a local mesh: processes are killed or stopped by their id, Redis by command.

Each fault begins, lasts, and is healed; it returns when every service is ready again.
"""

import asyncio
import os
import random
import re
import signal
import time
from collections.abc import Awaitable, Callable, Sequence
from contextlib import suppress
from pathlib import Path

from redis.asyncio import Redis

from fraud_lab.chaos.suite.failing import POINTS, Trigger
from fraud_lab.chaos.suite.observed import Run
from fraud_ops.mesh.environment import LocalMesh
from fraud_ops.mesh.supervisor import Supervisor
from fraud_shared.mesh.errors import DependencyError
from fraud_shared.mesh.transport import HttpTransport

BACK_WITHIN_S = 60.0
POLL_S = 0.02
REACHED_WITHIN_S = 30.0
# So many payments pass a step before the one that ends there: some are under way then.
HITS = 5
Fault = Callable[[LocalMesh, Supervisor, Run], Awaitable[None]]


def killed(*services: str) -> Fault:
    """SIGKILL; the supervisor starts them again."""

    async def fault(mesh: LocalMesh, supervisor: Supervisor, run: Run) -> None:
        run.began = time.monotonic()
        for service in services:
            process = supervisor.children[service].process
            assert process is not None
            process.kill()
            await process.wait()
        await _ready(mesh, services)
        run.healed = time.monotonic()

    return fault


def killed_again(service: str, times: int) -> Fault:
    """SIGKILL again and again, at any moment; each time until it is ready again."""

    async def fault(mesh: LocalMesh, supervisor: Supervisor, run: Run) -> None:
        run.began = time.monotonic()
        for number in range(times):
            process = supervisor.children[service].process
            assert process is not None
            process.kill()
            await process.wait()
            run.fired.append(f"kill -9 {number + 1}")
            await _ready(mesh, [service])
            await asyncio.sleep(random.uniform(0.3, 1.3))
        run.healed = time.monotonic()

    return fault


def ends_at(*names: str) -> Fault:
    """Processes end at these steps, one after the other: see `failing`."""

    async def fault(mesh: LocalMesh, supervisor: Supervisor, run: Run) -> None:
        trigger = Trigger(failpoint_file(mesh))
        run.began = time.monotonic()
        for name in names:
            point = POINTS[name]
            process = supervisor.children[point.service].process
            assert process is not None
            trigger.arm(name, 1 if point.rare else HITS)
            if point.in_start:
                process.kill()
            async with asyncio.timeout(REACHED_WITHIN_S):
                while not trigger.fired:
                    await asyncio.sleep(POLL_S)
                await process.wait()
            run.fired.append(name)
            await _ready(mesh, [point.service])
        run.healed = time.monotonic()

    return fault


def failpoint_file(mesh: LocalMesh) -> Path:
    """Where the step is named at which a process of this mesh ends."""
    return mesh.var / "failpoint"


def frozen(*services: str, seconds: float) -> Fault:
    """SIGSTOP for a while, then SIGCONT: connections are taken, nothing is answered."""

    async def fault(mesh: LocalMesh, supervisor: Supervisor, run: Run) -> None:
        pids = []
        for service in services:
            process = supervisor.children[service].process
            assert process is not None
            pids.append(process.pid)
        run.began = time.monotonic()
        try:
            for pid in pids:
                os.kill(pid, signal.SIGSTOP)
            await asyncio.sleep(seconds)
        finally:
            for pid in pids:
                with suppress(ProcessLookupError):
                    os.kill(pid, signal.SIGCONT)
        await _ready(mesh, services)
        run.healed = time.monotonic()

    return fault


def redis_silent(seconds: float) -> Fault:
    """Redis takes commands and answers none for a while."""

    async def fault(mesh: LocalMesh, supervisor: Supervisor, run: Run) -> None:
        async with Redis.from_url(supervisor.redis_url) as redis:
            run.began = time.monotonic()
            await redis.client_pause(int(seconds * 1000))
        await asyncio.sleep(seconds)
        run.healed = time.monotonic()

    return fault


def redis_forgetful() -> Fault:
    """Redis loses everything and every script. The gateway rebuilds it by itself: then it
    is healed."""

    async def fault(mesh: LocalMesh, supervisor: Supervisor, run: Run) -> None:
        before = await _rebuilds(mesh)
        async with Redis.from_url(supervisor.redis_url) as redis:
            run.began = time.monotonic()
            await redis.flushall()
            await redis.script_flush()
        async with asyncio.timeout(BACK_WITHIN_S):
            while (now := await _rebuilds(mesh)) is None or now == before:
                await asyncio.sleep(0.1)
        run.healed = time.monotonic()

    return fault


async def _rebuilds(mesh: LocalMesh) -> float | None:
    """Rebuilds of the online store that this gateway finished; None without an answer."""
    transport = HttpTransport({"gateway": mesh.url})
    try:
        _, page = await transport.get("gateway", "/metrics", {}, 2.0)
    except DependencyError:
        return None
    finally:
        await transport.close()
    found = re.search(rb"^fraud_online_rebuilds_total (\S+)", page, re.MULTILINE)
    return float(found[1]) if found else 0.0


async def _ready(mesh: LocalMesh, services: Sequence[str]) -> None:
    # One client for all: making one costs this process some 5 ms, and payments wait.
    urls = {name: f"http://127.0.0.1:{mesh.port(name)}" for name in services}
    transport = HttpTransport(urls)
    try:
        async with asyncio.timeout(BACK_WITHIN_S):
            for service in services:
                while not await _is_ready(transport, service):
                    await asyncio.sleep(POLL_S)
    finally:
        await transport.close()


async def _is_ready(transport: HttpTransport, service: str) -> bool:
    try:
        return (await transport.get(service, "/readyz", {}, 1.0))[0] == 200
    except DependencyError:
        return False
