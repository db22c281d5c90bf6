"""The meaning of an expression, over any algebra.

The same as the online engine's: an operator is strict and its first operand that has no
value settles what it lacks (a missing field, or a failure), `&&` and `||` are settled by
either side alone, `?:` looks only at the side it takes.
"""

from collections.abc import Callable, Sequence
from typing import Any

from fraud_lab.rules.algebra import (
    Algebra,
    Mask,
    Number,
    Outside,
    Part,
    Text,
    Truth,
    both,
    either,
)
from fraud_lab.rules.checked import Call, Const, Field, Items, Node

_COMPARE: dict[str, Callable[[Any, Any], Any]] = {
    "_<_": lambda a, b: a < b,
    "_<=_": lambda a, b: a <= b,
    "_>_": lambda a, b: a > b,
    "_>=_": lambda a, b: a >= b,
}
_ARITHMETIC = {"_+_": "+", "_-_": "-", "_*_": "*", "_/_": "/"}


class Meaning:
    """Evaluates trees in one algebra. Equal parts are evaluated once."""

    def __init__(self, algebra: Algebra) -> None:
        self._algebra = algebra
        self._known: dict[Node, Part] = {}

    def truth(self, node: Node) -> Truth:
        """The value of a boolean tree. Raises Outside where the algebra has no form for it
        as a whole."""
        try:
            found = self._part(node)
        except Outside:
            found = self._known[node] = self._algebra.opaque(node)
        if not isinstance(found, Truth):
            raise Outside("not a truth value")
        return found

    def _part(self, node: Node) -> Part:
        found = self._known.get(node)
        if found is None:
            found = self._known[node] = self._compute(node)
        return found

    def _compute(self, node: Node) -> Part:
        algebra = self._algebra
        if isinstance(node, Const):
            if isinstance(node.value, bool):
                return Truth(algebra.mask(node.value), algebra.mask(not node.value))
            if isinstance(node.value, str):
                return Text(algebra.constant(node.value))
            if isinstance(node.value, int):
                return Number("int", algebra.constant(node.value))
            return Number("double", algebra.constant(node.value))
        if isinstance(node, Field):
            return algebra.field(node.name)
        if not isinstance(node, Call):
            raise Outside("a list or a macro")
        return self._call(node)

    def _call(self, call: Call) -> Part:
        name, args = call.function, call.args
        if name == "_&&_":
            return self._and(self.truth(args[0]), self.truth(args[1]))
        if name == "_||_":
            return negated(
                self._and(negated(self.truth(args[0])), negated(self.truth(args[1])))
            )
        if name == "!_":
            return negated(self.truth(args[0]))
        if name == "_?_:_":
            return self._choice(
                self.truth(args[0]), self._part(args[1]), self._part(args[2])
            )
        if name in ("_==_", "_!=_"):
            equal = self._equal(self._part(args[0]), self._part(args[1]))
            return equal if name == "_==_" else negated(equal)
        if name in _COMPARE:
            return self._ordered(name, self._part(args[0]), self._part(args[1]))
        if name.startswith("in_"):
            text = self._part(args[0])
            assert isinstance(text, Text)
            return _strict([text], self._algebra.member(text, name[3:]))
        if name == "@in" and isinstance(args[1], Items):
            return self._among(self._part(args[0]), args[1])
        return self._number(call)

    def _and(self, a: Truth, b: Truth) -> Truth:
        false = a.false | b.false
        fault = either(a.fault, None if b.fault is None else b.fault & a.true)
        if fault is not None:
            fault = fault & ~false
        return Truth(a.true & b.true, false, fault)

    def _choice(self, condition: Truth, then: Part, otherwise: Part) -> Part:
        pick = self._algebra.choose
        no = self._algebra.mask(False)
        fault = self._fault_of_choice(condition, then, otherwise)
        if isinstance(then, Truth) and isinstance(otherwise, Truth):
            true = (condition.true & then.true) | (condition.false & otherwise.true)
            false = (condition.true & then.false) | (condition.false & otherwise.false)
            return Truth(true, false, fault)
        if isinstance(then, Truth) or isinstance(otherwise, Truth):
            raise Outside("a choice of two types")
        yes = ~no
        known = (condition.true & (yes if then.known is None else then.known)) | (
            condition.false & (yes if otherwise.known is None else otherwise.known)
        )
        if isinstance(then, Text) and isinstance(otherwise, Text):
            return Text(pick(condition.true, then.code, otherwise.code), known, fault)
        if (
            isinstance(then, Number)
            and isinstance(otherwise, Number)
            and then.kind == otherwise.kind
        ):
            value = pick(condition.true, then.value, otherwise.value)
            return Number(then.kind, value, known, fault)
        raise Outside("a choice of two types")

    def _fault_of_choice(
        self, condition: Truth, then: Part, otherwise: Part
    ) -> Mask | None:
        fault = condition.fault
        if then.fault is not None:
            fault = either(fault, condition.true & then.fault)
        if otherwise.fault is not None:
            fault = either(fault, condition.false & otherwise.fault)
        return fault

    def _equal(self, a: Part, b: Part) -> Truth:
        if isinstance(a, Truth) and isinstance(b, Truth):
            return _strict([a, b], (a.true & b.true) | (a.false & b.false))
        if isinstance(a, Text) and isinstance(b, Text):
            return _strict([a, b], a.code == b.code)
        if isinstance(a, Number) and isinstance(b, Number) and a.kind == b.kind:
            return _strict([a, b], a.value == b.value)
        raise Outside("a comparison of two types")

    def _ordered(self, name: str, a: Part, b: Part) -> Truth:
        compare = _COMPARE[name]
        if isinstance(a, Number) and isinstance(b, Number) and a.kind == b.kind:
            return _strict([a, b], compare(a.value, b.value))
        if isinstance(a, Text) and isinstance(b, Text) and self._algebra.ordered_texts:
            return _strict([a, b], compare(a.code, b.code))
        raise Outside("an order of these types")

    def _among(self, one: Part, items: Items) -> Truth:
        others = [self._part(item) for item in items.items]
        equal = [self._equal(one, other).true for other in others]
        found = self._algebra.mask(False)
        for mask in equal:
            found = found | mask
        return _strict([one, *others], found)

    def _number(self, call: Call) -> Number:
        args = [self._part(arg) for arg in call.args if not isinstance(arg, Items)]
        numbers = [arg for arg in args if isinstance(arg, Number)]
        if len(numbers) != len(call.args):
            raise Outside(call.function)
        if call.overload == "int64_to_double":
            value = self._algebra.arithmetic("double", numbers[0], numbers[0])[0]
            return Number("double", value, numbers[0].known, numbers[0].fault)
        sign = _ARITHMETIC.get(call.function)
        if sign is None or numbers[0].kind != numbers[-1].kind:
            raise Outside(call.function)
        value, failed = self._algebra.arithmetic(sign, *numbers)
        known, fault = _lacking(numbers)
        failed = failed if known is None else failed & known
        return Number(
            numbers[0].kind, value, both(known, ~failed), either(fault, failed)
        )


def negated(truth: Truth) -> Truth:
    """`!`: true where false, failed where failed."""
    return Truth(truth.false, truth.true, truth.fault)


def _lacking(parts: Sequence[Part]) -> tuple[Mask | None, Mask | None]:
    """Where all parts have values, and where the first that has none failed."""
    known: Mask | None = None
    fault: Mask | None = None
    for part in parts:
        if part.fault is not None:
            fault = either(fault, part.fault if known is None else part.fault & known)
        known = both(known, part.known)
    return known, fault


def _strict(parts: Sequence[Part], holds: Mask) -> Truth:
    known, fault = _lacking(parts)
    if known is None:
        return Truth(holds, ~holds, fault)
    return Truth(known & holds, known & ~holds, fault)
