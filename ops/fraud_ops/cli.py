"""The `fraud` command: run, simulate, train, look, measure."""

import asyncio
from pathlib import Path
from typing import Annotated

import typer

app = typer.Typer(
    name="fraud",
    help="Run the fraud mesh, feed it, train it, measure it.",
    no_args_is_help=True,
    pretty_exceptions_show_locals=False,
)
keys_app = typer.Typer(help="API keys of payment systems and people.")
app.add_typer(keys_app, name="keys")

Var = Annotated[
    Path | None, typer.Option(help="Folder for data, keys, logs (default ./var).")
]
Port = Annotated[int, typer.Option(help="The gateway's port; the others follow it.")]
# Enough for every scenario, and a first bundle within a minute or two on two cores.
FIRST_BUNDLE = 120_000


@app.command()
def up(
    in_process: Annotated[
        bool, typer.Option(help="All services in one process, without sockets.")
    ] = False,
    payments: Annotated[
        int, typer.Option(help="Simulated payments for the first models.")
    ] = FIRST_BUNDLE,
    var: Var = None,
    port: Port = 8000,
) -> None:
    """Start the whole mesh and print a request that works."""
    from fraud_ops.mesh.up import (
        local_mesh,
        train_if_empty,
        up_in_process,
    )
    from fraud_ops.mesh.up import up as run_up

    mesh = local_mesh(var, port)
    train_if_empty(mesh, payments, _train_bundle)
    asyncio.run(up_in_process(mesh) if in_process else run_up(mesh))


def _train_bundle(payments: int, registry: str) -> object:
    from fraud_ops.train.command import train_command

    return train_command(payments=payments, seed=1, registry=registry)


@app.command()
def simulate(
    payments: Annotated[int, typer.Option(help="How many payments.")] = 10_000,
    seed: Annotated[int, typer.Option(help="The same seed gives the same bytes.")] = 1,
    days: Annotated[int, typer.Option(help="Over how many days.")] = 90,
    out: Annotated[Path | None, typer.Option(help="JSON lines of payments.")] = None,
    labels: Annotated[Path | None, typer.Option(help="JSON lines of labels.")] = None,
    summary: Annotated[bool, typer.Option(help="Only a table by scenario.")] = False,
) -> None:
    """Write a seeded stream of realistic payments and their later labels."""
    from fraud_ops.simulate.cli import simulate_command

    simulate_command(payments, seed, days, out, labels, summary)


@keys_app.command("new")
def new_key(
    client: Annotated[str, typer.Option(help="Who will use the key.")],
    scopes: Annotated[str, typer.Option(help="Comma-separated.")] = "score,label,read",
) -> None:
    """Make an API key; prints the key once and the entry for FRAUD_API_KEYS."""
    from fraud_ops.keys import new_key_command

    new_key_command(client, scopes)


def main() -> None:
    """Entry point."""
    app()
