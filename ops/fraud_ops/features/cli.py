"""`fraud features`: the online store as a command."""

from typing import Annotated

import typer

from fraud_ops.options import Json, Var

features_app = typer.Typer(help="The online store: rebuild it.")


@features_app.command("rebuild")
def rebuild(
    again: Annotated[
        bool, typer.Option("--again", help="Even if the store says it is complete.")
    ] = False,
    as_json: Json = False,
    var: Var = None,
) -> None:
    """Make an emptied online store whole again, from decisions and labels.

    Safe while payments are decided: until it is done, they read velocity as unknown.
    """
    from fraud_ops.features.command import rebuild_command
    from fraud_ops.mesh.environment import local_mesh

    rebuild_command(local_mesh(var), again=again, as_json=as_json)
