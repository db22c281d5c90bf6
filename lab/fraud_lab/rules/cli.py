"""Options of `fraud rules`, `fraud decide` and the evaluations of rules and policies."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from fraud_ops.options import Enforce, Json, NewSeed, Payments

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
