"""`fraud evaluate proofs`: are the proofs true, and does nothing escape them?

Seeded changes of the shipped ruleset and policy. Every answer of the solver is held against
the engines: a witness counts only where both confirm it, and what is said to be proved is
tried on payments drawn around the thresholds of both versions. A change that those tell
apart and the solver does not, or the other way round, is an error of the proof.
"""

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import lru_cache
from itertools import islice
from random import Random
from time import perf_counter
from typing import Any

import numpy as np
import yaml
from rich.progress import Progress

from fraud_engines.policy.policy import DEFAULT_POLICY, Policy
from fraud_engines.policy.policy import load as load_policy
from fraud_engines.rules.ruleset import DEFAULT_RULESET, Ruleset
from fraud_engines.rules.ruleset import load as load_ruleset
from fraud_features.definitions.registry import PAYMENT_FEATURES
from fraud_lab.rules.checked import Const, walk
from fraud_lab.rules.in_bulk import Applied, RulesetColumns
from fraud_lab.rules.policy_columns import Given, of_requests
from fraud_lab.rules.proof.cases import tree
from fraud_lab.rules.proof.mutate import Mutant, policy_mutants, rule_mutants
from fraud_lab.rules.proof.prove import Proof, policies, rulesets
from fraud_lab.rules.proof.relations import drawn, relations
from fraud_lab.rules.requests import RandomRequests
from fraud_ops.figures import finish, gate, wide_console

NOW = datetime(2026, 1, 1, tzinfo=UTC)
# Payments that a proved answer is tried on.
TRIED = 800
SHARE_OF_POLICIES = 0.4
RULES = 200
console = wide_console()


@dataclass(frozen=True)
class Judged:
    """One change: what the solver says, and what the engines saw.

    `found`: a confirmed witness of a difference. `proved`: nothing differs. `false`: proved
    and yet seen to differ. `missed`: seen to differ, and no witness. `seen`: drawn payments
    told the two apart, which says how well they try.
    """

    what: str
    found: bool
    proved: bool
    false: bool
    missed: bool
    seen: bool
    why: str
    seconds: float


def proofs_command(*, mutations: int, seed: int, as_json: bool, enforce: bool) -> None:
    """Judge so many changes, and time the relations of 200 rules."""
    judged: list[Judged] = []
    with Progress(console=console) as progress:
        task = progress.add_task("changes", total=mutations)
        for one in evidence(mutations, seed):
            judged.append(one)
            progress.advance(task)
    seconds = seconds_for_many(RULES, seed)
    _show(judged)
    times = np.array([one.seconds for one in judged])
    finish(
        "evaluate proofs",
        {
            "found": sum(one.found for one in judged),
            "proved_the_same": sum(one.proved for one in judged),
            "found_that_drawn_payments_saw_too": sum(
                o.found and o.seen for o in judged
            ),
            "open": [one.what + ": " + one.why for one in judged if one.why],
            "seconds_p50": round(float(np.median(times)), 3),
            "seconds_p99": round(float(np.quantile(times, 0.99)), 3),
        },
        [
            gate("changes missed", sum(o.missed for o in judged), 0, "at_most"),
            gate("false proofs", sum(o.false for o in judged), 0, "at_most"),
            gate("changes left open", sum(bool(o.why) for o in judged), 0, "at_most"),
            gate(f"seconds for {RULES} rules", round(seconds, 2), 5.0, "at_most"),
        ],
        n=len(judged),
        seed=seed,
        as_json=as_json,
        enforce=enforce,
    )


def evidence(count: int, seed: int, tried: int = TRIED) -> Iterator[Judged]:
    """So many judged changes, of rules and of the policy, each on `tried` payments."""
    chance = Random(seed)
    rules, policy = DEFAULT_RULESET.read_bytes(), DEFAULT_POLICY.read_bytes()
    of_policy = round(count * SHARE_OF_POLICIES)
    shipped = load_ruleset(rules, PAYMENT_FEATURES)
    ruling = load_policy(policy)
    for mutant in islice(policy_mutants(policy, chance), of_policy):
        assert isinstance(mutant.loaded, Policy)
        drawn_from = chance.randrange(2**31)
        yield _judge_policy(ruling, mutant, mutant.loaded, drawn_from, tried)
    for mutant in islice(rule_mutants(rules, chance), count - of_policy):
        assert isinstance(mutant.loaded, Ruleset)
        drawn_from = chance.randrange(2**31)
        yield _judge_rules(shipped, mutant, mutant.loaded, ruling, drawn_from, tried)


def _judge_policy(
    old: Policy, mutant: Mutant, new: Policy, seed: int, tried: int
) -> Judged:
    began = perf_counter()
    pair = policies(old, new, NOW)
    answers = [pair.milder(), pair.milder(swapped=True)]
    seconds = perf_counter() - began
    requests = RandomRequests(seed, old.document, new.document)
    given = of_requests(list(requests.many(tried)), old.document)
    before, after = given.verdicts(old.document), given.verdicts(new.document)
    seen = [(after < before).any(), (after > before).any()]
    return _judged(mutant.what, answers, seen, seconds)


def _judge_rules(
    old: Ruleset, mutant: Mutant, new: Ruleset, policy: Policy, seed: int, tried: int
) -> Judged:
    began = perf_counter()
    pair = rulesets(old, new, policy, NOW)
    answers = [pair.milder(), pair.milder(swapped=True), pair.differing()]
    seconds = perf_counter() - began
    frame = drawn(
        RulesetColumns(old).fields | RulesetColumns(new).fields,
        pair.space.texts,
        _around(old, new, Random(seed), tried),
        seed,
    )
    one, other = (RulesetColumns(r).apply(frame, NOW) for r in (old, new))
    given = _evidence(policy, frame.height)
    before, after = (
        given.with_rules(applied.counted()).verdicts(policy.document)
        for applied in (one, other)
    )
    seen = [(after < before).any(), (after > before).any(), _apart(one, other)]
    return _judged(mutant.what, answers, seen, seconds)


def _judged(what: str, answers: list[Proof], seen: list[Any], seconds: float) -> Judged:
    found = any(answer.outcome == "witness" for answer in answers)
    proved = all(answer.outcome == "proved" for answer in answers)
    false = any(
        answer.outcome == "proved" and bool(apart)
        for answer, apart in zip(answers, seen, strict=True)
    )
    why = "" if found or proved else "; ".join(a.why for a in answers if a.why)
    apart = any(map(bool, seen))
    return Judged(what, found, proved, false, not found and apart, apart, why, seconds)


def _around(
    old: Ruleset, new: Ruleset, chance: Random, tried: int
) -> list[dict[str, Any]]:
    """Values at and beside the thresholds of a rule, most often of one that changed."""
    rules = {rule.ref: rule for rule in (*old.evaluated, *new.evaluated)}
    changed = [
        rule
        for rule in (*new.evaluated, *old.evaluated)
        if rule.expression.source
        not in {
            other.expression.source
            for other in (old if rule in new.evaluated else new).evaluated
        }
    ] or list(rules.values())
    rows = []
    for _ in range(tried):
        rule = chance.choice(changed)
        numbers = [
            node.value
            for node in walk(tree(rule))
            if isinstance(node, Const) and not isinstance(node.value, str | bool)
        ]
        row: dict[str, Any] = {}
        for name in rule.expression.uses:
            if (
                name in PAYMENT_FEATURES.index
                and PAYMENT_FEATURES.types[name] != "bool"
            ):
                value = chance.choice(numbers) if numbers else 1
                value = value + chance.choice((0, 0, 1, -1))
                row[name] = max(0, int(value)) if _is_whole(name) else float(value)
            elif name in PAYMENT_FEATURES.index and chance.random() < 0.7:
                row[name] = chance.random() < 0.75
        rows.append(row)
    return rows


def _is_whole(name: str) -> bool:
    return PAYMENT_FEATURES.types[name] == "int"


@lru_cache(maxsize=4)
def _evidence(policy: Policy, height: int) -> Given:
    """Other evidence, drawn once."""
    requests = RandomRequests(height, policy.document)
    return of_requests(list(requests.many(height)), policy.document)


def _apart(one: Applied, other: Applied) -> bool:
    """Whether two rulesets say anything else of any payment."""

    def said(applied: Applied) -> dict[str, tuple[Any, ...]]:
        return {
            r.rule.ref.partition("@")[0]: (r.rule.effect, r.rule.severity, r)
            for r in applied.rules
        }

    first, second = said(one), said(other)
    for name in first.keys() | second.keys():
        a, b = first.get(name), second.get(name)
        if a is None or b is None:
            present = a or b
            if present is not None and present[2].true.any():
                return True
            continue
        mine, theirs = a[2], b[2]
        if (mine.true != theirs.true).any() or (mine.error != theirs.error).any():
            return True
        same = a[:2] == b[:2] and (mine.hit == theirs.hit).all()
        if (mine.true | mine.failed).any() and not same:
            return True
    return False


def seconds_for_many(count: int, seed: int) -> float:
    """Seconds to load, formulate and relate so many rules: the shipped ones and changed
    copies of them."""
    body, chance = DEFAULT_RULESET.read_bytes(), Random(seed)
    rows: list[Any] = []
    shipped = yaml.safe_load(body)["rules"]
    for mutant in islice(rule_mutants(body, chance), count):
        changed = mutant.document["rules"]
        row = chance.choice([r for r in changed if r not in shipped] or shipped)
        rows.append({**row, "id": f"R-{len(rows) + 1:04d}", "state": "live"})
    document = {**yaml.safe_load(body), "rules": rows}
    many = load_ruleset(yaml.safe_dump(document).encode(), PAYMENT_FEATURES)
    began = perf_counter()
    relations(many, NOW)
    policy = load_policy(DEFAULT_POLICY.read_bytes())
    rulesets(many, many, policy, NOW).milder()
    return perf_counter() - began


def _show(judged: list[Judged]) -> None:
    counts = Counter(
        "witness" if one.found else "proved the same" if one.proved else "open"
        for one in judged
    )
    console.print(dict(counts))
    for one in judged:
        if one.missed or one.false or one.why:
            mark = "FALSE" if one.false else "missed" if one.missed else "open"
            console.print(f"{mark}: {one.what} {one.why}", markup=False)
