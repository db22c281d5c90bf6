"""`fraud evaluate system`: the promises of the shipped rules, models and policy, judged."""

from typing import Any

import numpy as np
from rich.progress import Progress
from rich.table import Table

from fraud_engines.policy.policy import Policy
from fraud_engines.rules.ruleset import Ruleset
from fraud_features.definitions.registry import PAYMENT_FEATURES
from fraud_lab.rules.backtest import cost
from fraud_lab.rules.history import History, apply, simulated
from fraud_lab.rules.intervals import Accounts, share, shown
from fraud_lab.rules.month import Month, month
from fraud_lab.rules.system import (
    Scene,
    by_scenario,
    measured,
    recall_at,
    rules_alone,
    systems,
)
from fraud_ops.figures import finish, gate, wide_console
from fraud_ops.mesh.environment import LocalMesh

# Friction at which systems are compared: what the issue lets be challenged.
FRICTION = 0.01
console = wide_console()


def system_command(
    mesh: LocalMesh,
    *,
    rules: Ruleset,
    policy: Policy,
    payments: int,
    seed: int,
    oracle: bool,
    as_json: bool,
    enforce: bool,
) -> None:
    """Decide a month three ways, measure against the truth, judge."""
    made = _month(mesh, payments, seed)
    scene = scene_of(made, rules, policy)
    accounts = Accounts.of(scene.history.frame["account_id"].to_numpy(), seed)
    verdicts = dict(systems(scene))
    found = {name: measured(scene, v, accounts) for name, v in verdicts.items()}
    full = found["full system"]
    saved = _saved(scene, verdicts, accounts)
    best = _oracle(scene, _month(mesh, payments, seed + 1)) if oracle else None
    _show(found, saved, best)
    scenarios = by_scenario(scene, verdicts["full system"])
    _show_scenarios(scenarios)
    caught = full["cases_caught_at_first"]["value"]
    finish(
        "evaluate system",
        {
            "ruleset": rules.version,
            "policy": policy.version,
            "models": made.models,
            "systems": found,
            "saved_per_1000_against": saved,
            "at_fixed_friction": _fixed(scene),
            "oracle": best,
            "scenarios": scenarios,
        },
        [
            gate("good declined", full["good_declined"]["value"], 0.001, "at_most"),
            gate("good challenged", full["good_challenged"]["value"], 0.01, "at_most"),
            gate(
                "fraud money stopped",
                full["fraud_money_stopped"]["value"],
                0.75,
                "at_least",
            ),
            gate("cases caught at their first payment", caught, 0.60, "at_least"),
            *(
                gate(f"cheaper than {name}", row["interval"][0], 0.0, "at_least")
                for name, row in saved.items()
            ),
        ],
        n=len(scene.history),
        seed=seed,
        as_json=as_json,
        enforce=enforce,
    )


def scene_of(made: Month, rules: Ruleset, policy: Policy) -> Scene:
    """A month with its truth, not only with what was reported."""
    history = simulated(made, rules, policy.document)
    fraud = made.frame["fraud"].to_numpy()
    truth = History(
        **{**history.__dict__, "fraud": fraud, "good": ~fraud},
    )
    applied = apply(rules, made.frame)
    return Scene(truth, applied, policy.document, made.frame["case"].to_numpy())


def _month(mesh: LocalMesh, payments: int, seed: int) -> Month:
    with Progress(console=console) as progress:
        tasks: dict[str, Any] = {}

        def report(stage: str, done: int) -> None:
            if stage not in tasks:
                tasks[stage] = progress.add_task(stage, total=2 * payments)
            progress.update(tasks[stage], completed=done)

        return month(mesh, payments=payments, seed=seed, progress=report)


def _saved(
    scene: Scene, verdicts: dict[str, np.ndarray], accounts: Accounts
) -> dict[str, Any]:
    """What the full system saves on 1,000 payments against each other one: paired."""
    mine = cost(scene.history, scene.policy, verdicts["full system"])
    found = {}
    for name in ("models alone", "rules alone"):
        other = cost(scene.history, scene.policy, verdicts[name])
        gained = accounts.ratio(other - mine, np.ones(len(mine)))
        found[name] = {
            "value": gained["value"] * 1000,
            "interval": [v * 1000 for v in gained["interval"]],
        }
    return found


def _fixed(scene: Scene) -> dict[str, Any]:
    """Share of fraudulent payments stopped where at most 1 % of good ones are disturbed."""
    history = scene.history
    risk = history.frame["score_xgboost"].fill_null(0.0).to_numpy()
    stopped, spent = recall_at(history.fraud, history.good, risk, FRICTION)
    frauds = int(history.fraud.sum())
    found = {
        "models alone": {
            **share(int((stopped & history.fraud).sum()), frauds),
            "friction": spent,
        }
    }
    for severities in (
        ("low", "medium", "high", "critical"),
        ("medium", "high", "critical"),
        ("high", "critical"),
        ("critical",),
    ):
        verdict = rules_alone(scene.applied, severities) > 0
        spent = float((verdict & history.good).sum() / history.good.sum())
        if spent <= FRICTION:
            caught = int((verdict & history.fraud).sum())
            found["rules alone"] = {**share(caught, frauds), "friction": spent}
            break
    verdict = history.given.verdicts(scene.policy) > 0
    found["full system, as shipped"] = {
        **share(int((verdict & history.fraud).sum()), frauds),
        "friction": float((verdict & history.good).sum() / history.good.sum()),
    }
    return found


def _oracle(scene: Scene, other: Month) -> dict[str, Any]:
    """How much of it can be seen at all: a learner that was told the truth about every
    payment of another month, at the same friction. No bank ever knows so much."""
    from xgboost import XGBClassifier

    names = list(PAYMENT_FEATURES.names)
    learner = XGBClassifier(
        n_estimators=400, max_depth=5, learning_rate=0.06, subsample=0.8,
        colsample_bytree=0.6, min_child_weight=3, n_jobs=2, random_state=1,
    )  # fmt: skip
    learner.fit(
        other.frame.select(names).to_numpy(),
        other.frame["fraud"].to_numpy().astype(int),
    )
    history = scene.history
    score = learner.predict_proba(history.frame.select(names).to_numpy())[:, 1]
    # Who is on a sanctions list is screening's to say.
    listed = (history.frame["scenario"] == "sanctioned_counterparty").fill_null(
        value=False
    )
    score = np.where(listed.to_numpy(), 1.0, score)
    stopped, spent = recall_at(history.fraud, history.good, score, FRICTION)
    first = scene.first
    money = np.where(history.fraud, history.amount, 0)
    return {
        "friction": spent,
        "fraud_payments_stopped": share(
            int((stopped & history.fraud).sum()), int(history.fraud.sum())
        ),
        "fraud_money_stopped": float((money * stopped).sum() / money.sum()),
        "cases_caught_at_first": share(int((first & stopped).sum()), int(first.sum())),
    }


def _show(
    found: dict[str, dict[str, Any]],
    saved: dict[str, Any],
    best: dict[str, Any] | None,
) -> None:
    names = list(found)
    table = Table("", *names, title="Against the truth, with intervals over accounts")
    for figure in found[names[0]]:
        form = ",.1f" if figure == "cost_per_1000" else ".2%"
        scale = 0.01 if figure == "cost_per_1000" else 1.0
        cells = [shown(found[name][figure], scale, form) for name in names]
        table.add_row(figure.replace("_", " "), *cells)
    console.print(table)
    for name, row in saved.items():
        console.print(
            f"the full system saves {shown(row, 0.01, ',.1f')} major units on 1,000 "
            f"payments against {name}"
        )
    if best is not None:
        caught = shown(best["cases_caught_at_first"])
        console.print(
            f"an oracle, told the truth about another month, at {best['friction']:.2%} "
            f"friction: first payments {caught}, money {best['fraud_money_stopped']:.1%}"
        )


def _show_scenarios(rows: dict[str, dict[str, Any]]) -> None:
    table = Table("scenario", "payments", "stopped", "cases", "caught at first")
    for name, row in rows.items():
        table.add_row(name, *(f"{value:,}" for value in row.values()))
    console.print(table)
