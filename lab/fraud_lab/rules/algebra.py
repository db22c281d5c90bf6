"""What rules and policies are made of, whatever computes them: columns or formulas.

A mask is a numpy column of truths or a formula of the solver; both know `&`, `|` and `~`.
Values are numpy columns of numbers or arithmetic terms; both know `+`, `<=` and the like.
So the meaning of a rule, and of the policy, is written once and computed twice.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any, Literal, Protocol

from fraud_engines.policy.costs import Costs
from fraud_lab.rules.checked import Constant, Node
from fraud_shared.contracts.decision import Verdict

Mask = Any
Terms = Any
NumberKind = Literal["int", "double"]


class Outside(ValueError):
    """An algebra cannot express this part of a rule; the text says which."""


@dataclass(frozen=True, slots=True)
class Truth:
    """A boolean of the rules' language: true, false, failed, or unknown where it is none of
    the three. `fault` None: it never fails."""

    true: Mask
    false: Mask
    fault: Mask | None = None

    @property
    def known(self) -> Mask:
        """Where it is true or false."""
        return self.true | self.false


@dataclass(frozen=True, slots=True)
class Number:
    """A number; its value counts only where it is known. `known` None: everywhere."""

    kind: NumberKind
    value: Terms
    known: Mask | None = None
    fault: Mask | None = None


@dataclass(frozen=True, slots=True)
class Text:
    """A text as a place in a list of texts: equal texts have equal places."""

    code: Terms
    known: Mask | None = None
    fault: Mask | None = None


Part = Truth | Number | Text


class Algebra(Protocol):
    """The operations that differ between columns and formulas."""

    # Whether the order of codes is the order of the texts.
    ordered_texts: bool

    def mask(self, value: bool) -> Mask:
        """The same truth everywhere."""
        ...

    def constant(self, value: Constant) -> Terms:
        """A number, or the code of a text."""
        ...

    def field(self, name: str) -> Part:
        """A declared field. Raises Outside for any other name."""
        ...

    def member(self, text: Text, name: str) -> Mask:
        """Whether a text is on a list; counts only where the text is known."""
        ...

    def choose(self, condition: Mask, then: Terms, otherwise: Terms) -> Terms:
        """One of two values, or of two masks."""
        ...

    def arithmetic(self, sign: str, left: Number, right: Number) -> tuple[Terms, Mask]:
        """A value and where computing it fails. Raises Outside."""
        ...

    def opaque(self, node: Node) -> Truth:
        """A boolean part that has no general meaning here. Raises Outside."""
        ...

    def cost(self, costs: Costs, verdict: Verdict, risk: Terms, amount: Terms) -> Terms:
        """The expected cost of a verdict."""
        ...


def both(one: Mask | None, other: Mask | None) -> Mask | None:
    """`and` of two masks of which None is true everywhere."""
    if one is None or other is None:
        return other if one is None else one
    return one & other


def either(one: Mask | None, other: Mask | None) -> Mask | None:
    """`or` of two masks of which None is false everywhere."""
    if one is None or other is None:
        return other if one is None else one
    return one | other


def any_of(masks: Iterable[Mask], algebra: Algebra) -> Mask:
    """`or` of all."""
    found: Mask | None = None
    for mask in masks:
        found = mask if found is None else found | mask
    return algebra.mask(False) if found is None else found
