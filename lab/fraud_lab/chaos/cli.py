"""Commands of `fraud chaos` that live beside what they run."""

from pathlib import Path
from typing import Annotated

import typer

from fraud_ops.options import Enforce, Json, OpenLoopRate, Seed, Var, trained_mesh

ResultsFolder = Annotated[
    Path | None, typer.Option(help="Folder whose table of results is updated.")
]


def swap(
    swaps: Annotated[int, typer.Option(help="How many promotions.")] = 50,
    rollbacks: Annotated[int, typer.Option(help="How many returns.")] = 10,
    rps: OpenLoopRate = 40.0,
    samples: Annotated[int, typer.Option(help="Answers computed again.")] = 1000,
    seed: Seed = 1,
    as_json: Json = False,
    enforce: Enforce = False,
    var: Var = None,
) -> None:
    """Promote and roll back models under load: nothing fails, answers fit their version."""
    from fraud_lab.chaos.swap import chaos_swap_command

    mesh = trained_mesh(var)
    chaos_swap_command(
        mesh,
        swaps=swaps,
        rollbacks=rollbacks,
        rps=rps,
        samples=samples,
        seed=seed,
        as_json=as_json,
        enforce=enforce,
    )


def fuzz(
    examples: Annotated[int, typer.Option(help="Requests made up an operation.")] = 20,
    seed: Seed = 1,
    into: ResultsFolder = None,
    as_json: Json = False,
    enforce: Enforce = False,
    var: Var = None,
) -> None:
    """Ask the gateway what its document allows and forbids: it answers as documented."""
    from fraud_lab.chaos.fuzz import chaos_fuzz_command

    mesh = trained_mesh(var)
    chaos_fuzz_command(
        mesh, examples=examples, seed=seed, into=into, as_json=as_json, enforce=enforce
    )


def rollback(
    rps: OpenLoopRate = 40.0,
    seed: Seed = 1,
    as_json: Json = False,
    enforce: Enforce = False,
    var: Var = None,
) -> None:
    """Promote versions that pass every gate and fail in use: each goes by itself."""
    from fraud_lab.chaos.rollback import chaos_rollback_command

    mesh = trained_mesh(var)
    chaos_rollback_command(mesh, rps=rps, seed=seed, as_json=as_json, enforce=enforce)


def run(
    row: Annotated[int | None, typer.Option(help="Which promise; else all.")] = None,
    runs: Annotated[int, typer.Option(help="How often each fault.", min=1)] = 3,
    rps: OpenLoopRate = 20.0,
    seed: Seed = 1,
    into: ResultsFolder = None,
    selftest: Annotated[
        bool, typer.Option(help="Show that each check finds a planted bug.")
    ] = False,
    as_json: Json = False,
    enforce: Enforce = False,
    var: Var = None,
) -> None:
    """Kill and freeze parts of the mesh under load, then check that nothing was lost."""
    from fraud_lab.chaos.suite.command import chaos_run_command, chaos_selftest_command

    if selftest:
        chaos_selftest_command(as_json=as_json, enforce=enforce)
        return
    mesh = trained_mesh(var)
    chaos_run_command(
        mesh,
        row=row,
        runs=runs,
        rps=rps,
        seed=seed,
        into=into,
        as_json=as_json,
        enforce=enforce,
    )


def overload(
    seconds: Annotated[float, typer.Option(help="How long each surge lasts.")] = 60.0,
    seed: Seed = 1,
    into: ResultsFolder = None,
    as_json: Json = False,
    enforce: Enforce = False,
    var: Var = None,
) -> None:
    """Offer two and five times what the mesh can decide: what it takes it decides well."""
    from fraud_lab.chaos.overload import chaos_overload_command

    mesh = trained_mesh(var)
    chaos_overload_command(
        mesh, seconds=seconds, seed=seed, into=into, as_json=as_json, enforce=enforce
    )


def audit(
    rows: Annotated[int, typer.Option(help="Rows of the log.", min=10)] = 1_000_000,
    edits: Annotated[int, typer.Option(help="Rows that are edited.", min=1)] = 1000,
    seed: Seed = 1,
    as_json: Json = False,
    enforce: Enforce = False,
) -> None:
    """Edit rows of a long audit log: verification names every one."""
    from fraud_lab.chaos.audit_edits import chaos_audit_command

    chaos_audit_command(
        rows=rows, edits=edits, seed=seed, as_json=as_json, enforce=enforce
    )


def flip(
    flips: Annotated[int, typer.Option(help="How many list updates.")] = 50,
    rps: OpenLoopRate = 50.0,
    entities: Annotated[int, typer.Option(help="Invented entities per list.")] = 1000,
    seed: Seed = 1,
    as_json: Json = False,
    enforce: Enforce = False,
) -> None:
    """Update two sanctions lists at once under load: every answer is from one version."""
    from fraud_lab.chaos.flip import chaos_flip_command

    chaos_flip_command(
        flips=flips,
        rps=rps,
        entities=entities,
        seed=seed,
        as_json=as_json,
        enforce=enforce,
    )
