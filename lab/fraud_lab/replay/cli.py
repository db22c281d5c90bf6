"""`fraud replay`: recorded payments through the running mesh."""

from datetime import datetime
from pathlib import Path
from typing import Annotated

import typer

from fraud_ops.options import (
    DataFolder,
    Days,
    Enforce,
    Json,
    NewSeed,
    Payments,
    Registry,
    Var,
    trained_mesh,
)

replay_app = typer.Typer(help="Recorded payments through the running mesh.")


# Of an instant on the command line; without a zone it is UTC.
_INSTANTS = ["%Y-%m-%d", "%Y-%m-%dT%H:%M:%S", "%Y-%m-%dT%H:%M:%S%z"]


@replay_app.command("period")
def replay_period(
    since: Annotated[
        datetime | None,
        typer.Option("--from", formats=_INSTANTS, help="Decided then or later."),
    ] = None,
    until: Annotated[
        datetime | None, typer.Option("--to", formats=_INSTANTS, help="Decided before.")
    ] = None,
    ruleset: Annotated[
        Path | None, typer.Option(help="Another ruleset decides.", exists=True)
    ] = None,
    policy: Annotated[
        Path | None, typer.Option(help="Another policy decides.", exists=True)
    ] = None,
    bundle: Annotated[
        str | None, typer.Option(help="The models of another bundle score.")
    ] = None,
    registry: Registry = "",
    processes: Annotated[
        int | None, typer.Option(help="At once (default: one a core).", min=1)
    ] = None,
    as_json: Json = False,
    enforce: Enforce = False,
    var: Var = None,
) -> None:
    """A recorded period through models, rules and policy again: is every verdict the same?

    Each with the versions that decided, bit for bit; or with another ruleset, policy or
    bundle, to see what it would have changed. What the online store said, and who was
    screened, is taken from the record.
    """
    from fraud_lab.replay.period.command import Period, replay_period_command, utc
    from fraud_ops.mesh.environment import local_mesh

    replay_period_command(
        local_mesh(var),
        Period(utc(since), utc(until)),
        registry=registry,
        ruleset=ruleset,
        policy=policy,
        bundle=bundle,
        processes=processes,
        as_json=as_json,
        enforce=enforce,
    )


@replay_app.callback()
def replay() -> None:
    """Recorded payments through the running mesh."""


@replay_app.command("handbook")
def handbook(
    data: DataFolder,
    days: Days = 7,
    start: Annotated[
        datetime,
        typer.Option("--from", formats=["%Y-%m-%d"], help="The first of them."),
    ] = datetime(2018, 8, 8),  # noqa: DTZ001
    history_days: Annotated[
        int, typer.Option(help="Days before, loaded into the online store.")
    ] = 40,
    shipped: Annotated[
        bool, typer.Option("--shipped-models", help="Do not train on the days before.")
    ] = False,
    out: Annotated[
        Path | None, typer.Option(help="Folder for the plot (default VAR/reports).")
    ] = None,
    as_json: Json = False,
    enforce: Enforce = False,
    var: Var = None,
) -> None:
    """Card payments of a published simulator through a fresh local mesh, over HTTP.

    `--data`: the Fraud Detection Handbook's `transactions_*.parquet`. In order of event time, each fraud reported when its week is over. The models are
    trained on the days before.
    """
    from fraud_lab.replay.command import replay_handbook_command

    mesh = trained_mesh(var)
    replay_handbook_command(
        mesh,
        data=data,
        start=start.date(),
        days=days,
        history_days=history_days,
        trained=not shipped,
        out=out or mesh.var / "reports",
        as_json=as_json,
        enforce=enforce,
    )


@replay_app.command("decisions")
def decisions(
    file: Annotated[
        Path, typer.Argument(help="The recording; packed if it ends in .gz.")
    ],
    record: Annotated[
        bool, typer.Option("--record", help="Write the file with today's code.")
    ] = False,
    payments: Payments = 10_000,
    seed: NewSeed = 2027,
    registry: Registry = "",
    as_json: Json = False,
    enforce: Enforce = False,
    var: Var = None,
) -> None:
    """Recorded payments and labels through one process again: does any reply differ?

    Every byte is compared, except ids that are random and times that are measured. The
    registry must be that of the recording.
    """
    from fraud_lab.replay.decisions import decisions_command

    decisions_command(
        file,
        record=record,
        payments=payments,
        seed=seed,
        registry=registry,
        var=var,
        as_json=as_json,
        enforce=enforce,
    )
