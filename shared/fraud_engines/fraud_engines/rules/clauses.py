"""A rule as alternatives of conditions on single fields, for checks without a solver.

An expression becomes a disjunction of clauses; a clause holds, for each field, the values
that it leaves. What is not a comparison of a field with a constant is kept as it is written:
equal to itself and known to contradict its own negation, no more.
"""

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from typing import get_args

from fraud_engines.rules.expression import FieldType
from fraud_engines.rules.syntax import Node
from fraud_shared.contracts.transaction import Channel, EntryMode, Kind

# Alternatives beyond which a rule is not looked at.
MOST = 64
Literal = tuple[Node, bool]
_OPPOSITE = {"<": ">=", "<=": ">", ">": "<=", ">=": "<", "==": "!=", "!=": "=="}
_MIRRORED = {"<": ">", "<=": ">=", ">": "<", ">=": "<=", "==": "==", "!=": "!="}
# What a payment can have, whatever a rule asks.
_TEXTS: Mapping[str, frozenset[str]] = {
    "kind": frozenset(get_args(Kind)),
    "channel": frozenset(get_args(Channel)),
    "entry_mode": frozenset(get_args(EntryMode)),
}
_AMOUNT = (0.0, 1e13)


class TooMany(ValueError):
    """The expression has more alternatives than are looked at."""


@dataclass(frozen=True, slots=True)
class Values:
    """The values of a field that a clause leaves: an interval of numbers, with ends that
    belong to it, or texts and truth values, all or some, less others."""

    low: float = -math.inf
    high: float = math.inf
    only: frozenset[object] | None = None
    never: frozenset[object] = frozenset()

    @property
    def empty(self) -> bool:
        """Whether no value is left."""
        if self.low > self.high or (self.low == self.high and self.low in self.never):
            return True
        return self.only is not None and not any(map(self._within, self.only))

    def _within(self, value: object) -> bool:
        if value in self.never:
            return False
        number = isinstance(value, int | float) and not isinstance(value, bool)
        return not number or self.low <= float(value) <= self.high  # type: ignore[arg-type]

    def inside(self, other: "Values") -> bool:
        """Whether every value that is left here is left there."""
        if self.only is not None:
            mine = [value for value in self.only if self._within(value)]
            return all(
                other._within(v) and (other.only is None or v in other.only)
                for v in mine
            )
        return (
            other.only is None
            and other.low <= self.low
            and self.high <= other.high
            and all(v in self.never or not self._within(v) for v in other.never)
        )


@dataclass(slots=True)
class Clause:
    """Conditions that hold together: what they leave of each field, and what else they
    ask."""

    fields: dict[str, Values] = field(default_factory=dict)
    other: set[Literal] = field(default_factory=set)

    @property
    def empty(self) -> bool:
        """Whether no payment can meet it."""
        return any(v.empty for v in self.fields.values()) or any(
            (node, not wanted) in self.other for node, wanted in self.other
        )

    def inside(self, other: "Clause") -> bool:
        """Whether every payment that meets this one meets the other."""
        return other.other <= self.other and all(
            name in self.fields and self.fields[name].inside(values)
            for name, values in other.fields.items()
        )


@dataclass(frozen=True, slots=True)
class Clauses:
    """Reads expressions over these fields and lists."""

    types: Mapping[str, FieldType]
    lists: Mapping[str, frozenset[str]]

    def of(self, tree: Node, wanted: bool = True) -> list[Clause]:
        """The alternatives in which the expression is true, or false; those that no payment
        can meet are left out. Raises TooMany."""
        made = (self._clause(each) for each in _alternatives(tree, wanted))
        return [clause for clause in made if not clause.empty]

    def _clause(self, literals: frozenset[Literal]) -> Clause:
        clause = Clause()
        for node, wanted in literals:
            found = self._condition(node, wanted)
            if found is None:
                clause.other.add((node, wanted))
                continue
            name, values = found
            before = clause.fields.get(name, self._domain(name))
            clause.fields[name] = _both(before, values)
        return clause

    def _domain(self, name: str) -> Values:
        if name == "amount_minor":
            return Values(*_AMOUNT)
        return Values(only=_TEXTS.get(name))

    def _condition(self, node: Node, wanted: bool) -> tuple[str, Values] | None:
        """A literal as the values that it leaves of one field; None for what is none."""
        if node.kind == "literal":
            holds = node.value is wanted
            return "", Values(only=None if holds else frozenset())
        if node.kind == "field":
            return str(node.value), Values(only=frozenset({wanted}))
        if node.kind == "call" and len(node.parts) == 1:
            name, (about,) = str(node.value).removeprefix("in_"), node.parts
            if about.kind == "field" and name in self.lists:
                return str(about.value), _some(frozenset(self.lists[name]), wanted)
        if node.kind == "in" and node.parts[0].kind == "field":
            return self._listed(node, wanted)
        if node.kind in _OPPOSITE:
            return self._compared(node, wanted)
        return None

    def _listed(self, node: Node, wanted: bool) -> tuple[str, Values] | None:
        about, items = node.parts
        if items.kind != "list" or any(i.kind != "literal" for i in items.parts):
            return None
        values = frozenset(item.value for item in items.parts)
        return str(about.value), _some(values, wanted)

    def _compared(self, node: Node, wanted: bool) -> tuple[str, Values] | None:
        left, right = node.parts
        sign = node.kind
        if left.kind == "literal":
            left, right, sign = right, left, _MIRRORED[sign]
        if left.kind != "field" or right.kind != "literal":
            return None
        name, value = str(left.value), right.value
        sign = sign if wanted else _OPPOSITE[sign]
        if sign in ("==", "!="):
            return name, _some(frozenset({value}), sign == "==")
        if isinstance(value, str | bool) or value is None:
            return None
        return name, _range(sign, float(value), whole=self.types.get(name) == "int")


def _alternatives(node: Node, wanted: bool) -> list[frozenset[Literal]]:
    """Disjunctive normal form. Raises TooMany."""
    if node.kind == "not":
        return _alternatives(node.parts[0], not wanted)
    if node.kind == "?":
        condition, then, other = node.parts
        return _bounded(
            _product(_alternatives(condition, True), _alternatives(then, wanted))
            + _product(_alternatives(condition, False), _alternatives(other, wanted))
        )
    if node.kind not in ("&&", "||"):
        return [frozenset({(node, wanted)})]
    parts = [_alternatives(part, wanted) for part in node.parts]
    if (node.kind == "&&") == wanted:
        joined = parts[0]
        for part in parts[1:]:
            joined = _product(joined, part)
        return joined
    return _bounded([each for part in parts for each in part])


def _product(
    one: list[frozenset[Literal]], other: list[frozenset[Literal]]
) -> list[frozenset[Literal]]:
    if len(one) * len(other) > MOST:
        raise TooMany
    return [a | b for a in one for b in other]


def _bounded(found: list[frozenset[Literal]]) -> list[frozenset[Literal]]:
    if len(found) > MOST:
        raise TooMany
    return found


def _some(values: frozenset[object], wanted: bool) -> Values:
    return Values(only=values) if wanted else Values(never=values)


def _range(sign: str, value: float, *, whole: bool) -> Values:
    """The numbers that a comparison leaves, with ends that belong to it."""
    below: Callable[[float], float] = lambda v: math.nextafter(v, -math.inf)
    above: Callable[[float], float] = lambda v: math.nextafter(v, math.inf)
    if whole:
        below, above = (lambda v: v - 1), (lambda v: v + 1)
    return {
        "<": Values(high=below(value)),
        "<=": Values(high=value),
        ">": Values(low=above(value)),
        ">=": Values(low=value),
    }[sign]


def _both(one: Values, other: Values) -> Values:
    only = one.only
    if other.only is not None:
        only = other.only if only is None else only & other.only
    return replace(
        one,
        low=max(one.low, other.low),
        high=min(one.high, other.high),
        only=only,
        never=one.never | other.never,
    )
