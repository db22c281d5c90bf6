"""The laws of a policy for all payments at once: worse evidence is never milder."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from time import perf_counter
from typing import Any

import z3

from fraud_engines.policy.policy_schema import SEVERITIES, PolicyDocument
from fraud_lab.rules.algebra import Number
from fraud_lab.rules.month import BLOCKS
from fraud_lab.rules.proof.cases import (
    Flags,
    all_premises,
    any_rules,
    policy_input,
    space_of,
)
from fraud_lab.rules.proof.prove import TIMEOUT_MS
from fraud_lab.rules.verdicts import PolicyInput, PolicyVerdicts

LAWS = (
    "more risk", "no risk", "a stranger payment", "no anomaly score", "one more hit",
    "no rules", "a rule in error", "no screening", "no velocity", "no history",
    "a block less",
)  # fmt: skip


def proved(
    document: PolicyDocument, names: Sequence[str] = LAWS
) -> Iterator[tuple[str, tuple[str, float]]]:
    """Each law for all payments: proved, refuted or open, and in how many seconds."""
    laws = _laws(document)
    for name in names:
        began = perf_counter()
        outcomes = [_law(document, worse) for worse in laws[name]]
        seconds = round(perf_counter() - began, 3)
        bad = next((o for o in outcomes if o != "proved"), "proved")
        yield name, (bad, seconds)


Worse = Callable[[PolicyInput], tuple[PolicyInput, PolicyInput, list[Any]]]


def _law(document: PolicyDocument, worse: Worse) -> str:
    space, _ = space_of([], [document])
    said, facts = any_rules()
    given, more = policy_input(space, said, len(document.models.anomaly))
    better_input, worse_input, law = worse(given)
    verdicts = PolicyVerdicts(document, space)
    before, after = verdicts.of(better_input), verdicts.of(worse_input)
    solver = z3.Solver()
    solver.set("timeout", TIMEOUT_MS)
    milder = z3.Or(
        z3.And(before.challenge, z3.Not(after.challenge)),
        z3.And(before.decline, z3.Not(after.decline)),
    )
    solver.add(*all_premises(space, [*facts, *more]), *law, milder)
    solver.add(*(slack == 0 for slack in space.slacks))
    answer = solver.check()
    if answer != z3.unsat:
        solver.add(*space.products)
        answer = solver.check()
    if answer == z3.unsat:
        return "proved"
    return "refuted" if answer == z3.sat else "open"


def _known(number: Number, value: Any, *, known: bool = True) -> Number:
    return replace(number, value=value, known=z3.BoolVal(known))


def _laws_of_scores(document: PolicyDocument) -> dict[str, list[Worse]]:
    def more_risk(given: PolicyInput) -> Any:
        high, yes = z3.Real("higher"), z3.BoolVal(val=True)
        low = replace(given.risk, known=yes)
        law = [high >= given.risk.value, high <= 1]
        return (
            replace(given, risk=low),
            replace(given, risk=replace(low, value=high)),
            law,
        )

    def no_risk(given: PolicyInput) -> Any:
        zero = _known(given.risk, z3.RealVal(0))
        gone = _known(given.risk, z3.RealVal(0), known=False)
        return replace(given, risk=zero), replace(given, risk=gone), []

    def anomaly(place: int, *, missing: bool) -> Worse:
        def worse(given: PolicyInput) -> Any:
            own = given.anomalies[place]
            low = _known(own, z3.RealVal(0) if missing else own.value)
            high = z3.Real("stranger")
            other = _known(own, low.value if missing else high, known=not missing)
            law = [] if missing else [high >= own.value, high <= 1]
            pair = []
            for number in (low, other):
                scores = list(given.anomalies)
                scores[place] = number
                pair.append(replace(given, anomalies=tuple(scores)))
            return pair[0], pair[1], law

        return worse

    places = range(len(document.models.anomaly))
    return {
        "more risk": [more_risk],
        "no risk": [no_risk],
        "a stranger payment": [anomaly(n, missing=False) for n in places],
        "no anomaly score": [anomaly(n, missing=True) for n in places],
    }


def _laws_of_rules() -> dict[str, list[Worse]]:
    no, yes = z3.BoolVal(val=False), z3.BoolVal(val=True)

    def hit(severity: str) -> Worse:
        def worse(given: PolicyInput) -> Any:
            flags: Any = given.rules.flags
            rows = {s: list(hits) for s, hits in flags.by_severity.items()}
            without = {s: h[1:] if s == severity else h for s, h in rows.items()}
            with_ = {s: [yes, *h[1:]] if s == severity else h for s, h in rows.items()}
            rules = replace(given.rules, unnamed=no)
            return (
                replace(given, rules=replace(rules, flags=Flags(without))),
                replace(given, rules=replace(rules, flags=Flags(with_))),
                [],
            )

        return worse

    def block(given: PolicyInput) -> Any:
        rules = replace(given.rules, unnamed=no)
        return (
            replace(given, rules=replace(rules, blocked=no)),
            replace(given, rules=replace(rules, blocked=yes)),
            [],
        )

    def no_rules(given: PolicyInput) -> Any:
        none: Any = Flags({severity: [] for severity in SEVERITIES})
        clean = replace(
            given.rules, blocked=no, unnamed=no, flags=none, known=yes, complete=yes
        )
        gone = replace(clean, known=no, complete=no)
        return replace(given, rules=clean), replace(given, rules=gone), []

    def error(given: PolicyInput) -> Any:
        rules = given.rules
        return (
            replace(given, rules=replace(rules, complete=rules.known)),
            replace(given, rules=replace(rules, complete=no)),
            [],
        )

    return {
        "one more hit": [*(hit(severity) for severity in SEVERITIES), block],
        "no rules": [no_rules],
        "a rule in error": [error],
    }


def _laws_of_the_rest() -> dict[str, list[Worse]]:
    no, yes = z3.BoolVal(val=False), z3.BoolVal(val=True)

    def no_screening(given: PolicyInput) -> Any:
        none = dict.fromkeys(given.screening, no)
        return (
            replace(given, screening={**none, "clear": yes}, stale=no),
            replace(given, screening={**none, "unavailable": yes}, stale=no),
            [z3.Bool("screening-clear")],
        )

    def no_velocity(given: PolicyInput) -> Any:
        known = replace(given, velocity_known=yes, lower_bound=no)
        return known, replace(known, velocity_known=no), []

    def no_history(given: PolicyInput) -> Any:
        known = replace(given, history=replace(given.history, known=yes))
        gone = replace(given, history=replace(given.history, known=no))
        return known, gone, []

    def less(name: Any) -> Worse:
        def worse(given: PolicyInput) -> Any:
            return (
                replace(given, absent={**given.absent, name: no}),
                replace(given, absent={**given.absent, name: yes}),
                [],
            )

        return worse

    return {
        "no screening": [no_screening],
        "no velocity": [no_velocity],
        "no history": [no_history],
        "a block less": [less(name) for name in BLOCKS],
    }


def _laws(document: PolicyDocument) -> dict[str, list[Worse]]:
    return {**_laws_of_scores(document), **_laws_of_rules(), **_laws_of_the_rest()}
