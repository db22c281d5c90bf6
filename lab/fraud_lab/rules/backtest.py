"""`fraud rules backtest`: what a ruleset would have done, rule by rule and together. Pure."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from fraud_engines.policy.policy_schema import PolicyDocument
from fraud_lab.rules.history import DECLINED, History
from fraud_lab.rules.in_bulk import Applied, RuleColumns
from fraud_lab.rules.intervals import Accounts, share
from fraud_shared.contracts.decision import Verdict

NAMES = [verdict.value for verdict in Verdict]


@dataclass(frozen=True)
class RuleFigures:
    """What one rule did. Money is minor units of the reference currency.

    `precision` and `recall` count payments with an outcome, `alone` the hits that no other
    acting rule has, `with_` the rule that shares most of them and how many. `new_fraud` is
    the fraud among hits that had been approved, `disturbed` the accounts of good ones.
    """

    rule: str
    state: str
    effect: str
    severity: str
    hits: int
    errors: int
    alone: int
    with_: tuple[str, int] | None
    precision: dict[str, Any]
    recall: dict[str, Any]
    money: dict[str, Any]
    new_fraud_money: float
    good_hits: int
    disturbed: int
    unknown: int

    def to_dict(self) -> dict[str, Any]:
        """For `--json`."""
        found = dict(self.__dict__)
        found["with"] = found.pop("with_")
        return found


def by_rule(
    history: History, applied: Applied, accounts: Accounts
) -> list[RuleFigures]:
    """The figures of every evaluated rule; shadow rules as if they acted."""
    hits = np.array([one.true for one in applied.rules])
    acting = np.array([one.hit.any() or one.acts.any() for one in applied.rules])
    others = hits[acting].sum(axis=0)
    return [
        _figures(
            history,
            applied.rules,
            number,
            hits,
            others - (hits[number] & acting[number]),
            accounts,
        )
        for number in range(len(applied.rules))
    ]


def _figures(
    history: History,
    rules: Sequence[RuleColumns],
    number: int,
    hits: np.ndarray,
    others: np.ndarray,
    accounts: Accounts,
) -> RuleFigures:
    one, mine = rules[number], hits[number]
    known = history.fraud | history.good
    caught = mine & history.fraud
    shared = (hits[:, mine]).sum(axis=1)
    shared[number] = 0
    most = int(shared.argmax()) if len(shared) else 0
    good = mine & history.good
    amount = history.amount
    return RuleFigures(
        rule=one.rule.ref,
        state=one.rule.state,
        effect=one.rule.effect,
        severity=one.rule.severity,
        hits=int(mine.sum()),
        errors=int(one.error.sum()),
        alone=int((mine & (others == 0)).sum()),
        with_=(rules[most].rule.ref, int(shared[most])) if shared[most] else None,
        precision=share(int(caught.sum()), int((mine & known).sum())),
        recall=share(int(caught.sum()), int(history.fraud.sum())),
        money=accounts.total(np.where(caught, amount, 0)),
        new_fraud_money=float(amount[caught & (history.decided == 0)].sum()),
        good_hits=int(good.sum()),
        disturbed=len(np.unique(accounts.code[good])),
        unknown=int((mine & history.blind).sum()),
    )


@dataclass(frozen=True)
class Changes:
    """Verdicts now and with the new version: counts by old and new, of all, fraud, good."""

    old: np.ndarray
    new: np.ndarray
    figures: dict[str, Any]
    table: dict[str, dict[str, int]]


def changes(history: History, new: np.ndarray, accounts: Accounts) -> Changes:
    """What another verdict would have changed, in payments, money and friction.

    A declined payment without an outcome counts for nobody: what it would have been, had it
    been let through, is not known.
    """
    old, amount = history.decided, history.amount
    table = {
        f"{NAMES[a]} to {NAMES[b]}": {
            "payments": int(here.sum()),
            "fraud": int((here & history.fraud).sum()),
            "good": int((here & history.good).sum()),
            "unknown": int((here & ~history.fraud & ~history.good).sum()),
        }
        for a in range(3)
        for b in range(3)
        if a != b and (here := (old == a) & (new == b)).any()
    }
    figures: dict[str, Any] = {}
    for name, verdict in (("old", old), ("new", new)):
        figures[name] = outcome(history, verdict, accounts)
    figures["fraud_money_stopped_more"] = accounts.total(
        np.where(history.fraud, amount, 0) * ((new > 0).astype(int) - (old > 0))
    )
    figures["good_disturbed_more"] = accounts.total(
        history.good * ((new > 0).astype(int) - (old > 0))
    )
    figures["without_outcome"] = int((~history.fraud & ~history.good).sum())
    figures["declined_without_outcome"] = int(history.blind.sum())
    return Changes(old, new, figures, table)


def outcome(
    history: History, verdict: np.ndarray, accounts: Accounts
) -> dict[str, Any]:
    """What verdicts do to fraud and to good payments, with intervals over accounts."""
    fraud, good = history.fraud, history.good
    money = np.where(fraud, history.amount, 0)
    stopped = verdict > 0
    return {
        "fraud_payments_stopped": accounts.ratio(fraud & stopped, fraud),
        "fraud_money_stopped": accounts.ratio(money * stopped, money),
        "good_challenged": accounts.ratio(good & (verdict == 1), good),
        "good_declined": accounts.ratio(good & (verdict == DECLINED), good),
    }


def cost(history: History, policy: PolicyDocument, verdict: np.ndarray) -> np.ndarray:
    """What each verdict cost once it was known what the payment was: minor units."""
    found = np.zeros(len(history))
    known = history.fraud | history.good
    risk = history.fraud.astype(np.float64)
    for option in Verdict:
        here = known & (verdict == option.severity)
        found[here] = policy.costs.of(
            option,
            risk[here],
            history.amount[here],
        )
    return found
