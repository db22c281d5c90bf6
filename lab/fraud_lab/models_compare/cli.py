"""The wiring of `fraud models compare`."""

from datetime import datetime
from pathlib import Path
from typing import Annotated

import typer

from fraud_ops.options import Json, PolicyFile, Seed, Var


def models_compare(
    since: Annotated[
        datetime | None, typer.Option(help="Only decisions made since then (UTC).")
    ] = None,
    maturity_days: Annotated[
        float, typer.Option(help="Days after which silence means legitimate.", min=0)
    ] = 30.0,
    policy: PolicyFile = None,
    picture: Annotated[
        Path | None, typer.Option(help="Default <var>/reports/models-compare.png.")
    ] = None,
    seed: Seed = 1,
    as_json: Json = False,
    var: Var = None,
) -> None:
    """Champion and challenger on recorded, labelled decisions.

    Average precision, card precision, and what the policy's verdicts would have cost with
    either model's score, with confidence intervals; and how far the two agree.
    """
    from datetime import UTC

    from fraud_lab.models_compare.command import compare_command
    from fraud_ops.mesh.environment import local_mesh

    compare_command(
        local_mesh(var),
        since=since.replace(tzinfo=UTC) if since else None,
        maturity_days=maturity_days,
        policy=policy,
        picture=picture,
        seed=seed,
        as_json=as_json,
    )
