"""Requirements out of the pyproject.toml files, for the lock and for the images.

`requirements.py`                  every third-party requirement: the input of `make lock`
`requirements.py SERVICE`          what an image of SERVICE installs from outside; `ops` is
                                   the operator's command, `lab` is never installed apart
`requirements.py SERVICE EXTRAS`   the same with optional parts: "fraud-scoring[s3] ..."
`requirements.py SERVICE --own`    the folders of our distributions in it
`requirements.py SERVICE --hashed` its part of deploy/docker/requirements.lock: every package,
                                   direct or not, with the hashes of its files
`requirements.py --images`         what all images ask for: the input of that lock
"""

import re
import sys
import tomllib
from collections.abc import Sequence
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
# What images install, with hashes. PyTorch's wheel differs by machine, so what trains is
# not in it.
HASHED = Path("deploy/docker/requirements.lock")
# Parts that an image may be built with (ARG EXTRAS).
OFFERED = ("fraud-scoring[s3]", "fraud-scoring[abfs]", "fraud-scoring[mlflow]")
# Images can send traces; everything else that is optional stays out of them.
IMAGE_EXTRAS = ("fraud-shared[otlp]",)
# The same library without the code for GPUs, a dozen times smaller: images only score.
IMAGE_FLAVOURS = {"xgboost": "xgboost-cpu"}
NAME = re.compile(r"^[A-Za-z0-9._-]+")
# Beside the services: no image is made of them, and images hold neither.
COMMAND, LABORATORY = "ops", "lab"
# What callers of the gateway install.
CLIENT = "client"
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


def images(root: Path) -> list[str]:
    """Third-party requirements of the images of all services, with every offered part."""
    found: set[str] = set()
    for folder in sorted((root / "services").glob("*/pyproject.toml")):
        found.update(closure(root, folder.parent.name)[0])
    for service in ("xgboost",):
        found.update(closure(root, service, OFFERED)[0])
    return sorted(found)


def hashed(root: Path, outside: Sequence[str]) -> list[str]:
    """The blocks of the lock with hashes that `outside` needs. A block is `name==version`
    with its hashes, and a comment that says which packages it is there for."""
    blocks = re.split(r"\n(?=[A-Za-z0-9])", (root / HASHED).read_text())
    wanted = {_plain(NAME.match(r)[0]) for r in outside if NAME.match(r)}
    asked_by: dict[str, set[str]] = {}
    by_name: dict[str, str] = {}
    for block in blocks:
        found = NAME.match(block)
        if found:
            name = _plain(found[0])
            by_name[name] = block.strip()
            asked_by[name] = {_plain(n) for n in re.findall(r"[\w.-]+", _via(block))}
    kept: set[str] = set()
    while more := {
        n for n, by in asked_by.items() if n not in kept and (n in wanted or by & kept)
    }:
        kept |= more
    return [by_name[name] for name in sorted(kept)]


def _via(block: str) -> str:
    return " ".join(
        line.partition("#")[2].replace("via", " ") for line in block.splitlines()
    )


def _plain(name: str) -> str:
    return re.sub(r"[-_.]+", "-", name).lower()


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
    if arguments == ["--images"]:
        return "\n".join(images(ROOT))
    options = ("--own", "--hashed")
    extras = [
        name for one in arguments[1:] if one not in options for name in one.split()
    ]
    outside, own = closure(ROOT, arguments[0], extras)
    if "--own" in arguments:
        return "\n".join(str(folder.relative_to(ROOT)) for folder in own)
    if "--hashed" in arguments:
        return "\n".join(hashed(ROOT, outside))
    return "\n".join(outside)


if __name__ == "__main__":
    sys.stdout.write(main(sys.argv[1:]) + "\n")
