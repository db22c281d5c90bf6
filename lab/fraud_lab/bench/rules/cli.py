"""The command `fraud bench rules`."""

from typing import Annotated

import typer

from fraud_ops.options import Enforce, Json, NewSeed, Payments


def bench_rules(
    payments: Payments = 100_000,
    rules: Annotated[int, typer.Option(help="Live rules.", min=1, max=900)] = 200,
    http: Annotated[
        bool, typer.Option(help="Ask the service too, beside an empty route.")
    ] = True,
    seed: NewSeed = 2026,
    as_json: Json = False,
    enforce: Enforce = False,
) -> None:
    """Time per payment of many live rules, per rule, and of a round trip to the service."""
    from fraud_lab.bench.rules.command import bench_rules_command

    bench_rules_command(
        payments=payments,
        rules=rules,
        http=http,
        seed=seed,
        as_json=as_json,
        enforce=enforce,
    )
