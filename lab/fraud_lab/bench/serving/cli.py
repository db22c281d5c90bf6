"""The wiring of `fraud bench serving`."""

from pathlib import Path
from typing import Annotated

import typer

from fraud_ops.options import (
    Concurrency,
    Enforce,
    Json,
    PlotsFolder,
    Seconds,
    Var,
    trained_mesh,
)


def bench_serving(
    concurrency: Concurrency = 16,
    seconds: Seconds = 3.0,
    peers: Annotated[
        Path, typer.Option(help="The environment that `make peers` makes.")
    ] = Path("var/peers"),
    plots: PlotsFolder = None,
    as_json: Json = False,
    enforce: Enforce = False,
    var: Var = None,
) -> None:
    """Our engines against the libraries, /v1/predict against MLflow and BentoML."""
    from fraud_lab.bench.serving.command import bench_serving_command

    mesh = trained_mesh(var)
    bench_serving_command(
        mesh,
        peers=peers,
        concurrency=concurrency,
        seconds=seconds,
        plots_dir=plots,
        as_json=as_json,
        enforce=enforce,
    )
