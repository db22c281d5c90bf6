"""Requirements out of the pyproject.toml files, for the lock and for the images.

`requirements.py`                  every third-party requirement: the input of `make lock`
`requirements.py SERVICE`          what an image of SERVICE installs from outside; `ops` is
                                   the operator's command, `lab` is never installed apart
`requirements.py SERVICE EXTRAS`   the same with optional parts: "fraud-scoring[s3] ..."
`requirements.py SERVICE --own`    the folders of our distributions in it
"""

import re
import sys
import tomllib
from collections.abc import Sequence
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
# Images can send traces; everything else that is optional stays out of them.
IMAGE_EXTRAS = ("fraud-shared[otlp]",)
# The same library without the code for GPUs, a dozen times smaller: images only score.
IMAGE_FLAVOURS = {"xgboost": "xgboost-cpu"}
NAME = re.compile(r"^[A-Za-z0-9._-]+")
# Beside the services: no image is made of them, and images hold neither.
COMMAND, LABORATORY = "ops", "lab"
CLIENT = "client"
OWN = re.compile(r"^fraud-([a-z-]+)(?:\[([a-z0-9,]+)\])?$")


class LaboratoryRefused(Exception):
    """Something to be installed asks for the laboratory."""


def everything(root: Path) -> list[str]:
    """Requirements of all distributions with all extras, and of the tools, sorted."""
    lines = (root / "requirements.in").read_text().splitlines()
    found = {line for line in lines if line and not line.startswith("#")}
    for pattern in ("*/*/pyproject.toml", "ops/pyproject.toml", "lab/pyproject.toml"):
        for file in root.glob(pattern):
            project = tomllib.loads(file.read_text())["project"]
            extras = project.get("optional-dependencies", {}).values()
            for group in (project["dependencies"], *extras):
                found.update(group)
    return sorted(r for r in found if not r.startswith("fraud-"))


def closure(
    root: Path, service: str, extras: Sequence[str] = ()
) -> tuple[list[str], list[Path]]:
    """Third-party requirements and folders of our distributions that `service` needs, or
    the operator's command, whose machine has no traces to send. Raises LaboratoryRefused."""
    start = f"fraud-{service.replace('_', '-')}"
    waiting = [start, *(() if service == COMMAND else IMAGE_EXTRAS), *extras]
    outside: set[str] = set()
    own: set[Path] = set()
    seen: set[str] = set()
    while waiting:
        requirement = waiting.pop()
        match = OWN.match(requirement)
        if match is None:
            outside.add(requirement)
        elif match[1] == LABORATORY:
            raise LaboratoryRefused("the laboratory is never part of an installation")
        elif requirement not in seen:
            seen.add(requirement)
            folder = _folder(root, match[1])
            own.add(folder)
            waiting.extend(_needed(folder, (match[2] or "").split(",")))
    return sorted(_for_image(root, r) for r in outside), sorted(own)


def _for_image(root: Path, requirement: str) -> str:
    """The flavour that images have, at the version that the lock has for the other."""
    found = NAME.match(requirement)
    name = found[0] if found else requirement
    if name not in IMAGE_FLAVOURS:
        return requirement
    lock = (root / "requirements.lock").read_text().splitlines()
    locked = dict(line.split("==") for line in lock if "==" in line)
    return f"{IMAGE_FLAVOURS[name]}=={locked[name]}"


def _folder(root: Path, name: str) -> Path:
    name = name.replace("-", "_")
    if name == COMMAND:
        return root / name
    if name == CLIENT:
        return root / "clients" / "python"
    shared = root / "shared" / f"fraud_{name}"
    return shared if shared.exists() else root / "services" / name


def _needed(folder: Path, extras: list[str]) -> list[str]:
    project = tomllib.loads((folder / "pyproject.toml").read_text())["project"]
    optional = project.get("optional-dependencies", {})
    chosen = [optional[extra] for extra in extras if extra]
    return [r for group in (project["dependencies"], *chosen) for r in group]


def main(arguments: list[str]) -> str:
    """What the command line asks for, one item a line."""
    if not arguments:
        return "\n".join(everything(ROOT))
    extras = [name for one in arguments[1:] if one != "--own" for name in one.split()]
    outside, own = closure(ROOT, arguments[0], extras)
    if "--own" in arguments:
        return "\n".join(str(folder.relative_to(ROOT)) for folder in own)
    return "\n".join(outside)


if __name__ == "__main__":
    sys.stdout.write(main(sys.argv[1:]) + "\n")
