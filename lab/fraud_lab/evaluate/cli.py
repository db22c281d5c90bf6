"""Options of `fraud evaluate handbook` and `fraud evaluate ulb`."""

from pathlib import Path
from typing import Annotated

import typer

from fraud_ops.options import Enforce, Json

Data = Annotated[Path, typer.Option(help="Folder with the files.", exists=True)]
Threads = Annotated[int, typer.Option(help="Threads of one trainer.")]


def evaluate_handbook(
    data: Data,
    plots: Annotated[Path | None, typer.Option(help="Folder for plots.")] = None,
    history_days: Annotated[
        int,
        typer.Option(help="A second protocol: train on so many days; 0 leaves out."),
    ] = 28,
    select: Annotated[
        bool, typer.Option(help="Only compare candidates on the validation folds.")
    ] = False,
    threads: Threads = 2,
    as_json: Json = False,
    enforce: Enforce = False,
) -> None:
    """The Fraud Detection Handbook's payments by its published protocol."""
    from fraud_lab.evaluate.handbook import evaluate_handbook_command, select_command

    if select:
        select_command(data, threads=threads)
        return
    evaluate_handbook_command(
        data,
        plots_dir=plots,
        history_days=history_days,
        threads=threads,
        as_json=as_json,
        enforce=enforce,
    )


def evaluate_ulb(
    data: Data,
    seed: Annotated[int, typer.Option(help="Of training and bootstrap.")] = 1,
    threads: Threads = 2,
    as_json: Json = False,
    enforce: Enforce = False,
) -> None:
    """Real card payments of two days in 2013: 30 inputs sent by the caller."""
    from fraud_lab.evaluate.ulb import evaluate_ulb_command

    evaluate_ulb_command(
        data, seed=seed, threads=threads, as_json=as_json, enforce=enforce
    )
