"""`fraud labels`: what the command line accepts."""

from pathlib import Path
from typing import Annotated

import typer

from fraud_ops.options import Gateway, Json, Var

labels_app = typer.Typer(help="Feeds of labels from schemes and processors.")


@labels_app.callback()
def labels() -> None:
    """Feeds of labels from schemes and processors."""


@labels_app.command("import")
def import_(
    file: Annotated[
        Path,
        typer.Argument(
            help="CSV with a header, a JSON list or JSON lines: the fields of"
            " POST /v1/labels."
        ),
    ],
    url: Gateway = "",
    var: Var = None,
    as_json: Json = False,
) -> None:
    """Report every row of a file; the same file again changes nothing.

    The key is taken from FRAUD_LABEL_KEY, for a local mesh from its secrets.
    """
    from fraud_ops.labels.command import import_command

    import_command(file, url=url, var=var, as_json=as_json)
