"""A whole mesh of other processes, for comparison: `python -m fraud_lab.bench.launch MODULE
VAR PORT` starts `python -m MODULE SERVICE` for each of the ten services, on the addresses and
under the supervisor of `fraud up`, until SIGTERM."""

import asyncio
import sys
from pathlib import Path

from fraud_ops.mesh.environment import LocalMesh
from fraud_ops.mesh.up import running_mesh, until_stopped


async def launch(module: str, mesh: LocalMesh) -> None:
    """Run the mesh until this process is asked to end."""
    stop = until_stopped()

    def command(service: str) -> list[str]:
        return [sys.executable, "-m", module, service]

    async with running_mesh(mesh, command):
        await stop.wait()


if __name__ == "__main__":
    asyncio.run(launch(sys.argv[1], LocalMesh(Path(sys.argv[2]), int(sys.argv[3]))))
