"""`fraud retrain`."""

from datetime import timedelta
from typing import Annotated

import typer

from fraud_ops.datasets.cli import Maturity, Records, Uri
from fraud_ops.options import Gateway, JsonOnly, PolicyFile, Registry, Seed, Var

Days = Annotated[float, typer.Option(help="Days between runs; 0 is never.", min=0)]


def retrain(
    data: Uri = "",
    version: Annotated[str, typer.Option(help="Of the dataset.")] = "newest",
    records: Records = None,
    maturity_days: Maturity = 30.0,
    watch: Annotated[
        bool, typer.Option("--watch", help="Stay, and retrain when it is due.")
    ] = False,
    every_days: Days = 7.0,
    new_frauds: Annotated[
        int, typer.Option(help="Retrain after so many new frauds; 0 is never.", min=0)
    ] = 200,
    drift: Annotated[
        float, typer.Option(help="Retrain at this PSI; 0 is never.", min=0)
    ] = 0.25,
    pause_hours: Annotated[
        float, typer.Option(help="The least time between two runs.", min=0)
    ] = 6.0,
    check_every_s: Annotated[
        float, typer.Option(help="How often to look whether it is due.", min=1)
    ] = 60.0,
    runs: Annotated[
        bool, typer.Option("--runs", help="Only list earlier runs.")
    ] = False,
    policy: PolicyFile = None,
    registry: Registry = "",
    gateway: Gateway = "",
    seed: Seed = 1,
    as_json: JsonOnly = False,
    var: Var = None,
) -> None:
    """From what was recorded to a judged challenger, promoted or kept with the reasons.

    Exports a data version (or takes one with --data), trains isolation forest, autoencoder,
    XGBoost and LightGBM on it, and promotes them only when the gate holds. Every run leaves
    a record in the registry. Exit status 0 whether promoted or not.
    """
    from fraud_ops.training_extra import require_training

    if not runs:
        require_training("fraud retrain")
    from fraud_ops.figures import print_json, wide_console
    from fraud_ops.models import context
    from fraud_ops.models.command import failing
    from fraud_ops.retrain import command
    from fraud_ops.retrain.trigger import Rule

    def run(console: object) -> None:
        place = context.opened(var, registry, writable=not runs)
        job = command.Job(
            place,
            data,
            version,
            records,
            timedelta(days=maturity_days),
            policy,
            gateway,
            seed,
            wide_console(),
        )
        if runs and as_json:
            found = [record.model_dump(mode="json") for record in job.runs.all()]
            print_json(found)
        elif runs:
            command.list_runs(job)
        elif watch:
            rule = Rule(
                timedelta(days=every_days) if every_days else None,
                new_frauds or None,
                drift or None,
                timedelta(hours=pause_hours),
            )
            command.watch(job, rule, timedelta(seconds=check_every_s))
        else:
            record = command.retrain_once(job)
            if as_json:
                print_json(record.model_dump(mode="json"))

    failing(run)
