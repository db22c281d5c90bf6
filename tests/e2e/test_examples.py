"""The examples, run as a stranger would: a process each, by the gateway's port alone."""

import asyncio
import socket
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import pytest
import uvicorn

from fraud_ops.mesh.environment import LocalMesh
from fraud_ops.mesh.up import running_mesh

EXAMPLES = Path(__file__).resolve().parents[2] / "examples"
NAMES = sorted(one.stem for one in EXAMPLES.glob("*.py") if one.stem != "common")
FIRST_PORT = 18_500


async def outcome(name: str, url: str, key: str) -> tuple[int, str]:
    """How an example ended, and what it said."""
    process = await asyncio.create_subprocess_exec(
        sys.executable,
        str(EXAMPLES / f"{name}.py"),
        *("--url", url, f"--key={key}"),
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.STDOUT,
    )
    said, _ = await process.communicate()
    return process.returncode or 0, said.decode()


async def failures(url: str, key: str) -> dict[str, str]:
    """What the examples said that did not end well, all run side by side."""
    ended = await asyncio.gather(*(outcome(name, url, key) for name in NAMES))
    return {
        name: said
        for name, (status, said) in zip(NAMES, ended, strict=True)
        if status or "done: everything was as expected" not in said
    }


@asynccontextmanager
async def listening(app: Any) -> AsyncIterator[str]:
    """An app that has started, on a free port of this machine."""
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        config = uvicorn.Config(app, lifespan="off", log_config=None)
        server = uvicorn.Server(config)
        server.install_signal_handlers = lambda: None  # type: ignore[attr-defined]
        serving = asyncio.create_task(server.serve([listener]))
        try:
            yield f"http://127.0.0.1:{listener.getsockname()[1]}"
        finally:
            server.should_exit = True
            await serving


def test_there_is_an_example_for_every_role_of_a_caller():
    assert NAMES == ["analyst", "card_checkout", "label_feed", "transfer_with_otp"]


async def test_every_example_ends_well_against_one_process(
    run: Any, environment: LocalMesh
) -> None:
    async with run() as mesh, listening(mesh.local_mesh.apps["orchestrator"]) as url:
        assert await failures(url, environment.key()) == {}
        status, said = await outcome("analyst", url, "nobody's key")
    assert status == 1
    assert "failed: 403" in said


@pytest.mark.slow
async def test_every_example_ends_well_against_ten_processes(
    trained: LocalMesh,
) -> None:
    with trained.fresh(FIRST_PORT) as mesh:
        async with running_mesh(mesh):
            assert await failures(mesh.url, mesh.key()) == {}
