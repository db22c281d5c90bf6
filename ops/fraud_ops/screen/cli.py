"""`fraud screen`: what the command line accepts."""

from pathlib import Path
from typing import Annotated

import typer

from fraud_ops.options import Enforce, Json, Var


def screen(
    file: Annotated[
        Path,
        typer.Argument(
            help="CSV in UTF-8: name, and optionally id, kind, birth_date, country,"
            " identifier (several by `;`). Other columns are not read."
        ),
    ],
    report: Annotated[
        Path | None, typer.Option(help="Report (default: FILE.report.csv beside it).")
    ] = None,
    lists: Annotated[
        Path | None,
        typer.Option(help="Screen here against the lists of this folder: no service."),
    ] = None,
    url: Annotated[
        str, typer.Option(envvar="FRAUD_SANCTIONS_URL", help="The sanctions service.")
    ] = "http://127.0.0.1:8008",
    batch: Annotated[
        int, typer.Option(min=1, max=1000, help="Names in one request.")
    ] = 1000,
    var: Var = None,
    as_json: Json = False,
    enforce: Enforce = False,
) -> None:
    """Screen a file of names, and write a report with a line for each hit.

    The gate: every row was screened.
    """
    from fraud_ops.screen.command import Task, screen_command

    out = report or file.with_name(f"{file.stem}.report.csv")
    task = Task(file, out, batch, lists, url, var)
    screen_command(task, as_json=as_json, enforce=enforce)
