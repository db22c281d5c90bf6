"""The `fraud` command: run, simulate, train, look, measure."""

import asyncio
from pathlib import Path
from typing import Annotated

import typer

from fraud_ops.bench.features_cli import bench_features
from fraud_ops.bench.screening_cli import bench_screening
from fraud_ops.bench.serving.cli import bench_serving
from fraud_ops.chaos.cli import flip as chaos_flip
from fraud_ops.chaos.cli import rollback as chaos_rollback
from fraud_ops.chaos.cli import swap as chaos_swap
from fraud_ops.deploy.cli import deploy_sizes
from fraud_ops.ending import ending
from fraud_ops.evaluate.cli import evaluate_handbook, evaluate_ulb
from fraud_ops.evaluate.screening_cli import screening, screening_pairs
from fraud_ops.features.cli import features_app
from fraud_ops.lists.cli import lists_app
from fraud_ops.models.cli import models_app
from fraud_ops.options import (
    FIRST_BUNDLE,
    Check,
    Enforce,
    Json,
    NewSeed,
    OpenLoopRate,
    PolicyFile,
    Var,
    trained_mesh,
)
from fraud_ops.replay.cli import replay_app
from fraud_ops.screen.cli import screen

app = typer.Typer(
    name="fraud",
    help="Run the fraud mesh, feed it, train it, measure it.",
    no_args_is_help=True,
    pretty_exceptions_show_locals=False,
)
app.add_typer(features_app, name="features")
app.add_typer(models_app, name="models")
app.add_typer(replay_app, name="replay")
app.add_typer(lists_app, name="lists")
keys_app = typer.Typer(help="API keys of payment systems and people.")
app.add_typer(keys_app, name="keys")

bench_app = typer.Typer(help="Measurements that anyone can run.")
app.add_typer(bench_app, name="bench")
bench_app.command("serving")(bench_serving)
bench_app.command("features")(bench_features)
bench_app.command("screening")(bench_screening)

evaluate_app = typer.Typer(help="Quality as a command.")
app.add_typer(evaluate_app, name="evaluate")
evaluate_app.command("handbook")(evaluate_handbook)
evaluate_app.command("ulb")(evaluate_ulb)
evaluate_app.command("screening")(screening)
evaluate_app.command("screening-pairs")(screening_pairs)
chaos_app = typer.Typer(help="Break the mesh on purpose, under load.")
app.add_typer(chaos_app, name="chaos")
chaos_app.command("swap")(chaos_swap)
chaos_app.command("rollback")(chaos_rollback)
chaos_app.command("flip")(chaos_flip)

Port = Annotated[int, typer.Option(help="The gateway's port; the others follow it.")]


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
    from fraud_ops.mesh.up import up as run_up
    from fraud_ops.mesh.up import up_in_process

    mesh = trained_mesh(var, port, payments)
    asyncio.run(up_in_process(mesh) if in_process else run_up(mesh))


@app.command()
def train(
    payments: Annotated[int, typer.Option(help="Simulated payments.")] = 300_000,
    seed: Annotated[int, typer.Option(help="Of the simulation and the training.")] = 1,
    registry: Annotated[
        str, typer.Option(help="Path or URL (default: the mesh's registry).")
    ] = "",
    var: Var = None,
) -> None:
    """Simulate, compute features, train the models, publish them signed."""
    from fraud_ops.figures import wide_console
    from fraud_ops.mesh.up import local_mesh
    from fraud_ops.train.command import train_command

    mesh = local_mesh(var)
    where = registry or mesh.registry
    train_command(payments, seed, where, var_dir=mesh.var, console=wide_console())


@bench_app.command("mesh")
def bench_mesh(
    rps: Annotated[
        float | None, typer.Option(help="Open loop at this rate; else closed loop.")
    ] = None,
    concurrency: Annotated[int, typer.Option(help="Callers in closed loop.")] = 16,
    seconds: Annotated[float, typer.Option(help="How long.")] = 15.0,
    reference: Annotated[
        bool, typer.Option(help="Measure the plain FastAPI + httpx version too.")
    ] = False,
    as_json: Json = False,
    enforce: Enforce = False,
    var: Var = None,
) -> None:
    """Latency and throughput of a fresh local mesh, with its models and empty stores."""
    from fraud_ops.bench.mesh import bench_mesh_command

    mesh = trained_mesh(var)
    bench_mesh_command(
        mesh,
        rps=rps,
        concurrency=concurrency,
        seconds=seconds,
        reference=reference,
        as_json=as_json,
        enforce=enforce,
    )


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


@evaluate_app.command("simulated")
def evaluate_simulated(
    payments: Annotated[int, typer.Option(help="Simulated payments.")] = 60_000,
    seed: NewSeed = 2026,
    policy: PolicyFile = None,
    as_json: Json = False,
    enforce: Enforce = False,
    var: Var = None,
) -> None:
    """Verdicts by scenario, offline, with the shipped rules, models and policy."""
    from fraud_ops.evaluate.simulated import evaluate_simulated_command

    mesh = trained_mesh(var)
    evaluate_simulated_command(
        mesh,
        payments=payments,
        seed=seed,
        policy=policy,
        as_json=as_json,
        enforce=enforce,
    )


@chaos_app.command("kill")
def chaos_kill(
    service: Annotated[str, typer.Option(help="Which model service.")] = "xgboost",
    rps: OpenLoopRate = 50.0,
    runs: Annotated[int, typer.Option(help="How many kills.")] = 3,
    seed: Annotated[int, typer.Option(help="Of the random offsets.")] = 1,
    as_json: Json = False,
    enforce: Enforce = False,
    var: Var = None,
) -> None:
    """kill -9 a model service under load: nothing fails, verdicts name what is missing."""
    from fraud_ops.chaos.kill import chaos_kill_command

    mesh = trained_mesh(var)
    chaos_kill_command(
        mesh,
        service=service,
        rps=rps,
        runs=runs,
        seed=seed,
        as_json=as_json,
        enforce=enforce,
    )


@app.command()
def demo(
    payments: Annotated[int, typer.Option(help="How many payments to stream.")] = 6000,
    seed: NewSeed = 2026,
    as_json: Json = False,
    enforce: Enforce = False,
    var: Var = None,
) -> None:
    """Start a mesh, stream payments of every scenario and their labels, show it all."""
    from fraud_ops.demo.command import demo_command

    mesh = trained_mesh(var)
    demo_command(mesh, payments=payments, seed=seed, as_json=as_json, enforce=enforce)


@keys_app.command("new")
def new_key(
    client: Annotated[str, typer.Option(help="Who will use the key.")],
    scopes: Annotated[str, typer.Option(help="Comma-separated.")] = "score,label,read",
) -> None:
    """Make an API key; prints the key once and the entry for FRAUD_API_KEYS."""
    from fraud_ops.keys import new_key_command

    new_key_command(client, scopes)


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


def main() -> None:
    """Entry point."""
    ending(app)
