"""Columns of payments as the rules read them: the numpy algebra.

Exactly the online engine's fields (`fraud_engines.rules.fields`): a null is absent, an int
is cut to whole numbers, texts of all fields share one sorted dictionary, so that equality
and order of texts are those of their places. What has no vector form is asked of the
compiled expression itself, once for each different payment, so every rule has its value.
"""

from collections.abc import Callable, Iterable, Mapping
from types import MappingProxyType
from typing import Any

import numpy as np
import numpy.typing as npt
import polars as pl

from fraud_engines.policy.costs import Costs
from fraud_engines.rules.expression import Expression, FieldType, Language, Trouble
from fraud_lab.rules.algebra import Mask, Number, Outside, Part, Terms, Text, Truth
from fraud_lab.rules.checked import Constant, Node, Unwritable, fields, write
from fraud_shared.contracts.decision import Verdict

Flags = npt.NDArray[np.bool_]
# The entries of a list, or what says whether a text is on it.
Contains = frozenset[str] | Callable[[str], bool]
_INT64 = np.iinfo(np.int64)
_TRUE: dict[Any, int] = {True: 0, False: 1, Trouble.UNKNOWN: 2, Trouble.FAULT: 3}


class Columns:
    """One frame in the numpy algebra. `texts` are the constants that rules compare with."""

    ordered_texts = True

    def __init__(
        self,
        frame: pl.DataFrame,
        types: Mapping[str, FieldType],
        language: Language | None = None,
        *,
        lists: Mapping[str, Contains] = MappingProxyType({}),
        texts: Iterable[str] = (),
    ) -> None:
        self.frame = frame
        self.height = frame.height
        self._types = types
        self._language = language
        self._lists = lists
        self._texts = frozenset(texts)
        self._dictionary: pl.Enum | None = None
        self._places: dict[str, int] = {}
        self._members: dict[str, Flags] = {}
        self._parts: dict[str, Part] = {}
        # What was asked of the compiled expression itself, payment by payment.
        self.asked_singly: list[str] = []
        self._no = np.zeros(self.height, dtype=np.bool_)
        self._yes = np.ones(self.height, dtype=np.bool_)

    def mask(self, value: bool) -> Mask:
        """A column of one truth."""
        return self._yes if value else self._no

    def constant(self, value: Constant) -> Terms:
        """A number as it is, a text as its place."""
        if isinstance(value, str):
            self._open()
            return self._places[value]
        return value

    def field(self, name: str) -> Part:
        """A field's column. Raises Outside for a name that is no field."""
        found = self._parts.get(name)
        if found is None:
            if name not in self._types:
                raise Outside(name)
            found = self._parts[name] = self._read(name)
        return found

    def known(self, name: str) -> Flags:
        """Where a field has a value."""
        return self.frame[name].is_not_null().to_numpy()

    def _read(self, name: str) -> Part:
        column, known = self.frame[name], self.known(name)
        kind = self._types[name]
        if kind == "timestamp":
            raise Outside("a time")
        if kind == "string":
            codes = column.cast(self._open()).to_physical().fill_null(0)
            return Text(codes.to_numpy().astype(np.int64), known)
        if kind == "bool":
            given = column.cast(pl.Float64).fill_null(0.0).to_numpy() != 0.0
            return Truth(given & known, ~given & known)
        if kind == "int":
            # A cast of a float cuts towards zero, as Python's int does.
            return Number("int", column.fill_null(0).cast(pl.Int64).to_numpy(), known)
        return Number(
            "double", column.fill_null(0.0).cast(pl.Float64).to_numpy(), known
        )

    def _open(self) -> pl.Enum:
        if self._dictionary is None:
            named = [n for n in self.frame.columns if self._types.get(n) == "string"]
            found = set(self._texts)
            for name in named:
                found.update(self.frame[name].drop_nulls().unique().to_list())
            words = sorted(found)
            self._dictionary = pl.Enum(words)
            self._places = {word: place for place, word in enumerate(words)}
        return self._dictionary

    def member(self, text: Text, name: str) -> Mask:
        """Whether a text is on a list."""
        found = self._members.get(name)
        if found is None:
            self._open()
            found = np.zeros(len(self._places) + 1, dtype=np.bool_)
            entries = self._lists[name]
            on = entries if callable(entries) else entries.__contains__
            for word, place in self._places.items():
                found[place] = on(word)
            self._members[name] = found
        return found[text.code]

    def choose(self, condition: Mask, then: Terms, otherwise: Terms) -> Terms:
        """By row."""
        return np.where(condition, then, otherwise)

    def arithmetic(self, sign: str, left: Number, right: Number) -> tuple[Terms, Mask]:
        """64-bit integers that fail where they overflow, or IEEE doubles, which do not."""
        a, b = np.asarray(left.value), np.asarray(right.value)
        if sign == "double":
            return a.astype(np.float64), self._no
        with np.errstate(all="ignore"):
            if left.kind == "double":
                return _DOUBLES[sign](a, b), self._no
            if sign == "/":
                raise Outside("division of integers")
            value = _DOUBLES[sign](a, b)
            return value, np.broadcast_to(_overflows(sign, a, b, value), self.height)

    def opaque(self, node: Node) -> Truth:
        """The compiled part, asked once for each different payment."""
        if self._language is None:
            raise Outside("there is no language to ask")
        try:
            expression = self._language.compile(write(node))
        except Unwritable as macro:
            raise Outside(str(macro)) from None
        return self.asked(expression, fields(node))

    def asked(self, expression: Expression, names: Iterable[str]) -> Truth:
        """An expression's value by the online engine, for each different payment once."""
        assert self._language is not None
        used = sorted(name for name in names if name in self._types)
        self.asked_singly.append(expression.source)
        if not used:
            state = np.array([_state(expression, self._language, {})])
            return _truth(np.broadcast_to(state, self.height))
        seen = self.frame.select(used)
        different = seen.unique(maintain_order=True).with_row_index("#")
        joined = seen.join(
            different, on=used, how="left", nulls_equal=True, maintain_order="left"
        )
        rows = different.drop("#").rows(named=True)
        states = np.array(
            [_state(expression, self._language, self._values(row)) for row in rows]
        )
        return _truth(states[joined["#"].to_numpy()])

    def _values(self, row: Mapping[str, Any]) -> dict[str, Any]:
        return {
            name: _CASTS[self._types[name]](value)
            for name, value in row.items()
            if value is not None
        }

    def cost(self, costs: Costs, verdict: Verdict, risk: Terms, amount: Terms) -> Terms:
        """By the table itself: its arithmetic works on columns as on numbers."""
        return costs.of(verdict, risk, amount)


_DOUBLES: dict[str, Callable[[Any, Any], Any]] = {
    "+": lambda a, b: a + b,
    "-": lambda a, b: a - b,
    "*": lambda a, b: a * b,
    "/": lambda a, b: a / b,
}
_CASTS: dict[FieldType, Callable[[Any], Any]] = {
    "bool": bool,
    "int": int,
    "double": float,
    "string": str,
    "timestamp": lambda moment: moment,
}


def _overflows(sign: str, a: Any, b: Any, value: Any) -> Any:
    if sign == "+":
        return ((a ^ value) & (b ^ value)) < 0
    if sign == "-":
        return ((a ^ b) & (a ^ value)) < 0
    divisor = np.where(b == 0, 1, b)
    edge = (a == _INT64.min) & (b == -1) | (b == _INT64.min) & (a == -1)
    return edge | (b != 0) & (value // divisor != a)


def _state(
    expression: Expression, language: Language, values: Mapping[str, Any]
) -> int:
    return _TRUE[expression.truth(language.activation(values))]


def _truth(states: Any) -> Truth:
    return Truth(states == 0, states == 1, states == 3)
