"""Rules and policies as formulas: the algebra of the solver.

Exact for what it covers. A field is a value and whether it is known. Integers are unbounded
with an explicit failure beyond 64 bits; doubles are compared as the real numbers that they
are and never computed with; texts are numbers (`texts.py`). What has no such form is an
opaque truth, equal wherever the same part stands: that proves no less, and whether a
witness through it is real, the engine decides.
"""

from collections.abc import Mapping
from fractions import Fraction
from typing import Any

import z3

from fraud_engines.policy.costs import Costs
from fraud_engines.rules.expression import FieldType
from fraud_lab.rules.algebra import Mask, Number, Outside, Part, Terms, Text, Truth
from fraud_lab.rules.checked import Constant, Node, Unwritable, write
from fraud_lab.rules.proof.texts import Texts
from fraud_shared.contracts.decision import Verdict

LEAST, MOST = -(2**63), 2**63 - 1


class Formulas:
    """One space of payments in the solver's terms."""

    ordered_texts = False

    def __init__(self, types: Mapping[str, FieldType], texts: Texts) -> None:
        self.texts = texts
        self._types = types
        self.parts: dict[str, Part] = {}
        # Opaque parts by their source: what a proof assumes nothing about.
        self.outside: dict[str, Truth] = {}
        self.facts: list[Any] = []
        self._products: dict[tuple[int, int], tuple[Any, Any]] = {}
        self.products: list[Any] = []
        self.slacks: list[Any] = []
        self._slack: dict[tuple[Costs, Verdict, int, int], Any] = {}

    def mask(self, value: bool) -> Mask:
        """True or false."""
        return z3.BoolVal(value)

    def constant(self, value: Constant) -> Terms:
        """A literal, to its last binary digit."""
        if isinstance(value, str):
            return z3.IntVal(self.texts.code[value])
        return exact(value)

    def field(self, name: str) -> Part:
        """A field's variables, made when first asked for."""
        found = self.parts.get(name)
        if found is None:
            if name not in self._types:
                raise Outside(name)
            found = self.parts[name] = self._variable(name, self._types[name])
        return found

    def _variable(self, name: str, kind: FieldType) -> Part:
        if kind == "timestamp":
            raise Outside("a time")
        known = z3.Bool(f"{name}?")
        if kind == "bool":
            value = z3.Bool(name)
            return Truth(z3.And(known, value), z3.And(known, z3.Not(value)))
        if kind == "string":
            code = z3.Int(name)
            inside = [z3.And(code >= a, code < b) for a, b in self.texts.possible(name)]
            self.facts.append(z3.Or(inside))
            return Text(code, known)
        if kind == "int":
            number = z3.Int(name)
            # A vector holds doubles: beyond this not every whole number.
            self.facts += [number >= -(2**53), number <= 2**53]
            return Number("int", number, known)
        return Number("double", z3.Real(name), known)

    def member(self, text: Text, name: str) -> Mask:
        """Whether a text is on a list: in one of its ranges."""
        if name not in self.texts.ranges:
            raise Outside("a list that people edit")
        ranges = self.texts.ranges[name]
        return z3.Or([z3.And(text.code >= a, text.code < b) for a, b in ranges])

    def choose(self, condition: Mask, then: Terms, otherwise: Terms) -> Terms:
        """One of two."""
        if isinstance(then, int | float) and not isinstance(then, bool):
            then = exact(then)
        if isinstance(otherwise, int | float) and not isinstance(otherwise, bool):
            otherwise = exact(otherwise)
        return z3.If(condition, then, otherwise)

    def arithmetic(self, sign: str, left: Number, right: Number) -> tuple[Terms, Mask]:
        """Sums, and products with a literal, of integers. Doubles round: outside."""
        a, b = left.value, right.value
        if sign == "double":
            if not z3.is_const(a):
                raise Outside("a sum as a double")
            return z3.ToReal(a), z3.BoolVal(val=False)
        if left.kind == "double" or sign == "/":
            raise Outside("arithmetic that rounds")
        if sign == "*" and not (z3.is_int_value(a) or z3.is_int_value(b)):
            raise Outside("a product of fields")
        value = a + b if sign == "+" else a - b if sign == "-" else a * b
        return value, z3.Or(value < LEAST, value > MOST)

    def opaque(self, node: Node) -> Truth:
        """A truth of which nothing is known but that it is one."""
        try:
            source = write(node)
        except Unwritable as macro:
            raise Outside(str(macro)) from None
        return self.opaque_source(source)

    def opaque_source(self, source: str) -> Truth:
        """The same, by the source of the part."""
        found = self.outside.get(source)
        if found is None:
            state = z3.Int(f"opaque:{source}")
            self.facts += [state >= 0, state <= 3]
            found = Truth(state == 0, state == 1, state == 3)
            self.outside[source] = found
        return found

    def cost(self, costs: Costs, verdict: Verdict, risk: Terms, amount: Terms) -> Terms:
        """The expected cost, with the product of risk and amount as a variable, and a slack
        that covers what the engine's doubles round; the same for the same table."""
        p = self._product(risk, amount)
        share, fee = exact(costs.loss_share), exact(costs.loss_fee_minor)
        loss = share * p + fee * risk
        lost_sale = (
            exact(costs.false_decline_share) * (z3.ToReal(amount) - p)
            + exact(costs.false_decline_minor) * (1 - risk)
        )  # fmt: skip
        slack = self._slack_of(costs, verdict, risk, amount)
        if verdict is Verdict.APPROVE:
            return loss + slack
        if verdict is Verdict.DECLINE:
            return lost_sale + slack
        let_by = exact(1.0 - costs.challenge_stops)
        lost = exact(costs.challenge_loses)
        return exact(costs.challenge_minor) + let_by * loss + lost * lost_sale + slack

    def _product(self, risk: Any, amount: Any) -> Any:
        key = (risk.get_id(), amount.get_id())
        if key not in self._products:
            p = z3.Real(f"risk*amount:{len(self._products)}")
            self.facts += [p >= 0, p <= z3.ToReal(amount), p <= 10**13 * risk]
            self.products.append(p == risk * z3.ToReal(amount))
            # Terms are kept, so that no other gets their number.
            self._products[key] = (p, (risk, amount))
        return self._products[key][0]

    def _slack_of(self, costs: Costs, verdict: Verdict, risk: Any, amount: Any) -> Any:
        key = (costs, verdict, risk.get_id(), amount.get_id())
        if key not in self._slack:
            slack = z3.Real(f"rounding:{len(self._slack)}")
            bound = z3.ToReal(amount) * exact(1e-14) + exact(1e-9)
            self.facts += [slack <= bound, slack >= -bound]
            self.slacks.append(slack)
            self._slack[key] = slack
        return self._slack[key]


def exact(value: float) -> Any:
    """A number as the solver's, to the last binary digit."""
    if isinstance(value, int):
        return z3.IntVal(value)
    fraction = Fraction(value)
    return z3.Q(fraction.numerator, fraction.denominator)
