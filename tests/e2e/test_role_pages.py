"""Each role's page, word by word: its commands run against a mesh, as a reader would."""

import asyncio
import os
import re
import subprocess
import sys
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from fraud_ops.mesh.environment import LocalMesh
from fraud_ops.mesh.up import running_mesh

ROOT = Path(__file__).resolve().parents[2]
ROLES = ROOT / "docs" / "roles"
PAGES = sorted(page.stem for page in ROLES.glob("*.md"))
BLOCK = re.compile(r"^```sh\n(.*?)^```$", re.MULTILINE | re.DOTALL)
FIRST_PORT = 18_400


def commands(page: str) -> str:
    """Everything a reader of the page pastes, in order."""
    return "".join(BLOCK.findall((ROLES / f"{page}.md").read_text()))


def test_each_role_has_a_page_that_is_short():
    assert PAGES == ["analyst", "auditor", "integrator", "model-owner", "squad", "sre"]
    for page in PAGES:
        assert len((ROLES / f"{page}.md").read_text().split()) < 900
        assert commands(page)


@pytest.fixture
async def mesh(trained: LocalMesh) -> AsyncIterator[LocalMesh]:
    """Ten processes on ports of their own, with the small bundle."""
    with trained.fresh(FIRST_PORT) as mesh:
        async with running_mesh(mesh):
            yield mesh


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A folder that looks like the repository, where a reader's files may be left."""
    for entry in ROOT.iterdir():
        if entry.name not in ("var", "build"):
            (tmp_path / entry.name).symlink_to(entry)
    return tmp_path


@pytest.mark.slow
async def test_every_command_of_every_page_works(mesh: LocalMesh, folder: Path):
    failed = {}
    for page in PAGES:
        done = await asyncio.to_thread(
            subprocess.run,
            ["bash", "-eu", "-o", "pipefail", "-c", commands(page)],
            cwd=folder,
            env={
                "PATH": f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}",
                "HOME": str(folder),
                "GATEWAY": mesh.url,
                "KEY": mesh.key(),
                "FRAUD_VAR": str(mesh.var),
                # Where its commands find the mesh, as on the standard ports.
                "FRAUD_ORCHESTRATOR_URL": mesh.url,
            },
            capture_output=True,
            text=True,
            check=False,
        )
        if done.returncode:
            failed[page] = done.stdout[-500:] + done.stderr[-1500:]
    assert failed == {}
