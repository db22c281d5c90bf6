"""One payment and everything a verdict depends on, as formulas."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import z3

from fraud_engines.policy.policy_schema import SEVERITIES, PolicyDocument, Severity
from fraud_engines.rules.fields import WITNESS, declared
from fraud_engines.rules.ruleset import Rule, Ruleset
from fraud_features.definitions.registry import PAYMENT_FEATURES
from fraud_lab.rules.algebra import Number, Outside, Text, Truth
from fraud_lab.rules.checked import Const, Node, read, walk
from fraud_lab.rules.month import BLOCKS
from fraud_lab.rules.policy_columns import STATUSES
from fraud_lab.rules.proof.formulas import Formulas
from fraud_lab.rules.proof.payments import known, premises
from fraud_lab.rules.proof.texts import Texts
from fraud_lab.rules.truths import Meaning
from fraud_lab.rules.verdicts import PolicyInput, RulesSaid
from fraud_shared.contracts.transaction import Block

TYPES = declared(PAYMENT_FEATURES)
# Whether the paying account is on the allow list that people edit.
ALLOWED = z3.Bool("allowed")
_STORED = frozenset(
    f.name
    for f in PAYMENT_FEATURES.features
    if f.source in ("velocity", "profile", "risk")
)
FIELDS_OF_BLOCK: dict[Block, tuple[str, ...]] = {
    "card": ("card_token",),
    "merchant": ("merchant_id",),
    "device": ("device_id", "ip", "os"),
    "location": ("location_country",),
    "session": (),
    "customer": ("customer_country",),
    "counterparty": ("counterparty_account", "counterparty_country"),
}


def tree(rule: Rule) -> Node:
    """The checked tree of a rule."""
    return read(rule.expression.checked())


def space_of(
    rulesets: Sequence[Ruleset], policies: Sequence[PolicyDocument]
) -> tuple[Formulas, list[Meaning]]:
    """A space with every text that these rulesets and policies name, and what expressions
    mean in it, by ruleset: rulesets with the same lists share it."""
    constants = {
        part.value
        for ruleset in rulesets
        for rule in ruleset.evaluated
        for part in walk(tree(rule))
        if isinstance(part, Const) and isinstance(part.value, str)
    }
    for policy in policies:
        whens = [s.when for s in policy.segments]
        whens += [row.when for row in policy.required_blocks]
        constants |= {t for w in whens for t in (*w.kind, *w.channel, *w.mcc)}
    own = [ruleset.lists for ruleset in rulesets]
    numbers = [own.index(lists) for lists in own]
    lists = {
        f"{name}#{number}": entries
        for number in set(numbers)
        for name, entries in own[number].items()
    }
    space = Formulas(TYPES, Texts(constants, lists))
    algebras: Any = {number: _Own(space, number) for number in set(numbers)}
    meanings = {number: Meaning(algebra) for number, algebra in algebras.items()}
    return space, [meanings[number] for number in numbers]


class _Own:
    """The space as one ruleset sees it: with its own lists."""

    def __init__(self, space: Formulas, number: int) -> None:
        self._space, self._number = space, number

    def __getattr__(self, name: str) -> Any:
        return getattr(self._space, name)

    def member(self, text: Text, name: str) -> Any:
        return self._space.member(text, f"{name}#{self._number}")


@dataclass(frozen=True, slots=True)
class RuleFormula:
    """One rule: where it is true, where it failed, and where it acts and is an error. Whether
    it acts depends on no payment."""

    rule: Rule
    truth: Truth
    failed: Any
    error: Any
    acts: bool


@dataclass(frozen=True)
class Flags:
    """FLAG hits as formulas."""

    by_severity: Mapping[str, Sequence[Any]]

    def at_least(self, count: int, severities: Sequence[Severity]) -> Any:
        """Where so many hits have one of these severities."""
        hits = [hit for severity in severities for hit in self.by_severity[severity]]
        if count > len(hits):
            return z3.BoolVal(val=False)
        return z3.Or(hits) if count == 1 else z3.AtLeast(*hits, count)


def rule_formulas(
    space: Formulas, ruleset: Ruleset, meaning: Meaning, now: datetime
) -> list[RuleFormula]:
    """Every evaluated rule of a ruleset."""
    reading = ruleset.reader.names
    lost = {n: _lost(space, n) for n in reading if n in _STORED}
    any_lost = z3.Or(list(lost.values()))
    found = []
    for rule in ruleset.evaluated:
        try:
            truth = meaning.truth(tree(rule))
        except Outside:
            truth = space.opaque_source(rule.expression.source)
        uses = [lost[n] for n in rule.expression.uses if n in lost]
        no = failed = z3.BoolVal(val=False)
        if truth.fault is not None:
            asked = [known(space, n) for n in rule.expression.needs]
            failed = z3.And(truth.fault, z3.Or(any_lost, z3.And(asked)))
        error = z3.Or(failed, z3.And(z3.Not(truth.known), z3.Or(uses)))
        acts = rule.acts(now)
        found.append(RuleFormula(rule, truth, failed, error if acts else no, acts))
    return found


def _lost(space: Formulas, name: str) -> Any:
    return z3.And(z3.Not(known(space, name)), z3.Not(known(space, WITNESS)))


def rules_said(formulas: Sequence[RuleFormula]) -> RulesSaid:
    """What rules that answered say together. The account may be on the allow list, which
    outweighs whatever a soft rule says."""
    flags: dict[str, list[Any]] = {severity: [] for severity in SEVERITIES}
    blocks: list[Any] = []
    for one in formulas:
        if not one.acts:
            continue
        failing = one.rule.failed(0.0)
        for said, where in ((one.rule, one.truth.true), (failing, one.failed)):
            hit = where if one.rule.tier == "hard" else z3.And(where, z3.Not(ALLOWED))
            into = blocks if said.effect == "BLOCK" else flags[said.severity]
            if not z3.is_false(where):
                into.append(hit)
    return RulesSaid(
        blocked=z3.Or(blocks),
        flags=Flags(flags),
        unnamed=z3.BoolVal(val=False),
        known=z3.BoolVal(val=True),
        complete=z3.Not(z3.Or([f.error for f in formulas])),
    )


# More hits of one severity than any policy counts.
_MANY = 6


def any_rules() -> tuple[RulesSaid, list[Any]]:
    """What rules might say, whatever they are, and what holds of it."""
    flags: dict[str, list[Any]] = {
        s: [z3.Bool(f"{s}-hit-{n}") for n in range(_MANY)] for s in SEVERITIES
    }
    blocked, unnamed = z3.Bool("blocked"), z3.Bool("unnamed")
    answered, complete = z3.Bool("answered"), z3.Bool("complete")
    hits = [hit for row in flags.values() for hit in row]
    facts = [
        z3.Implies(complete, answered),
        z3.Implies(unnamed, z3.Not(z3.Or(blocked, *hits))),
    ]
    said = RulesSaid(blocked, Flags(flags), unnamed, answered, complete)
    return said, facts


def policy_input(
    space: Formulas, rules: RulesSaid, anomalies: int
) -> tuple[PolicyInput, list[Any]]:
    """The rest of what a policy is given, tied to the payment's fields, and what holds."""
    facts: list[Any] = []
    risk = _share("risk", facts)
    scores = tuple(_share(f"anomaly-{n}", facts) for n in range(anomalies))
    screening: dict[str, Any] = {
        status: z3.Bool(f"screening-{status}") for status in STATUSES
    }
    facts.append(z3.PbEq([(mask, 1) for mask in screening.values()], 1))
    absent = {block: z3.Bool(f"absent-{block}") for block in BLOCKS}
    for block, mask in absent.items():
        gone = [z3.Not(known(space, name)) for name in FIELDS_OF_BLOCK[block]]
        facts.append(z3.Implies(mask, z3.And(gone)))
    typical = _whole_of(space, "typical_amount", facts)
    given = PolicyInput(
        kind=_text(space, "kind"),
        channel=_text(space, "channel"),
        mcc=_text(space, "mcc"),
        amount=_number(space, "amount_ref_minor").value,
        risk=risk,
        anomalies=scores,
        beyond=z3.Bool("beyond"),
        rules=rules,
        screening=screening,
        stale=z3.Bool("stale"),
        velocity_known=z3.Bool("velocity-known"),
        lower_bound=z3.Bool("lower-bound"),
        history=_number(space, "history_payments"),
        largest=_number(space, "account_max_30d"),
        typical=typical,
        stand_in_count=_count("stand-in-count", facts),
        stand_in_sum=_count("stand-in-sum", facts),
        absent=absent,
    )
    return given, facts


def all_premises(space: Formulas, facts: Sequence[Any]) -> list[Any]:
    """Everything that holds of the case; last, because it speaks of every field in it."""
    return [*premises(space), *facts, *space.facts]


def _text(space: Formulas, name: str) -> Text:
    part = space.field(name)
    assert isinstance(part, Text)
    return part


def _number(space: Formulas, name: str) -> Number:
    part = space.field(name)
    assert isinstance(part, Number)
    return part


def _share(name: str, facts: list[Any]) -> Number:
    value = z3.Real(name)
    facts += [value >= 0, value <= 1]
    return Number("double", value, z3.Bool(f"{name}?"))


def _count(name: str, facts: list[Any]) -> Number:
    value = z3.Int(name)
    facts += [value >= 0, value <= 2**53]
    return Number("int", value, z3.Bool(f"{name}?"))


def _whole_of(space: Formulas, name: str, facts: list[Any]) -> Number:
    """The whole part of a field, as the gateway passes it on."""
    part = _number(space, name)
    whole = z3.Int(f"{name}:whole")
    facts += [part.value >= 0, part.value <= 10**13]
    facts += [z3.ToReal(whole) <= part.value, part.value < z3.ToReal(whole) + 1]
    return Number("int", whole, part.known)
