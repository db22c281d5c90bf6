"""Options of `fraud rules`, `fraud decide` and the evaluations of rules and policies."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from fraud_ops.options import Enforce, Json, NewSeed, Payments, PolicyFile, Seed
from fraud_ops.rules.cli import rules_app

if TYPE_CHECKING:
    from fraud_engines.rules.ruleset import Ruleset

RulesetFile = Annotated[
    Path | None, typer.Option(help="A ruleset file (default: the shipped one).")
]


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
