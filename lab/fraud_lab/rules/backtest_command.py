"""`fraud rules backtest`: evaluate, measure, show, draw."""

import asyncio
from collections.abc import Sequence
from pathlib import Path
from time import perf_counter
from typing import Any

from rich.progress import Progress
from rich.table import Table

from fraud_engines.policy.policy import Policy
from fraud_engines.rules.ruleset import Ruleset
from fraud_lab.rules import plots
from fraud_lab.rules.backtest import Changes, RuleFigures, by_rule, changes
from fraud_lab.rules.history import (
    History,
    apply,
    from_file,
    from_log,
    recorded,
    simulated,
)
from fraud_lab.rules.intervals import Accounts, shown
from fraud_lab.rules.month import month
from fraud_ops.figures import finish, gate, wide_console
from fraud_ops.mesh.environment import LocalMesh

# What must be evaluated and measured in a minute on two cores.
PER_MINUTE = 1_000_000
console = wide_console()


def backtest_command(
    ruleset: Ruleset,
    *,
    mesh: LocalMesh,
    on: str,
    shipped: Ruleset,
    policy: Policy,
    payments: int,
    seed: int,
    pictures: Path,
    as_json: bool,
    enforce: bool,
) -> None:
    """Measure a ruleset on history and show it."""
    history = history_of(mesh, on, shipped, policy, payments=payments, seed=seed)
    began = perf_counter()
    with Progress(console=console) as progress:
        task = progress.add_task("rules", total=len(history))
        applied = apply(
            ruleset, history.frame, lambda n: progress.update(task, completed=n)
        )
    accounts = Accounts.of(history.frame["account_id"].to_numpy(), seed)
    rules = by_rule(history, applied, accounts)
    verdicts = history.given.with_rules(applied.counted()).verdicts(policy.document)
    found = changes(history, verdicts, accounts)
    seconds = perf_counter() - began
    show_rules(rules)
    show_changes(found, history)
    for source in applied.asked_singly:
        console.print(f"without columns, payment by payment: {source}", markup=False)
    files = plots.draw_backtest(rules, history, found, pictures)
    console.print(f"pictures: {', '.join(map(str, files))}")
    rate = round(len(history) / seconds * 60)
    finish(
        "rules backtest",
        {
            "ruleset": ruleset.version,
            "policy": policy.version,
            "on": history.what,
            "days": round(history.days, 1),
            "seconds": round(seconds, 2),
            "rules": [one.to_dict() for one in rules],
            "verdicts": found.table,
            "figures": found.figures,
            "asked_singly": list(applied.asked_singly),
        },
        [gate("payments a minute", rate, PER_MINUTE, "at_least")],
        n=len(history),
        seed=history.seed,
        as_json=as_json,
        enforce=enforce,
    )


def history_of(
    mesh: LocalMesh,
    on: str,
    ruleset: Ruleset,
    policy: Policy,
    *,
    payments: int,
    seed: int,
) -> History:
    """A simulated month, the mesh's decision log, or a file. Raises NoHistory."""
    if on == "simulated":
        with Progress(console=console) as progress:
            tasks: dict[str, Any] = {}

            def report(stage: str, done: int) -> None:
                if stage not in tasks:
                    tasks[stage] = progress.add_task(stage, total=2 * payments)
                progress.update(tasks[stage], completed=done)

            made = month(mesh, payments=payments, seed=seed, progress=report)
        return simulated(made, ruleset, policy.document)
    if on == "log":
        return recorded(asyncio.run(from_log(mesh)), policy.document, "the log")
    return recorded(from_file(Path(on)), policy.document, Path(on).name)


def show_rules(rules: Sequence[RuleFigures]) -> None:
    """A table of every rule that hit."""
    table = Table(
        "rule", "hits", "alone", "most with", "precision", "recall",
        "fraud money", "good accounts", "errors",
        title="Rules by themselves; (s) is shadow, as if it acted",
    )  # fmt: skip
    for one in sorted(rules, key=lambda r: -r.money["value"]):
        if not one.hits and not one.errors:
            continue
        table.add_row(
            one.rule + (" (s)" if one.state == "shadow" else ""),
            f"{one.hits:,}",
            f"{one.alone:,}",
            "-" if one.with_ is None else f"{one.with_[0]} {one.with_[1]}",
            shown(one.precision, form=".0%"),
            shown(one.recall, form=".1%"),
            shown(one.money, scale=0.01, form=",.0f"),
            f"{one.disturbed:,}",
            f"{one.errors:,}",
        )
    console.print(table)


def show_changes(found: Changes, history: History) -> None:
    """Verdicts that change, and what that does."""
    table = Table("verdict", "payments", "fraud", "good", "no outcome")
    for name, row in found.table.items():
        table.add_row(name, *(f"{row[k]:,}" for k in row))
    console.print(table if found.table else "no verdict changes")
    both = Table("", "before", "after")
    old, new = found.figures["old"], found.figures["new"]
    for name in old:
        both.add_row(name.replace("_", " "), shown(old[name]), shown(new[name]))
    console.print(both)
    blind = found.figures["declined_without_outcome"]
    if blind:
        console.print(
            f"{blind:,} declined payments have no outcome and never will: there is no "
            "control group that was let through. Of them nothing is counted, so precision "
            "and recall are those among payments whose outcome is known."
        )
