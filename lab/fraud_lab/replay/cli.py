"""`fraud replay`: recorded payments through the running mesh."""

from datetime import datetime
from pathlib import Path
from typing import Annotated

import typer

from fraud_ops.options import DataFolder, Days, Enforce, Json, Var, trained_mesh

replay_app = typer.Typer(help="Recorded payments through the running mesh.")


@replay_app.callback()
def replay() -> None:
    """Recorded payments through the running mesh."""


@replay_app.command("handbook")
def handbook(
    data: DataFolder,
    days: Days = 7,
    start: Annotated[
        datetime,
        typer.Option("--from", formats=["%Y-%m-%d"], help="The first of them."),
    ] = datetime(2018, 8, 8),  # noqa: DTZ001
    history_days: Annotated[
        int, typer.Option(help="Days before, loaded into the online store.")
    ] = 40,
    shipped: Annotated[
        bool, typer.Option("--shipped-models", help="Do not train on the days before.")
    ] = False,
    out: Annotated[
        Path | None, typer.Option(help="Folder for the plot (default VAR/reports).")
    ] = None,
    as_json: Json = False,
    enforce: Enforce = False,
    var: Var = None,
) -> None:
    """Card payments of a published simulator through a fresh local mesh, over HTTP.

    `--data`: the Fraud Detection Handbook's `transactions_*.parquet`. In order of event time, each fraud reported when its week is over. The models are
    trained on the days before.
    """
    from fraud_lab.replay.command import replay_handbook_command

    mesh = trained_mesh(var)
    replay_handbook_command(
        mesh,
        data=data,
        start=start.date(),
        days=days,
        history_days=history_days,
        trained=not shipped,
        out=out or mesh.var / "reports",
        as_json=as_json,
        enforce=enforce,
    )
