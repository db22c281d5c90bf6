"""The laboratory's commands, added to `fraud` where this distribution is installed."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from fraud_lab.bench.features.cli import bench_features
from fraud_lab.bench.rules.cli import bench_rules
from fraud_lab.bench.screening.cli import bench_screening
from fraud_lab.bench.serving.cli import bench_serving
from fraud_lab.chaos.cli import audit as chaos_audit
from fraud_lab.chaos.cli import flip as chaos_flip
from fraud_lab.chaos.cli import fuzz as chaos_fuzz
from fraud_lab.chaos.cli import overload as chaos_overload
from fraud_lab.chaos.cli import rollback as chaos_rollback
from fraud_lab.chaos.cli import run as chaos_run
from fraud_lab.chaos.cli import swap as chaos_swap
from fraud_lab.evaluate.cli import evaluate_handbook, evaluate_ulb
from fraud_lab.evaluate.screening.cli import screening, screening_pairs
from fraud_lab.events.cli import bench_events, chaos_events
from fraud_lab.models_compare.cli import models_compare
from fraud_lab.parity.cli import parity
from fraud_lab.replay.cli import replay_app
from fraud_lab.rules.cli import (
    decide_app,
    evaluate_columns,
    evaluate_monotone,
    evaluate_proofs,
    evaluate_system,
)
from fraud_lab.screenshots.cli import console_app
from fraud_ops.features.cli import features_app
from fraud_ops.jobs.cli import TRADES
from fraud_ops.models.cli import models_app
from fraud_ops.options import (
    Enforce,
    Json,
    NewSeed,
    OpenLoopRate,
    Payments,
    PolicyFile,
    Rounds,
    Seconds,
    Seed,
    Var,
    trained_mesh,
)

if TYPE_CHECKING:
    from fraud_ops.jobs.worker import Handler
    from fraud_ops.mesh.environment import LocalMesh

bench_app = typer.Typer(help="Measurements that anyone can run.")
bench_app.command("serving")(bench_serving)
bench_app.command("features")(bench_features)
bench_app.command("screening")(bench_screening)
bench_app.command("rules")(bench_rules)
bench_app.command("events")(bench_events)

demo_app = typer.Typer(help="Watch the mesh decide, and learn.")

evaluate_app = typer.Typer(help="Quality as a command.")
evaluate_app.command("handbook")(evaluate_handbook)
evaluate_app.command("ulb")(evaluate_ulb)
evaluate_app.command("columns")(evaluate_columns)
evaluate_app.command("monotone")(evaluate_monotone)
evaluate_app.command("system")(evaluate_system)
evaluate_app.command("proofs")(evaluate_proofs)
evaluate_app.command("screening")(screening)
evaluate_app.command("screening-pairs")(screening_pairs)

chaos_app = typer.Typer(help="Break the mesh on purpose, under load.")
chaos_app.command("swap")(chaos_swap)
chaos_app.command("rollback")(chaos_rollback)
chaos_app.command("flip")(chaos_flip)
chaos_app.command("fuzz")(chaos_fuzz)
chaos_app.command("overload")(chaos_overload)
chaos_app.command("run")(chaos_run)
chaos_app.command("audit")(chaos_audit)
chaos_app.command("events")(chaos_events)


def _studies(mesh: "LocalMesh", _: str) -> "dict[str, Handler]":
    from fraud_lab.rules.studies import handlers

    return handlers(mesh)


TRADES["studies"] = _studies


def register(app: typer.Typer) -> None:
    """Add the laboratory's commands to the `fraud` command."""
    app.add_typer(bench_app, name="bench")
    app.add_typer(evaluate_app, name="evaluate")
    app.add_typer(chaos_app, name="chaos")
    app.add_typer(replay_app, name="replay")
    app.add_typer(demo_app, name="demo")
    app.add_typer(decide_app, name="decide")
    app.add_typer(console_app, name="console")
    features_app.command("parity")(parity)
    models_app.command("compare")(models_compare)


@bench_app.command("mesh")
def bench_mesh(
    seconds: Seconds = 3.0,
    rounds: Rounds = 3,
    seed: NewSeed = 77,
    against: Annotated[
        Path | None,
        typer.Option(help="Another checkout, with its own .venv and models in var."),
    ] = None,
    as_json: Json = False,
    enforce: Enforce = False,
    var: Var = None,
) -> None:
    """The mesh beside its floor, its one-process shape and a plain FastAPI + httpx mesh."""
    from fraud_lab.bench.mesh import bench_mesh_command

    bench_mesh_command(
        trained_mesh(var),
        seconds=seconds,
        number=rounds,
        seed=seed,
        against=against,
        as_json=as_json,
        enforce=enforce,
    )


@evaluate_app.command("simulated")
def evaluate_simulated(
    payments: Payments = 60_000,
    seed: NewSeed = 2026,
    policy: PolicyFile = None,
    as_json: Json = False,
    enforce: Enforce = False,
    var: Var = None,
) -> None:
    """Verdicts by scenario, offline, with the shipped rules, models and policy."""
    from fraud_lab.evaluate.simulated import evaluate_simulated_command

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
    seed: Seed = 1,
    as_json: Json = False,
    enforce: Enforce = False,
    var: Var = None,
) -> None:
    """kill -9 a model service under load: nothing fails, verdicts name what is missing."""
    from fraud_lab.chaos.kill import chaos_kill_command

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


@demo_app.callback(invoke_without_command=True)
def demo(
    context: typer.Context,
    payments: Payments = 6000,
    seed: NewSeed = 2026,
    as_json: Json = False,
    enforce: Enforce = False,
    keep: Annotated[
        bool, typer.Option(help="Leave it running with the console, until Ctrl-C.")
    ] = False,
    var: Var = None,
) -> None:
    """Start a mesh, stream payments of every scenario and their labels, show it all."""
    if context.invoked_subcommand is not None:
        return
    from fraud_lab.demo.command import demo_command

    mesh = trained_mesh(var)
    demo_command(
        mesh, payments=payments, seed=seed, as_json=as_json, enforce=enforce, keep=keep
    )


@demo_app.command("learning")
def demo_learning(
    payments: Payments = 72_000,
    seed: NewSeed = 7,
    as_json: Json = False,
    enforce: Enforce = False,
    var: Var = None,
) -> None:
    """A quarter in which a new fraud begins on day 40: it is learned without a person.

    Labels come late, retraining starts itself, the gate promotes, a scorer swaps under
    traffic; flipped labels and a leaking feature are refused.
    """
    from fraud_lab.demo.learning.command import learning_command
    from fraud_ops.mesh.environment import local_mesh

    learning_command(
        local_mesh(var), payments=payments, seed=seed, as_json=as_json, enforce=enforce
    )
