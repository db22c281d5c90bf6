"""`fraud drift`."""

from pathlib import Path
from typing import Annotated

import typer

from fraud_ops.datasets.cli import Uri, Version
from fraud_ops.options import Json, Var

drift_app = typer.Typer(help="How far payments, scores and outcomes have moved.")


@drift_app.callback()
def drift() -> None:
    """How far payments, scores and outcomes have moved."""


@drift_app.command()
def report(
    version: Version = "newest",
    data: Uri = "",
    days: Annotated[float, typer.Option(help="The stretch judged, in days.")] = 7.0,
    out: Annotated[
        Path | None, typer.Option(help="Default <var>/reports/drift.html.")
    ] = None,
    as_json: Json = False,
    var: Var = None,
) -> None:
    """The last days of a data version against those before, as one HTML page."""
    from fraud_ops.drift.command import report_command
    from fraud_ops.mesh.environment import local_mesh

    report_command(local_mesh(var), version, data, days, out, as_json=as_json)
