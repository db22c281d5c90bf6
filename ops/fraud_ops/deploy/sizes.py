"""`fraud deploy-sizes`: what each service's image installs, and how large it is."""

import tempfile
from collections.abc import Mapping, Sequence
from importlib.metadata import version
from pathlib import Path

import typer
from rich.progress import track
from rich.table import Table

from fraud_ops.deploy.closure import Installed, contents, install
from fraud_ops.figures import print_json, wide_console
from fraud_shared.mesh.addresses import SERVICES

ROOT = Path(__file__).resolve().parents[3]
PAGE = ROOT / "docs" / "images.md"
LISTED = 6
console = wide_console()
HEAD = """# What the images hold

Written by `fraud deploy-sizes --write`, which installs each service's closure as the
Dockerfile does and adds up the files, byte code included. The base image
(`python:3.11-slim`, and `libgomp1`) comes on top. Nothing that only trains or tests is in
any of them: no torch, scikit-learn, pandas, MLflow, pytest.

| service | distributions | MB | the largest, MB |
|---|---|---|---|
"""


def sizes_command(services: Sequence[str], *, write: bool, as_json: bool) -> None:
    """Install, measure, show; `write` puts all services into the page."""
    if unknown := set(services) - set(SERVICES):
        raise typer.BadParameter(f"no such service: {', '.join(sorted(unknown))}")
    if write and services:
        raise typer.BadParameter("the page lists every service")
    found: dict[str, list[Installed]] = {}
    for service in track(services or SERVICES, "installing …", console=console):
        with tempfile.TemporaryDirectory(prefix="fraud-image-") as folder:
            found[service] = contents(install(ROOT, service, Path(folder)))
    _show(found)
    if write:
        PAGE.write_text(page(found))
    if as_json:
        document = {
            "command": "deploy-sizes",
            "version": version("fraud-ops"),
            "services": {
                service: {one.name: one.size for one in installed}
                for service, installed in found.items()
            },
        }
        print_json(document)


def page(found: Mapping[str, Sequence[Installed]]) -> str:
    """The committed page: one row a service."""
    return HEAD + "".join(
        f"| {service} | {len(installed)} | {_mb(_total(installed))} "
        f"| {_largest(installed)} |\n"
        for service, installed in found.items()
    )


def _show(found: Mapping[str, Sequence[Installed]]) -> None:
    table = Table("service", "distributions", "MB", "the largest, MB")
    for service, installed in found.items():
        total = _mb(_total(installed))
        table.add_row(service, str(len(installed)), total, _largest(installed))
    console.print(table)


def _largest(installed: Sequence[Installed]) -> str:
    return ", ".join(f"{one.name} {_mb(one.size)}" for one in installed[:LISTED])


def _total(installed: Sequence[Installed]) -> int:
    return sum(one.size for one in installed)


def _mb(size: int) -> str:
    return f"{size / 1e6:.1f}"
