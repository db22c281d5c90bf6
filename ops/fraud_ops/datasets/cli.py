"""`fraud dataset`: build, show, verify."""

from datetime import datetime
from pathlib import Path
from typing import Annotated

import typer

from fraud_ops.options import JsonOnly, Var

dataset_app = typer.Typer(help="Training data: build, look, verify.")
Uri = Annotated[str, typer.Option("--data", help="Path or URL (default: DATASET_URI).")]
Version = Annotated[str, typer.Argument(help="A version, or `newest`.")]
Records = Annotated[
    Path | None,
    typer.Option(help="Folder with post_auth.db (default: the mesh's, or the demo's)."),
]
Maturity = Annotated[
    float, typer.Option(help="Days after which silence means legitimate.", min=0)
]


@dataset_app.command()
def build(
    records: Records = None,
    as_of: Annotated[
        datetime | None, typer.Option(help="Event time, UTC (default: the newest).")
    ] = None,
    maturity_days: Maturity = 30.0,
    data: Uri = "",
    as_json: JsonOnly = False,
    var: Var = None,
) -> None:
    """Write what post_auth recorded as a version, and its train, validation, test parts."""
    from fraud_ops.datasets.command import build_command
    from fraud_ops.mesh.environment import local_mesh

    build_command(local_mesh(var), records, as_of, maturity_days, data, as_json=as_json)


@dataset_app.command()
def show(
    version: Version = "newest",
    data: Uri = "",
    as_json: JsonOnly = False,
    var: Var = None,
) -> None:
    """What a version holds: rows and frauds by label source, days, parts."""
    from fraud_ops.datasets.command import show_command
    from fraud_ops.mesh.environment import local_mesh

    show_command(local_mesh(var), version, data, as_json=as_json)


@dataset_app.command()
def verify(
    version: Annotated[str, typer.Argument(help="One version (default: all).")] = "",
    data: Uri = "",
    as_json: JsonOnly = False,
    var: Var = None,
) -> None:
    """Check every part against the manifest's hashes; exit 1 when one differs."""
    from fraud_ops.datasets.command import verify_command
    from fraud_ops.mesh.environment import local_mesh

    verify_command(local_mesh(var), version, data, as_json=as_json)
