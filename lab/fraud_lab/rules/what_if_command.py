"""`fraud decide what-if`: show what a policy changes, and recommend thresholds."""

from pathlib import Path
from typing import Any

from rich.table import Table

from fraud_engines.policy.policy import Policy
from fraud_engines.policy.policy_schema import PolicyDocument
from fraud_engines.rules.ruleset import Ruleset
from fraud_lab.rules import plots
from fraud_lab.rules.backtest import changes, cost
from fraud_lab.rules.backtest_command import history_of, show_changes
from fraud_lab.rules.intervals import Accounts, shown
from fraud_lab.rules.what_if import by_hours, by_money, scaled, thresholds
from fraud_ops.figures import finish, wide_console
from fraud_ops.mesh.environment import LocalMesh
from fraud_ops.running import CommandError

console = wide_console()


class OtherModels(CommandError, ValueError):
    """The new policy asks models whose scores the history does not have."""


def what_if_command(
    new: Policy,
    *,
    mesh: LocalMesh,
    on: str,
    rules: Ruleset,
    old: Policy,
    payments: int,
    seed: int,
    hours: float | None,
    minutes: float,
    payments_per_day: float | None,
    pictures: Path,
    as_json: bool,
) -> None:
    """Replay, compare with what was decided, sweep thresholds."""
    if new.document.models != old.document.models:
        raise OtherModels("the new policy asks other models than the old one")
    history = history_of(mesh, on, rules, old, payments=payments, seed=seed)
    accounts = Accounts.of(history.frame["account_id"].to_numpy(), seed)
    verdicts = history.given.verdicts(new.document)
    found = changes(history, verdicts, accounts)
    show_changes(found, history)
    spent_old = cost(history, old.document, history.decided)
    spent_new = cost(history, new.document, verdicts)
    saved = accounts.total(spent_old - spent_new)
    console.print(f"saved, major units: {shown(saved, 0.01, ',.0f')}")
    rows = list(thresholds(history, new.document, accounts))
    best = by_money(rows)
    per_day = len(history) / history.days
    scale = 1.0 if payments_per_day is None else payments_per_day / per_day
    fits = None if hours is None else by_hours(rows, hours, minutes, scale)
    _show(rows, best, fits, hours)
    _recommend("money", new.document, best)
    if hours is not None:
        _recommend(f"{hours:g} reviewers' hours a day", new.document, fits)
    file = pictures / "policy-thresholds.png"
    console.print(f"picture: {plots.draw_thresholds(rows, best['factor'], file)}")
    finish(
        "decide what-if",
        {
            "old": old.version,
            "new": new.version,
            "on": history.what,
            "verdicts": found.table,
            "figures": found.figures,
            "saved_minor": saved,
            "thresholds": rows,
            "cheapest": best,
            "fits_reviewers": fits,
            "bands_by_money": _bands(scaled(new.document, best["factor"])),
        },
        [],
        n=len(history),
        seed=history.seed,
        as_json=as_json,
        enforce=False,
    )


def _bands(document: PolicyDocument) -> list[dict[str, Any]]:
    return [
        {"from": round(row.lower, 6), "allow": [v.value for v in row.allow]}
        for row in document.risk.bands
    ]


def _recommend(by: str, document: PolicyDocument, row: dict[str, Any] | None) -> None:
    if row is None:
        console.print(f"by {by}: not even the mildest thresholds tried fit")
        return
    console.print(f"by {by}: thresholds x {row['factor']:g}")
    for band in _bands(scaled(document, row["factor"])):
        console.print(f"  from {band['from']}: {', '.join(band['allow'])}")


def _show(
    rows: list[dict[str, Any]],
    best: dict[str, Any],
    fits: dict[str, Any] | None,
    hours: float | None,
) -> None:
    table = Table(
        "factor", "cost of 1,000", "fraud money stopped", "good challenged",
        "challenges a day", "",
    )  # fmt: skip
    for row in rows:
        marks = ["cheapest"] if row is best else []
        if hours is not None and row is fits:
            marks.append("fits the hours")
        table.add_row(
            f"{row['factor']:g}",
            shown(row["cost_per_1000"], 0.01, ",.1f"),
            shown(row["fraud_money_stopped"], form=".1%"),
            shown(row["good_challenged"]),
            f"{row['challenges_per_day']:,.1f}",
            ", ".join(marks),
        )
    console.print(table)
