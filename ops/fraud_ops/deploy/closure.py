"""What an image of a service holds: its own closure, installed as the Dockerfile does it."""

import runpy
import subprocess
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from importlib.metadata import Distribution, distributions
from pathlib import Path


class InstallFailed(Exception):
    """pip could not install a closure; the message is what it said."""


@dataclass(frozen=True)
class Installed:
    """One distribution in an image: bytes of its files, byte code included."""

    name: str
    version: str
    size: int


def install(root: Path, service: str, folder: Path) -> Path:
    """An environment with what the Dockerfile puts into the image of `service`.

    Returns its Python. Wheels only, held to the lock and its hashes; our own distributions are built
    without any index. Raises InstallFailed.
    """
    _run([sys.executable, "-m", "venv", "--without-pip", folder / "venv"], root)
    python = folder / "venv" / "bin" / "python"
    script = runpy.run_path(str(root / "deploy" / "requirements.py"))
    outside, own = script["closure"](root, service)
    third: tuple[str, ...]
    if service == script["COMMAND"]:
        # The operator's machine has PyTorch or not; its packages differ by machine.
        text, third = "\n".join(outside), ("-c", "requirements.lock")
    else:
        text = "\n".join(script["hashed"](root, outside))
        third = ("--require-hashes", "--no-deps")
    (folder / "outside.txt").write_text(text)
    _pip(
        *(root, python, "install", "--only-binary", ":all:", *third),
        *("-r", folder / "outside.txt"),
    )
    wheel = ("wheel", "--quiet", "--no-deps", "--no-index", "--no-build-isolation")
    _run([sys.executable, "-m", "pip", *wheel, "-w", folder / "wheels", *own], root)
    wheels = sorted((folder / "wheels").glob("*.whl"))
    _pip(root, python, "install", "--no-deps", "--no-index", *wheels)
    return python


def contents(python: Path) -> list[Installed]:
    """The distributions of an environment, the largest first."""
    places = python.parent.parent.glob("lib/python3*/site-packages")
    found = [
        Installed(one.name, one.version, _size(one))
        for one in distributions(path=[str(place) for place in places])
    ]
    return sorted(found, key=lambda one: -one.size)


def _size(distribution: Distribution) -> int:
    files = (Path(str(file.locate())) for file in distribution.files or ())
    return sum(path.stat().st_size for path in files if path.exists())


def _pip(root: Path, python: Path, *arguments: str | Path) -> None:
    """Our pip at work in another environment, which needs none of its own."""
    mine = (sys.executable, "-m", "pip", "--python", python)
    _run([*mine, arguments[0], "--quiet", *arguments[1:]], root)


def _run(command: Sequence[str | Path], folder: Path) -> None:
    done = subprocess.run(
        command, cwd=folder, capture_output=True, text=True, check=False
    )
    if done.returncode:
        raise InstallFailed(done.stdout + done.stderr)
