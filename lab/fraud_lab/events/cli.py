"""Commands about events: `fraud chaos events` and `fraud bench events`."""

from typing import Annotated

import typer

from fraud_ops.options import (
    Enforce,
    Json,
    OpenLoopRate,
    Rounds,
    Seed,
    Var,
    trained_mesh,
)

Server = Annotated[
    str,
    typer.Option(
        envvar="TEST_DATABASE_URL",
        help="A PostgreSQL server; a database of its own is made there, and dropped.",
    ),
]
LOCAL = "postgresql://postgres@127.0.0.1:5432/postgres"
EVERY_FAULT = "stopped,blocked,frozen,killed,unbound,consumers"


def chaos_events(
    faults: Annotated[str, typer.Option(help="Which, comma-separated.")] = EVERY_FAULT,
    seconds: Annotated[float, typer.Option(help="How long each fault lasts.")] = 60.0,
    rps: OpenLoopRate = 20.0,
    cuts: Annotated[
        int, typer.Option(help="Instead: cut so many connections before the confirm.")
    ] = 0,
    poison: Annotated[
        int, typer.Option(help="Instead: so many events, a hundredth of them poison.")
    ] = 0,
    selftest: Annotated[
        bool, typer.Option(help="Show that each check finds a planted bug.")
    ] = False,
    seed: Seed = 1,
    database_url: Server = LOCAL,
    as_json: Json = False,
    enforce: Enforce = False,
    var: Var = None,
) -> None:
    """Break a broker of its own under load: no event is lost, none is applied twice."""
    from fraud_lab.events import chaos

    asked = chaos.Asked(database_url, as_json, enforce)
    if selftest:
        chaos.chaos_selftest_command(asked)
    elif cuts:
        chaos.chaos_cuts_command(cuts, seed, asked)
    elif poison:
        chaos.chaos_poison_command(poison, seed, asked)
    else:
        plan = chaos.Plan(seconds, rps, chaos.named(faults), seed)
        chaos.chaos_events_command(trained_mesh(var), plan, asked)


def bench_events(
    messages: Annotated[int, typer.Option(help="How many events a round.")] = 5000,
    rounds: Rounds = 3,
    sweep: Annotated[
        bool, typer.Option(help="Instead: events per second by prefetch count.")
    ] = False,
    database_url: Server = LOCAL,
    as_json: Json = False,
    enforce: Enforce = False,
) -> None:
    """Outbox, RabbitMQ, consumer against the broker's client alone; the outbox's cost."""
    from fraud_lab.events.bench import bench_events_command
    from fraud_lab.events.chaos import Asked

    asked = Asked(database_url, as_json, enforce)
    bench_events_command(messages, rounds, sweep=sweep, asked=asked)
