"""The whole system, models alone and rules alone on the same payments. Pure."""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from fraud_engines.policy.policy_schema import PolicyDocument
from fraud_lab.rules.backtest import cost, outcome
from fraud_lab.rules.history import History
from fraud_lab.rules.in_bulk import Applied
from fraud_lab.rules.intervals import Accounts, share
from fraud_lab.rules.policy_columns import Given, nothing_said

# Severities that challenge where nobody weighs them: what rules alone can do.
ALONE = ("medium", "high", "critical")


@dataclass(frozen=True)
class Scene:
    """Payments whose truth is known, and what every part says of them."""

    history: History
    applied: Applied
    policy: PolicyDocument
    case: np.ndarray

    @property
    def first(self) -> np.ndarray:
        """Where a case of fraud begins."""
        at = self.history.frame["occurred_at"].dt.timestamp("us").to_numpy()
        order = np.lexsort((at, self.case))
        new = np.ones(len(order), dtype=np.bool_)
        new[1:] = self.case[order][1:] != self.case[order][:-1]
        found = np.zeros(len(order), dtype=np.bool_)
        found[order[new]] = True
        return found & (self.case > 0)


def systems(scene: Scene) -> Iterator[tuple[str, np.ndarray]]:
    """Each system and its verdicts."""
    given = scene.history.given
    yield "full system", given.verdicts(scene.policy)
    yield "models alone", _without_rules(given).verdicts(scene.policy)
    yield "rules alone", rules_alone(scene.applied)


def _without_rules(given: Given) -> Given:
    """No rule hits and nobody is screened: what scores say by themselves."""
    silent = given.with_rules(nothing_said(given.height))
    status = silent.given.screening
    no = np.zeros(given.height, dtype=np.bool_)
    clear = {name: no for name in status} | {"clear": ~no}
    return replace(silent, given=replace(silent.given, screening=clear))


def rules_alone(applied: Applied, severities: tuple[str, ...] = ALONE) -> np.ndarray:
    """A BLOCK declines, a FLAG of these severities challenges."""
    counted = applied.counted()
    flagged = sum(counted[severity] for severity in severities) > 0
    return np.where(counted["blocked"], 2, np.where(flagged, 1, 0)).astype(np.int8)


def measured(scene: Scene, verdict: np.ndarray, accounts: Accounts) -> dict[str, Any]:
    """Money, friction and recall of one system's verdicts."""
    history = scene.history
    spent = cost(history, scene.policy, verdict)
    everything = np.ones(len(history))
    per_payment = accounts.ratio(spent, everything)
    first = scene.first
    return {
        **outcome(history, verdict, accounts),
        "cost_per_1000": {
            "value": (per_payment["value"] or 0.0) * 1000,
            "interval": [v * 1000 for v in per_payment["interval"]],
        },
        "cases_caught_at_first": share(
            int((first & (verdict > 0)).sum()), int(first.sum())
        ),
    }


def by_scenario(scene: Scene, verdict: np.ndarray) -> dict[str, dict[str, Any]]:
    """Of each scenario: payments, payments stopped, cases, cases caught at the first."""
    scenario = scene.history.frame["scenario"].fill_null("").to_numpy()
    first, stopped = scene.first, verdict > 0
    return {
        str(name): {
            "payments": int(here.sum()),
            "stopped": int((here & stopped).sum()),
            "cases": int((here & first).sum()),
            "caught_at_first": int((here & first & stopped).sum()),
        }
        for name in np.unique(scenario[scenario != ""])
        for here in ((scenario == name) & scene.history.fraud,)
    }


def recall_at(
    fraud: np.ndarray, good: np.ndarray, score: np.ndarray, friction: float
) -> tuple[np.ndarray, float]:
    """Payments stopped when those above a score are, at most this share of the good ones:
    which, and the share of good ones that it is."""
    order = np.argsort(-score, kind="stable")
    ranked = score[order]
    ends = np.append(np.flatnonzero(np.diff(ranked)), len(ranked) - 1)
    spent = np.cumsum(good[order])[ends] / max(int(good.sum()), 1)
    fit = np.flatnonzero(spent <= friction)
    if not len(fit):
        return np.zeros(len(score), dtype=np.bool_), 0.0
    limit = ranked[ends[fit[-1]]]
    return score >= limit, float(spent[fit[-1]])
