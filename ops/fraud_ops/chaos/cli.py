"""Commands of `fraud chaos` that live beside what they run."""

from pathlib import Path
from typing import Annotated

import typer


def swap(
    swaps: Annotated[int, typer.Option(help="How many promotions.")] = 50,
    rollbacks: Annotated[int, typer.Option(help="How many returns.")] = 10,
    rps: Annotated[float, typer.Option(help="Open-loop rate.")] = 40.0,
    samples: Annotated[int, typer.Option(help="Answers computed again.")] = 1000,
    seed: Annotated[int, typer.Option(help="Of payments, orders and samples.")] = 1,
    as_json: Annotated[
        bool, typer.Option("--json", help="Print one JSON object as the last line.")
    ] = False,
    enforce: Annotated[
        bool, typer.Option("--gate", help="Exit 1 when a gate does not hold.")
    ] = False,
    var: Annotated[
        Path | None, typer.Option(help="Folder for data, keys, logs (default ./var).")
    ] = None,
) -> None:
    """Promote and roll back models under load: nothing fails, answers fit their version."""
    from fraud_ops.chaos.swap import chaos_swap_command
    from fraud_ops.cli import FIRST_BUNDLE
    from fraud_ops.mesh.up import local_mesh, train_if_empty

    mesh = local_mesh(var)
    train_if_empty(mesh, FIRST_BUNDLE)
    chaos_swap_command(
        mesh,
        swaps=swaps,
        rollbacks=rollbacks,
        rps=rps,
        samples=samples,
        seed=seed,
        as_json=as_json,
        enforce=enforce,
    )


def rollback(
    rps: Annotated[float, typer.Option(help="Open-loop rate.")] = 40.0,
    seed: Annotated[int, typer.Option(help="Of the payments.")] = 1,
    as_json: Annotated[
        bool, typer.Option("--json", help="Print one JSON object as the last line.")
    ] = False,
    enforce: Annotated[
        bool, typer.Option("--gate", help="Exit 1 when a gate does not hold.")
    ] = False,
    var: Annotated[
        Path | None, typer.Option(help="Folder for data, keys, logs (default ./var).")
    ] = None,
) -> None:
    """Promote versions that pass every gate and fail in use: each goes by itself."""
    from fraud_ops.chaos.rollback import chaos_rollback_command
    from fraud_ops.cli import FIRST_BUNDLE
    from fraud_ops.mesh.up import local_mesh, train_if_empty

    mesh = local_mesh(var)
    train_if_empty(mesh, FIRST_BUNDLE)
    chaos_rollback_command(mesh, rps=rps, seed=seed, as_json=as_json, enforce=enforce)


def flip(
    flips: Annotated[int, typer.Option(help="How many list updates.")] = 50,
    rps: Annotated[float, typer.Option(help="Open-loop rate.")] = 50.0,
    entities: Annotated[int, typer.Option(help="Invented entities per list.")] = 1000,
    seed: Annotated[int, typer.Option(help="Of the invented names.")] = 1,
    as_json: Annotated[
        bool, typer.Option("--json", help="Print one JSON object as the last line.")
    ] = False,
    enforce: Annotated[
        bool, typer.Option("--gate", help="Exit 1 when a gate does not hold.")
    ] = False,
) -> None:
    """Update two sanctions lists at once under load: every answer is from one version."""
    from fraud_ops.chaos.flip import chaos_flip_command

    chaos_flip_command(
        flips=flips,
        rps=rps,
        entities=entities,
        seed=seed,
        as_json=as_json,
        enforce=enforce,
    )
