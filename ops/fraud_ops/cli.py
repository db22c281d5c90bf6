"""The `fraud` command: what operators of a mesh need.

Other distributions add commands of their own through the entry point group
`fraud.commands`: a function that is given the application.
"""

import asyncio
import secrets
from functools import cache
from importlib.metadata import entry_points
from pathlib import Path
from typing import Annotated

import typer

from fraud_ops.audit.cli import audit_app
from fraud_ops.datasets.cli import dataset_app
from fraud_ops.deploy.cli import deploy_app, deploy_sizes
from fraud_ops.drift.cli import drift_app
from fraud_ops.features.cli import features_app
from fraud_ops.gateway.commands import add_commands
from fraud_ops.jobs.cli import worker
from fraud_ops.labels.cli import labels_app
from fraud_ops.lists.cli import lists_app
from fraud_ops.models.cli import models_app
from fraud_ops.options import (
    FIRST_BUNDLE,
    Check,
    Days,
    Payments,
    Registry,
    Seed,
    Var,
    trained_mesh,
)
from fraud_ops.profiles import profiles_app
from fraud_ops.retrain.cli import retrain
from fraud_ops.rules.cli import policy_app, rules_app
from fraud_ops.running import run_cli
from fraud_ops.screen.cli import screen
from fraud_ops.traces.cli import trace
from fraud_ops.users import users_app

app = typer.Typer(
    name="fraud",
    help="Run the fraud mesh, feed it, train it, look into it.",
    no_args_is_help=True,
    pretty_exceptions_show_locals=False,
)
app.add_typer(audit_app, name="audit")
app.add_typer(rules_app, name="rules")
app.add_typer(policy_app, name="policy")
app.add_typer(features_app, name="features")
app.add_typer(models_app, name="models")
app.add_typer(labels_app, name="labels")
app.add_typer(dataset_app, name="dataset")
app.add_typer(profiles_app, name="profiles")
app.add_typer(drift_app, name="drift")
app.add_typer(lists_app, name="lists")
app.add_typer(deploy_app, name="deploy")
app.add_typer(users_app, name="users")
keys_app = typer.Typer(help="API keys of payment systems and people.")
app.add_typer(keys_app, name="keys")


Port = Annotated[int, typer.Option(help="The gateway's port; the others follow it.")]


@app.command()
def up(
    in_process: Annotated[
        bool, typer.Option(help="All services in one process, without sockets.")
    ] = False,
    console: Annotated[
        bool, typer.Option(help="The console too, with a first sign-in.")
    ] = True,
    payments: Payments = FIRST_BUNDLE,
    var: Var = None,
    port: Port = 8000,
) -> None:
    """Start the whole mesh and the console, and print a request that works."""
    import uvloop

    from fraud_ops.mesh.up import up as run_up
    from fraud_ops.mesh.up import up_in_process

    mesh = trained_mesh(var, port, payments)
    sign_in = secrets.token_urlsafe(24) if console else ""
    if in_process:
        uvloop.run(up_in_process(mesh, sign_in=sign_in))
    else:
        asyncio.run(run_up(mesh, sign_in=sign_in))


@app.command()
def train(
    payments: Payments = 300_000,
    seed: Seed = 1,
    registry: Registry = "",
    data: Annotated[
        str, typer.Option(help="Dataset folder or URL instead; a file with --mapping.")
    ] = "",
    version: Annotated[str, typer.Option(help="Of the dataset.")] = "newest",
    mapping: Annotated[
        Path | None, typer.Option(help="YAML: what the columns of a file mean.")
    ] = None,
    var: Var = None,
    if_empty: Annotated[
        bool, typer.Option(help="Only where the registry has no champion yet.")
    ] = False,
) -> None:
    """Train the models and publish them signed: on a simulation, on recorded payments, or
    on a file of one's own."""
    from fraud_ops.training_extra import require_training

    require_training("fraud train")
    from fraud_ops.figures import wide_console
    from fraud_ops.mesh.environment import local_mesh
    from fraud_ops.mesh.first_models import has_models
    from fraud_ops.train.command import train_command

    mesh = local_mesh(var)
    where = registry or mesh.registry
    if data:
        from fraud_ops.train.from_data import train_recorded_command

        train_recorded_command(
            data,
            version,
            mapping,
            seed,
            where,
            var_dir=mesh.var,
            console=wide_console(),
        )
        return
    if if_empty and has_models(where, mesh.var):
        wide_console().print("The registry has models.")
        return
    train_command(payments, seed, where, var_dir=mesh.var, console=wide_console())


@app.command()
def simulate(
    payments: Payments = 10_000,
    seed: Seed = 1,
    days: Days = 90,
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
    tenant: Annotated[
        str, typer.Option(help="Whose accounts it shares; its own by default.")
    ] = "",
    tenants: Annotated[
        str,
        typer.Option(
            help="Comma-separated: what else it may read and label; * is all."
        ),
    ] = "",
) -> None:
    """Make an API key; prints the key once and the entry for FRAUD_API_KEYS."""
    from fraud_ops.keys import new_key_command

    new_key_command(client, scopes, tenant, tenants)


@app.command()
def schemas(
    check: Check = False,
) -> None:
    """Write JSON Schema, OpenAPI and the generated tables again."""
    from fraud_ops.schemas import schemas_command

    schemas_command(check)


@app.command("deploy-check")
def deploy_check() -> None:
    """Check compose file, Dockerfile and .env.example against schemas and code."""
    from fraud_ops.deploy_check import deploy_check_command

    deploy_check_command()


app.command("deploy-sizes")(deploy_sizes)
app.command("screen")(screen)
app.command("retrain")(retrain)
app.command("worker")(worker)
app.command("trace")(trace)


@cache
def complete() -> typer.Typer:
    """The application with the commands of every distribution that adds some."""
    add_commands(app)
    for plugin in sorted(entry_points(group="fraud.commands"), key=lambda p: p.name):
        plugin.load()(app)
    return app


def main() -> None:
    """Entry point."""
    run_cli(complete())
