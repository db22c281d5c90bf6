"""Is there a payment with a milder verdict? Proved that not, or shown the payment.

A pair is two versions of a ruleset under one policy, or two versions of a policy under
whatever rules may say. A witness counts only once both running engines have been asked
about it. What a proof leans on without knowing it, parts of rules without a form for the
solver, is named with it.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from time import perf_counter
from typing import Any, Literal

import z3

from fraud_engines.policy.policy import Policy
from fraud_engines.rules import engine
from fraud_engines.rules.ruleset import Ruleset
from fraud_lab.rules.proof.cases import (
    RuleFormula,
    all_premises,
    any_rules,
    policy_input,
    rule_formulas,
    rules_said,
    space_of,
)
from fraud_lab.rules.proof.formulas import Formulas
from fraud_lab.rules.proof.witness import Witness, witness
from fraud_lab.rules.verdicts import AtLeast, PolicyInput, PolicyVerdicts
from fraud_shared.contracts.decision import Verdict
from fraud_shared.contracts.entries import Marker
from fraud_shared.contracts.signal import RuleHit, RulesResult

Outcome = Literal["proved", "witness", "open"]
# Longer than any question about shipped rules took, by far.
TIMEOUT_MS = 20_000
# Models that are tried before a witness that no engine confirms is given up.
TRIES = 5


@dataclass(frozen=True)
class Proof:
    """The answer to one question. `why` says what keeps an open one open; `outside` names
    parts of rules that the solver knows nothing about."""

    outcome: Outcome
    seconds: float
    witness: Witness | None = None
    old: Any = None
    new: Any = None
    why: str = ""
    outside: tuple[str, ...] = ()

    def to_dict(self) -> dict[str, Any]:
        """For `--json`."""
        return {
            "outcome": self.outcome,
            "seconds": round(self.seconds, 3),
            "witness": None if self.witness is None else self.witness.shown(),
            "old": str(self.old),
            "new": str(self.new),
            "why": self.why,
            "outside": list(self.outside),
        }


@dataclass
class Pair:
    """Two versions in one space. `ask` confirms a witness: what old and new say of it."""

    space: Formulas
    given: PolicyInput
    premises: list[Any]
    old: AtLeast
    new: AtLeast
    policy: Policy
    abstract_rules: bool
    now: datetime
    said: Callable[[Witness], tuple[Any, Any]]
    verdicts: Callable[[Witness], tuple[Verdict, Verdict]]
    old_rules: list[RuleFormula] = field(default_factory=list)
    new_rules: list[RuleFormula] = field(default_factory=list)

    def milder(self, *, swapped: bool = False) -> Proof:
        """Whether some payment gets a milder verdict from the new version."""
        old, new = (self.new, self.old) if swapped else (self.old, self.new)
        goal = z3.Or(
            z3.And(old.challenge, z3.Not(new.challenge)),
            z3.And(old.decline, z3.Not(new.decline)),
        )

        def confirm(found: Witness) -> tuple[bool, Any, Any]:
            before, after = self.verdicts(found)
            if swapped:
                before, after = after, before
            return after.severity < before.severity, before, after

        return self.search(goal, confirm)

    def differing(self) -> Proof:
        """Whether some payment's rules say anything else, though the verdict may be the
        same: hits, shadow hits and errors, by the id of the rule."""
        old = {one.rule.ref.partition("@")[0]: one for one in self.old_rules}
        new = {one.rule.ref.partition("@")[0]: one for one in self.new_rules}
        apart = []
        for name in old.keys() & new.keys():
            a, b = old[name], new[name]
            if _shape(a) != _shape(b):
                apart += [a.truth.true, b.truth.true, a.failed, b.failed]
            apart += [a.truth.true != b.truth.true, a.error != b.error]
            apart.append(a.failed != b.failed)
        for name in old.keys() ^ new.keys():
            one = old.get(name) or new[name]
            apart += [one.truth.true, one.failed]
        goal = z3.Or(apart)

        def confirm(found: Witness) -> tuple[bool, Any, Any]:
            before, after = self.said(found)
            return before != after, before, after

        return self.search(goal, confirm)

    def search(
        self, goal: Any, confirm: Callable[[Witness], tuple[bool, Any, Any]]
    ) -> Proof:
        """Prove that the goal never holds, or find a payment where it does that the
        engines confirm."""
        began = perf_counter()
        solver = z3.Solver()
        solver.set("timeout", TIMEOUT_MS)
        solver.add(*self.premises, goal)
        exact = [*self.space.products, *(slack == 0 for slack in self.space.slacks)]
        solver.push()
        solver.add(*exact)
        asked = 0
        for _ in range(TRIES):
            if solver.check() != z3.sat:
                break
            asked += 1
            model = solver.model()
            confirmed = self._confirmed(model, confirm)
            if confirmed is not None:
                found, before, after = confirmed
                seconds = perf_counter() - began
                return Proof(
                    "witness", seconds, found, before, after, "", self._outside()
                )
            solver.add(self._another(model))
        solver.pop()
        return self._without_witness(solver, asked, perf_counter() - began)

    def _without_witness(self, solver: Any, asked: int, spent: float) -> Proof:
        """No payment was found: proved, where there is none within rounding either."""
        began = perf_counter()
        result = solver.check()
        if result == z3.sat and self.space.products:
            solver.add(*self.space.products)
            result = solver.check()
        seconds = spent + perf_counter() - began
        if result == z3.unsat:
            return Proof("proved", seconds, outside=self._outside())
        if self.space.outside:
            why = "it depends on parts that have no form for the solver"
        elif result == z3.unknown:
            why = f"not decided: {solver.reason_unknown()}"
        elif asked:
            why = "the engines confirmed no payment that the solver proposed"
        else:
            why = "only within what doubles round"
        return Proof("open", seconds, why=why, outside=self._outside())

    def _confirmed(
        self, model: Any, confirm: Callable[[Witness], tuple[bool, Any, Any]]
    ) -> tuple[Witness, Any, Any] | None:
        try:
            found = witness(
                self.space,
                model,
                self.given,
                self.policy.document,
                abstract_rules=self.abstract_rules,
                now=self.now,
            )
        except ValueError:
            return None
        real, before, after = confirm(found)
        return (found, before, after) if real else None

    def _another(self, model: Any) -> Any:
        """Some number or text is another than in this model."""
        others = [
            d() != model[d]
            for d in model.decls()
            if d.arity() == 0 and d.range() in (z3.IntSort(), z3.RealSort())
        ]
        return z3.Or(others) if others else z3.BoolVal(val=False)

    def _outside(self) -> tuple[str, ...]:
        return tuple(sorted(self.space.outside))


def _shape(one: RuleFormula) -> tuple[Any, ...]:
    rule = one.rule
    return one.acts, rule.effect, rule.severity, rule.tier, rule.on_error


def rulesets(old: Ruleset, new: Ruleset, policy: Policy, now: datetime) -> Pair:
    """Two rulesets under one policy."""
    space, meanings = space_of([old, new], [policy.document])
    before = rule_formulas(space, old, meanings[0], now)
    after = rule_formulas(space, new, meanings[1], now)
    given, facts = policy_input(
        space, rules_said(before), len(policy.document.models.anomaly)
    )
    verdicts = PolicyVerdicts(policy.document, space)
    strict = verdicts.of(given)
    strict_new = verdicts.of(replace(given, rules=rules_said(after)))

    def results(found: Witness) -> tuple[RulesResult, RulesResult]:
        first, second = (_evaluated(r, found, now) for r in (old, new))
        return first, second

    def decided(found: Witness) -> tuple[Verdict, Verdict]:
        first, second = (
            policy.decide(found.request.model_copy(update={"rules": r})).decision
            for r in results(found)
        )
        return first, second

    return Pair(
        space=space,
        given=given,
        premises=all_premises(space, facts),
        old=strict,
        new=strict_new,
        policy=policy,
        abstract_rules=False,
        now=now,
        said=lambda found: _said(results(found)),
        verdicts=decided,
        old_rules=before,
        new_rules=after,
    )


def _evaluated(ruleset: Ruleset, found: Witness, now: datetime) -> RulesResult:
    """What the engine says, with the account on the allow list where the witness is."""
    if found.allowed:
        account = found.payment.account_id
        entry = Marker(
            marker_id="witness", on="allow", kind="account", value=account,
            expires_at=None, ended=False,
        )  # fmt: skip
        ruleset.register.apply([entry], 1)
    try:
        return engine.evaluate(ruleset, found.payment, found.vector, now)
    finally:
        ruleset.register.clear()


def _said(results: Sequence[RulesResult]) -> tuple[Any, Any]:
    first, second = (
        (
            _hits(r.hits),
            _hits(r.shadow),
            _hits(r.overridden),
            frozenset(name.partition("@")[0] for name in r.errors),
        )
        for r in results
    )
    return first, second


def _hits(hits: Sequence[RuleHit]) -> frozenset[tuple[str, ...]]:
    return frozenset(
        (h.rule.partition("@")[0], h.effect, h.severity, h.kind) for h in hits
    )


class DifferentModels(ValueError):
    """The two policies ask different models: their risks are not the same number."""


def policies(old: Policy, new: Policy, now: datetime) -> Pair:
    """Two policies, whatever the rules say. Raises DifferentModels."""
    if old.document.models != new.document.models:
        raise DifferentModels("the policies ask different models")
    space, _ = space_of([], [old.document, new.document])
    said, facts = any_rules()
    given, more = policy_input(space, said, len(old.document.models.anomaly))

    def decided(found: Witness) -> tuple[Verdict, Verdict]:
        return old.decide(found.request).decision, new.decide(found.request).decision

    return Pair(
        space=space,
        given=given,
        old=PolicyVerdicts(old.document, space).of(given),
        new=PolicyVerdicts(new.document, space).of(given),
        premises=all_premises(space, [*facts, *more]),
        policy=old,
        abstract_rules=True,
        now=now,
        said=decided,
        verdicts=decided,
    )
