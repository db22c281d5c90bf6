"""Options of `fraud rules`, `fraud decide` and the evaluations of rules and policies."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from fraud_ops.options import (
    Enforce,
    Json,
    NewSeed,
    Payments,
    PlotsFolder,
    PolicyFile,
    Seed,
    Var,
    trained_mesh,
)
from fraud_ops.rules.cli import rules_app

if TYPE_CHECKING:
    from fraud_engines.policy.policy import Policy
    from fraud_engines.rules.ruleset import Ruleset

RulesetFile = Annotated[
    Path | None, typer.Option(help="A ruleset file (default: the shipped one).")
]


On = Annotated[
    str,
    typer.Option(
        help="`simulated`, `log` (the mesh's own), or a file of recorded decisions."
    ),
]

decide_app = typer.Typer(help="Policies on history.")


@decide_app.callback()
def decide() -> None:
    """Policies on history."""


def loaded(file: Path | None) -> "Ruleset":
    """The ruleset of a file, or the shipped one."""
    from fraud_engines.rules.ruleset import DEFAULT_RULESET, load
    from fraud_features.definitions.registry import PAYMENT_FEATURES

    return load((file or DEFAULT_RULESET).read_bytes(), PAYMENT_FEATURES)


def evaluate_columns(
    payments: Payments = 100_000,
    ruleset: RulesetFile = None,
    seed: NewSeed = 2026,
    as_json: Json = False,
    enforce: Enforce = False,
) -> None:
    """Rules evaluated in bulk say what the online engine says, payment by payment."""
    from fraud_lab.rules.agreement import columns_command

    columns_command(
        loaded(ruleset), payments=payments, seed=seed, as_json=as_json, enforce=enforce
    )


def ruling(file: Path | None) -> "Policy":
    """The policy of a file, or the shipped one."""
    from fraud_engines.policy.policy import DEFAULT_POLICY, load

    return load((file or DEFAULT_POLICY).read_bytes())


@rules_app.command("backtest")
def backtest(
    ruleset: Annotated[Path, typer.Argument(help="A ruleset file.", exists=True)],
    on: On = "simulated",
    payments: Payments = 100_000,
    policy: PolicyFile = None,
    plots: PlotsFolder = None,
    seed: NewSeed = 2026,
    as_json: Json = False,
    enforce: Enforce = False,
    var: Var = None,
) -> None:
    """What a ruleset would have done: every rule by itself, and the verdicts it changes.

    On a simulated month the shipped rules decided before. A file holds a JSON object a
    line: `made`, a decision as the log keeps it, and `fraud`, true, false or null.
    """
    from fraud_lab.rules.backtest_command import backtest_command

    mesh = trained_mesh(var)
    backtest_command(
        loaded(ruleset),
        mesh=mesh,
        on=on,
        shipped=loaded(None),
        policy=ruling(policy),
        payments=payments,
        seed=seed,
        pictures=plots or mesh.var / "reports",
        as_json=as_json,
        enforce=enforce,
    )


@rules_app.command("prove")
def prove(
    old: Annotated[Path, typer.Argument(help="A ruleset or a policy.", exists=True)],
    new: Annotated[Path, typer.Argument(help="Its next version.", exists=True)],
    policy: PolicyFile = None,
    as_json: Json = False,
    enforce: Enforce = False,
) -> None:
    """No payment gets a milder verdict: proved, or shown the payment that does.

    Rulesets are compared under `--policy`, policies under whatever rules may say. Of the
    new ruleset also: rules that are never or always true, implied by others, the same.
    """
    from fraud_lab.rules.proof.command import prove_command

    prove_command(old, new, policy=policy, as_json=as_json, enforce=enforce)


@rules_app.command("suggest")
def suggest(
    on: On = "simulated",
    payments: Payments = 100_000,
    ruleset: RulesetFile = None,
    policy: PolicyFile = None,
    most: Annotated[int, typer.Option(help="How many rules at most.")] = 8,
    out: Annotated[Path | None, typer.Option(help="File for drafts in YAML.")] = None,
    seed: NewSeed = 2026,
    as_json: Json = False,
    var: Var = None,
) -> None:
    """Short rules that labelled history asks for, measured on the time after it."""
    from fraud_lab.rules.suggest_command import suggest_command

    suggest_command(
        loaded(ruleset),
        mesh=trained_mesh(var),
        on=on,
        policy=ruling(policy),
        payments=payments,
        seed=seed,
        most=most,
        out=out,
        as_json=as_json,
    )


@decide_app.command("what-if")
def what_if(
    policy: Annotated[Path, typer.Option(help="The policy to try.", exists=True)],
    on: On = "simulated",
    payments: Payments = 100_000,
    ruleset: RulesetFile = None,
    hours: Annotated[
        float | None, typer.Option(help="Reviewers' hours a day: thresholds that fit.")
    ] = None,
    minutes: Annotated[
        float, typer.Option(help="A person's minutes for one challenge.")
    ] = 6.0,
    payments_per_day: Annotated[
        float | None, typer.Option(help="In earnest (default: as in the history).")
    ] = None,
    plots: PlotsFolder = None,
    seed: NewSeed = 2026,
    as_json: Json = False,
    var: Var = None,
) -> None:
    """What another policy would have changed, in verdicts, money and friction.

    With it the thresholds of risk that money, or reviewers' hours, ask for.
    """
    from fraud_lab.rules.what_if_command import what_if_command

    mesh = trained_mesh(var)
    what_if_command(
        ruling(policy),
        mesh=mesh,
        on=on,
        rules=loaded(ruleset),
        old=ruling(None),
        payments=payments,
        seed=seed,
        hours=hours,
        minutes=minutes,
        payments_per_day=payments_per_day,
        pictures=plots or mesh.var / "reports",
        as_json=as_json,
    )


def evaluate_proofs(
    mutations: Annotated[
        int, typer.Option(help="Changes of the shipped ruleset and policy.")
    ] = 1_000,
    seed: Seed = 1,
    as_json: Json = False,
    enforce: Enforce = False,
) -> None:
    """Seeded changes of rules and policy: each found by a proof, none found falsely."""
    from fraud_lab.rules.proof.evidence import proofs_command

    proofs_command(mutations=mutations, seed=seed, as_json=as_json, enforce=enforce)


def evaluate_monotone(
    cases: Annotated[int, typer.Option(help="Pairs of payments.")] = 100_000,
    policy: PolicyFile = None,
    seed: Seed = 1,
    as_json: Json = False,
    enforce: Enforce = False,
) -> None:
    """Worse evidence, or less of it, never gets a milder verdict: drawn, and proved."""
    from fraud_lab.rules.monotone import monotone_command

    monotone_command(
        ruling(policy), cases=cases, seed=seed, as_json=as_json, enforce=enforce
    )


def evaluate_system(
    payments: Payments = 100_000,
    ruleset: RulesetFile = None,
    policy: PolicyFile = None,
    oracle: Annotated[
        bool,
        typer.Option(help="Also a learner that knows the truth: what can be seen."),
    ] = True,
    seed: NewSeed = 2026,
    as_json: Json = False,
    enforce: Enforce = False,
    var: Var = None,
) -> None:
    """The full system against models alone and rules alone, on a month never trained on."""
    from fraud_lab.rules.system_command import system_command

    system_command(
        trained_mesh(var),
        rules=loaded(ruleset),
        policy=ruling(policy),
        payments=payments,
        seed=seed,
        oracle=oracle,
        as_json=as_json,
        enforce=enforce,
    )
