"""What a worker does for the gateway: backtests, proofs, suggestions and what-ifs of the texts
that a study holds, by the same cores as the commands."""

import asyncio
from collections.abc import Mapping
from datetime import UTC, datetime
from functools import partial
from typing import Any

import orjson

from fraud_engines.policy.policy import Policy
from fraud_engines.policy.policy import load as load_policy
from fraud_engines.policy.policy_schema import DocumentError
from fraud_engines.rules.ruleset import Ruleset, RulesetError
from fraud_engines.rules.ruleset import load as load_ruleset
from fraud_features.definitions.registry import PAYMENT_FEATURES
from fraud_lab.rules.backtest import by_rule, changes, cost
from fraud_lab.rules.history import History, apply, from_log, recorded, simulated
from fraud_lab.rules.intervals import Accounts
from fraud_lab.rules.month import month
from fraud_lab.rules.proof.prove import DifferentModels, policies, rulesets
from fraud_lab.rules.proof.relations import relations
from fraud_lab.rules.suggest import as_rules, suggest
from fraud_lab.rules.what_if import by_hours, by_money, thresholds
from fraud_ops.jobs.worker import Handler, Progress
from fraud_ops.mesh.environment import LocalMesh
from fraud_ops.running import CommandError

# Never one that models are trained on.
SEED = 2026
# A person's minutes for one challenge, as the command has it.
MINUTES = 6.0
# History is most of the work.
_HISTORY_SHARE = 0.7
Given = Mapping[str, Any]


class StudyRefused(CommandError):
    """The texts cannot be studied so."""


def handlers(mesh: LocalMesh) -> dict[str, Handler]:
    """The studies of rules and policies, on the payments of a mesh."""
    studies = {
        "backtest": backtested,
        "suggest": suggested,
        "what_if": what_if,
        "prove": proved,
    }
    return {kind: partial(_plain, study, mesh) for kind, study in studies.items()}


def _plain(
    study: Any, mesh: LocalMesh, given: Given, progress: Progress
) -> dict[str, Any]:
    """What a study found, as JSON has it."""
    found = study(mesh, given, progress)
    plain: dict[str, Any] = orjson.loads(
        orjson.dumps(found, option=orjson.OPT_SERIALIZE_NUMPY)
    )
    return plain


def backtested(mesh: LocalMesh, given: Given, progress: Progress) -> dict[str, Any]:
    """What a ruleset would have done: rule by rule, and the verdicts it changes."""
    ruleset, policy = _ruleset(given, "candidate"), _policy(given, "policy")
    history = _history(mesh, given, progress)

    def report(done: int) -> None:
        rest = 1 - _HISTORY_SHARE
        progress.at("rules", _HISTORY_SHARE + rest * done / len(history))

    applied = apply(ruleset, history.frame, report)
    accounts = _accounts(history)
    verdicts = history.given.with_rules(applied.counted()).verdicts(policy.document)
    found = changes(history, verdicts, accounts)
    return _about(history) | {
        "rules": [one.to_dict() for one in by_rule(history, applied, accounts)],
        "verdicts": found.table,
        "figures": found.figures,
        "asked_singly": list(applied.asked_singly),
    }


def suggested(mesh: LocalMesh, given: Given, progress: Progress) -> dict[str, Any]:
    """Rules that labelled history asks for, measured on the time after it."""
    history = _history(mesh, given, progress)
    progress.at("search", _HISTORY_SHARE)
    costs = _policy(given, "policy").document.costs
    found = suggest(history, costs, seed=SEED, most=given["most"])
    return _about(history) | {
        "suggestions": [one.to_dict() for one in found],
        "drafts": as_rules(found),
    }


def what_if(mesh: LocalMesh, given: Given, progress: Progress) -> dict[str, Any]:
    """What a policy would have changed, and what other thresholds would cost."""
    old, new = _policy(given, "policy"), _policy(given, "candidate")
    if new.document.models != old.document.models:
        raise StudyRefused("the policy asks other models than the one in force")
    history = _history(mesh, given, progress)
    progress.at("thresholds", _HISTORY_SHARE)
    accounts = _accounts(history)
    verdicts = history.given.verdicts(new.document)
    found = changes(history, verdicts, accounts)
    saved = cost(history, old.document, history.decided) - cost(
        history, new.document, verdicts
    )
    rows = list(thresholds(history, new.document, accounts))
    hours = given["hours"]
    fits = None if hours is None else by_hours(rows, hours, MINUTES, 1.0)
    return _about(history) | {
        "verdicts": found.table,
        "figures": found.figures,
        "saved_minor": accounts.total(saved),
        "thresholds": rows,
        "cheapest": by_money(rows),
        "fits_reviewers": fits,
    }


def proved(mesh: LocalMesh, given: Given, progress: Progress) -> dict[str, Any]:
    """Whether any payment gets a milder verdict than from what is in force."""
    now = datetime.now(UTC)
    beside = None
    try:
        if given["of"] == "policy":
            pair = policies(_policy(given, "policy"), _policy(given, "candidate"), now)
        else:
            old, new = _ruleset(given, "ruleset"), _ruleset(given, "candidate")
            pair = rulesets(old, new, _policy(given, "policy"), now)
            progress.at("relations between rules", 0.1)
            beside = relations(new, now).to_dict()
    except DifferentModels as error:
        raise StudyRefused(str(error)) from None
    progress.at("a milder verdict", 0.4)
    milder = pair.milder()
    progress.at("a stricter verdict", 0.7)
    return {
        "milder": milder.to_dict(),
        "stricter": pair.milder(swapped=True).to_dict(),
        "relations": beside,
    }


def _history(mesh: LocalMesh, given: Given, progress: Progress) -> History:
    """The payments of a study, as the rules and the policy in force decided them."""
    policy = _policy(given, "policy").document
    if given["on"] == "recorded":
        progress.at("recorded decisions", 0.1)
        return recorded(asyncio.run(from_log(mesh)), policy, "recorded decisions")
    payments, stages = given["payments"], ["simulated"]

    def report(stage: str, done: int) -> None:
        if stage not in stages:
            stages.append(stage)
        # Three stages, each over twice as many payments: the first half only teaches.
        share = (len(stages) - 2 + done / (2 * payments)) / 3
        progress.at(stage, _HISTORY_SHARE * share)

    made = month(mesh, payments=payments, seed=SEED, progress=report)
    return simulated(made, _ruleset(given, "ruleset"), policy)


def _about(history: History) -> dict[str, Any]:
    return {
        "payments": len(history),
        "days": round(history.days, 1),
        "history": history.what,
        "without_outcome": int((~history.fraud & ~history.good).sum()),
        "declined_without_outcome": int(history.blind.sum()),
    }


def _accounts(history: History) -> Accounts:
    return Accounts.of(history.frame["account_id"].to_numpy(), SEED)


def _ruleset(given: Given, name: str) -> Ruleset:
    try:
        return load_ruleset(given["texts"][name].encode(), PAYMENT_FEATURES)
    except RulesetError as error:
        raise StudyRefused(f"{given['documents'][name]}: {error}") from None


def _policy(given: Given, name: str) -> Policy:
    try:
        return load_policy(given["texts"][name].encode())
    except DocumentError as error:
        raise StudyRefused(f"{given['documents'][name]}: {error}") from None
