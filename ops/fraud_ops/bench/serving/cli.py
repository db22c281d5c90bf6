"""The wiring of `fraud bench serving`."""

from pathlib import Path
from typing import Annotated

import typer

# Enough for every scenario, and a first bundle within a minute or two on two cores.
FIRST_BUNDLE = 120_000


def bench_serving(
    concurrency: Annotated[int, typer.Option(help="Callers of each server.")] = 16,
    seconds: Annotated[float, typer.Option(help="Of each server's five turns.")] = 3.0,
    peers: Annotated[
        Path, typer.Option(help="The environment that `make peers` makes.")
    ] = Path("var/peers"),
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
    """Our engines against the libraries, /v1/predict against MLflow and BentoML."""
    from fraud_ops.bench.serving.command import bench_serving_command
    from fraud_ops.mesh.up import local_mesh, train_if_empty

    mesh = local_mesh(var)
    train_if_empty(mesh, FIRST_BUNDLE)
    bench_serving_command(
        mesh,
        peers=peers,
        concurrency=concurrency,
        seconds=seconds,
        as_json=as_json,
        enforce=enforce,
    )
