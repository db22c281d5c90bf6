"""Options of `fraud evaluate handbook` and `fraud evaluate ulb`."""

from typing import Annotated

import typer

from fraud_ops.options import DataFolder, Enforce, Json, PlotsFolder, Seed, Threads


def evaluate_handbook(
    data: DataFolder,
    plots: PlotsFolder = None,
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
    data: DataFolder,
    seed: Seed = 1,
    threads: Threads = 2,
    as_json: Json = False,
    enforce: Enforce = False,
) -> None:
    """Real card payments of two days in 2013: 30 inputs sent by the caller."""
    from fraud_lab.evaluate.ulb import evaluate_ulb_command

    evaluate_ulb_command(
        data, seed=seed, threads=threads, as_json=as_json, enforce=enforce
    )
