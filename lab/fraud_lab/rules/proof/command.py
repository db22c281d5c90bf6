"""`fraud rules prove OLD NEW`: two rulesets, or two policies."""

from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import yaml
from rich.table import Table

from fraud_engines.policy.policy import DEFAULT_POLICY, Policy
from fraud_engines.policy.policy import load as load_policy
from fraud_engines.policy.policy_schema import DocumentError
from fraud_engines.rules.ruleset import Ruleset, RulesetError
from fraud_engines.rules.ruleset import load as load_ruleset
from fraud_features.definitions.registry import PAYMENT_FEATURES
from fraud_lab.rules.proof.prove import DifferentModels, Pair, Proof, policies, rulesets
from fraud_lab.rules.proof.relations import Relations, relations
from fraud_ops.figures import finish, gate, print_json, wide_console
from fraud_ops.running import CommandError

# What a policy decides besides the verdict: no question of milder or stricter.
NOT_PROVED = ("challenges", "confidence", "actions", "exemptions")
console = wide_console()


class ProofRefused(CommandError, ValueError):
    """The files are no pair that can be compared."""


def prove_command(
    old: Path, new: Path, *, policy: Path | None, as_json: bool, enforce: bool
) -> None:
    """Prove that no payment gets a milder verdict, or show the one that does."""
    now = datetime.now(UTC)
    first, second = read(old), read(new)
    found: Relations | None = None
    beside: list[str] = []
    if isinstance(first, Policy) and isinstance(second, Policy):
        try:
            pair = policies(first, second, now)
        except DifferentModels as error:
            raise ProofRefused(str(error)) from None
        beside = [
            name
            for name in NOT_PROVED
            if getattr(first.document, name) != getattr(second.document, name)
        ]
    elif isinstance(first, Ruleset) and isinstance(second, Ruleset):
        body = (policy or DEFAULT_POLICY).read_bytes()
        pair = rulesets(first, second, load_policy(body), now)
        found = relations(second, now)
    else:
        raise ProofRefused("give two rulesets or two policies")
    milder, stricter = pair.milder(), pair.milder(swapped=True)
    _show(milder, stricter, found, beside)
    other = _differing(pair, milder, stricter)
    finish(
        "rules prove",
        {
            "old": first.version,
            "new": second.version,
            "milder": milder.to_dict(),
            "stricter": stricter.to_dict(),
            "differing": None if other is None else other.to_dict(),
            "relations": None if found is None else found.to_dict(),
            "not_proved": beside,
        },
        [gate("no milder verdict", int(milder.outcome == "proved"), 1, "at_least")],
        n=2,
        seed=None,
        as_json=as_json,
        enforce=enforce,
    )


def read(file: Path) -> Ruleset | Policy:
    """The ruleset or the policy in a file. Raises ProofRefused."""
    body = file.read_bytes()
    try:
        document: Any = yaml.safe_load(body)
    except yaml.YAMLError:
        raise ProofRefused(f"{file.name}: no YAML") from None
    try:
        if isinstance(document, dict) and "models" in document:
            return load_policy(body)
        return load_ruleset(body, PAYMENT_FEATURES)
    except (RulesetError, DocumentError) as error:
        raise ProofRefused(f"{file.name}: {error}") from None


def _differing(pair: Pair, milder: Proof, stricter: Proof) -> Proof | None:
    """Where no verdict changes, whether the rules say anything else at all."""
    if milder.outcome != "proved" or stricter.outcome != "proved":
        return None
    if pair.abstract_rules:
        return None
    found = pair.differing()
    what = {
        "proved": "and the rules say the same of every payment",
        "witness": "but the rules say something else of some payments",
        "open": f"whether the rules say the same is open: {found.why}",
    }
    console.print(what[found.outcome])
    return found


_SAYS = {
    "proved": "[green]proved[/]: no payment",
    "witness": "[red]a payment[/], confirmed by the engine",
    "open": "[yellow]open[/]",
}


def _show(
    milder: Proof, stricter: Proof, found: Relations | None, beside: list[str]
) -> None:
    table = Table("question", "answer", "verdicts", "seconds")
    for question, proof in (
        ("a milder verdict?", milder),
        ("a stricter verdict?", stricter),
    ):
        verdicts = "" if proof.witness is None else f"{proof.old} to {proof.new}"
        answer = f"{_SAYS[proof.outcome]} {proof.why}"
        table.add_row(question, answer, verdicts, f"{proof.seconds:.2f}")
    console.print(table)
    if milder.witness is not None:
        console.print("the payment with a milder verdict:")
        print_json(milder.witness.shown())
    for name in milder.outside:
        console.print(f"outside the solver's language: {name}", markup=False)
    for name in beside:
        console.print(f"not compared: the section {name}, which moves no verdict")
    if found is None:
        return
    for ref in found.never_true:
        console.print(f"{ref} is never true")
    for ref in found.always_true:
        console.print(f"{ref} is always true")
    for a, b in found.implied:
        console.print(f"wherever {a} is true, {b} is")
    for a, b in found.equivalent:
        console.print(f"{a} and {b} are the same condition")
