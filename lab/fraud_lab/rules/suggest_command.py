"""`fraud rules suggest`: search, show, write drafts."""

from pathlib import Path

from rich.table import Table

from fraud_engines.policy.policy import Policy
from fraud_engines.rules.ruleset import Ruleset
from fraud_lab.rules.backtest_command import history_of
from fraud_lab.rules.intervals import shown
from fraud_lab.rules.suggest import as_rules, suggest
from fraud_ops.figures import finish, wide_console
from fraud_ops.mesh.environment import LocalMesh

console = wide_console()


def suggest_command(
    rules: Ruleset,
    *,
    mesh: LocalMesh,
    on: str,
    policy: Policy,
    payments: int,
    seed: int,
    most: int,
    out: Path | None,
    as_json: bool,
) -> None:
    """Suggest rules beside those in force, measured on later payments."""
    history = history_of(mesh, on, rules, policy, payments=payments, seed=seed)
    with console.status("searching"):
        found = suggest(history, policy.document.costs, seed=seed, most=most)
    table = Table(
        "rule", "gain, major units", "precision", "good disturbed", "stopped anyway",
        title="On the last third of the time, which the search did not see",
    )  # fmt: skip
    for one in found:
        table.add_row(
            one.when,
            shown(one.gain, 0.01, ",.0f"),
            shown(one.precision, form=".0%"),
            shown(one.friction, form=".3%"),
            "-" if one.overlap is None else f"{one.overlap:.0%}",
        )
    console.print(table)
    if out is not None:
        out.write_text(as_rules(found))
        console.print(f"drafts: {out}")
    finish(
        "rules suggest",
        {"on": history.what, "suggestions": [one.to_dict() for one in found]},
        [],
        n=len(history),
        seed=history.seed,
        as_json=as_json,
        enforce=False,
    )
