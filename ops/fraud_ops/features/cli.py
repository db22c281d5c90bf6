"""`fraud features`: the online store as a command."""

from typing import Annotated

import typer

from fraud_ops.options import Enforce, Json, Var, trained_mesh

features_app = typer.Typer(help="The online store: rebuild it, prove it.")


@features_app.command("parity")
def parity(
    payments: Annotated[int, typer.Option(help="Different payments.")] = 20_000,
    seed: Annotated[int, typer.Option(help="Of payments and mishaps.")] = 303,
    as_json: Json = False,
    enforce: Enforce = False,
    var: Var = None,
) -> None:
    """Serving and training compute the same vectors, bit for bit.

    Plays 45 days of payments over HTTP, late ones, repeats, labels, restarts and a lost
    store among them, with ten processes over Redis and with one in memory.
    """
    from fraud_ops.features.parity_command import parity_command

    mesh = trained_mesh(var)
    parity_command(mesh, payments=payments, seed=seed, as_json=as_json, enforce=enforce)


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
    from fraud_ops.mesh.up import local_mesh

    rebuild_command(local_mesh(var), again=again, as_json=as_json)
