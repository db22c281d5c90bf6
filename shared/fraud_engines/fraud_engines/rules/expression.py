"""The rules language: CEL behind one door. The only importer of cel_expr_python.

CEL is not Turing-complete and checks types against declared fields when it compiles, so a
misspelt field or a wrong type fails when a ruleset is loaded, never on a payment. Its
`&&` and `||` know three values: an unknown operand is absorbed where the other side
settles the matter, and makes the whole unknown where it does not.
"""

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import Enum
from typing import Any, Literal

from cel_expr_python import cel

from fraud_engines.rules import bounds, syntax

FieldType = Literal["bool", "int", "double", "string", "timestamp"]
Value = bool | int | float | str | datetime

_TYPES: dict[FieldType, Any] = {
    "bool": cel.Type.BOOL,
    "int": cel.Type.INT,
    "double": cel.Type.DOUBLE,
    "string": cel.Type.STRING,
    "timestamp": cel.Type.TIMESTAMP,
}
# What a constant argument is tried on: a text for patterns, a moment for time zones.
_TRIED = {True: '""', False: 'timestamp("2026-01-01T00:00:00Z")'}
_STRINGS = re.compile(
    r"""[rRbB]*('''.*?'''|\"\"\".*?\"\"\"|'(?:\\.|[^'\\])*'|"(?:\\.|[^"\\])*")""",
    re.DOTALL,
)
_COMMENTS = re.compile(r"//[^\n]*")
_NAMES = re.compile(r"(?<![\w.])[A-Za-z_]\w*")
# What can be true although a field in it is unknown; all else in CEL is strict.
_LENIENT = re.compile(r"&&|\|\||\?|\b(?:has|all|exists|exists_one|filter|map)\s*\(")
_PLACE = re.compile(r"<input>:\d+:(\d+): (.+)")
_MANY_DIGITS = re.compile(r"\d{8,}")
_UNKNOWN = "UNKNOWN: No value with name"


class ExpressionError(ValueError):
    """The expression does not compile; the message is one line for its author."""


class Trouble(Enum):
    """Why an expression is neither true nor false."""

    UNKNOWN = "a field it needs has no value"
    FAULT = "it failed on this payment's values"


@dataclass(frozen=True, slots=True)
class Expression:
    """A compiled expression and the declared fields it reads."""

    source: str
    uses: frozenset[str]
    # Fields without which the expression cannot be true.
    needs: frozenset[str]
    tree: syntax.Node
    # Whether it can fail on values of the declared types: an overflow, a division by zero.
    may_fail: bool
    _program: Any

    def truth(self, activation: Any) -> bool | Trouble:
        """The value for one payment's activation. Raises nothing."""
        value = self._program.eval(activation).value()
        if value is False or value is True:
            return bool(value)
        # A checked boolean expression can otherwise only be an error, given as text.
        missing = isinstance(value, str) and value.startswith(_UNKNOWN)
        return Trouble.UNKNOWN if missing else Trouble.FAULT

    def checked(self) -> bytes:
        """The tree that the compiler checked, as a serialized `cel.expr.CheckedExpr` inside
        an `Any`: every name and overload resolved."""
        return bytes(self._program.serialize())


class Language:
    """Declared fields and lists. A list `x` is the function `in_x(text)`: its entries, or
    what says whether a text is on it."""

    def __init__(
        self,
        fields: Mapping[str, FieldType],
        lists: Mapping[str, frozenset[str] | Callable[[str], bool]],
    ) -> None:
        self._fields = frozenset(fields)
        self._env = cel.NewEnv(
            variables={name: _TYPES[kind] for name, kind in fields.items()},
            functions=[
                _membership(name, on if callable(on) else on.__contains__)
                for name, on in sorted(lists.items())
            ],
        )

    def compile(self, source: str) -> Expression:
        """Compile and type-check; the result must be a boolean, and cost no more than
        `bounds` allows. Raises ExpressionError."""
        try:
            tree = syntax.parse(source)
            bounds.check(tree)
        except (syntax.SyntaxProblem, bounds.BeyondBounds) as error:
            raise ExpressionError(_MANY_DIGITS.sub("...", str(error))[:300]) from None
        self._try_constants(tree)
        return self._compiled(source, tree)

    def disjunction(self, expressions: Sequence[Expression]) -> Expression:
        """Whether any of them is true: one program, which knows no bounds of its own."""
        # Each in lines of its own: a comment may end an expression.
        source = "\n|| ".join(f"({each.source}\n)" for each in expressions)
        parts = tuple(each.tree for each in expressions)
        return self._compiled(source, syntax.Node("||", None, parts))

    def _compiled(self, source: str, tree: syntax.Node) -> Expression:
        try:
            program = self._env.compile(source)
        except RuntimeError as error:
            raise ExpressionError(_explain(str(error))) from None
        if program.return_type() != cel.Type.BOOL:
            kind = program.return_type().name()
            raise ExpressionError(f"it is of type {kind}, not true or false")
        bare = _COMMENTS.sub(" ", _STRINGS.sub(" ", source))
        needs = (self._named(t) for t in _terms(bare) if not _LENIENT.search(t))
        return Expression(
            source,
            self._named(bare),
            frozenset[str]().union(*needs),
            tree,
            any(map(_may_fail, tree.walk())),
            program,
        )

    def _try_constants(self, tree: syntax.Node) -> None:
        """Patterns and time zones are looked at here, not first on a payment."""
        for node in bounds.constants(tree):
            pattern = node.value == "matches"
            call = f"{_TRIED[pattern]}.{node.value}({_quoted(node.parts[-1].value)})"
            try:
                value = self._env.compile(call).eval(self._env.Activation({})).value()
            except RuntimeError as error:
                raise ExpressionError(_explain(str(error))) from None
            if isinstance(value, str):
                what = "regular expression" if pattern else "time zone"
                raise ExpressionError(f"column {node.column + 1}: not a valid {what}")

    def activation(self, values: Mapping[str, Value]) -> Any:
        """One payment's values, shared by all expressions (building it is the dear part:
        with one per rule an evaluation costs ten times as much). Absent is unknown."""
        return self._env.Activation(values)

    def _named(self, bare: str) -> frozenset[str]:
        return self._fields.intersection(_NAMES.findall(bare))


def _terms(bare: str) -> list[str]:
    """The operands of the outermost `&&`; none when the outermost operator is another."""
    terms, depth, start = list[str](), 0, 0
    for at, sign in enumerate(bare):
        if sign in "([{":
            depth += 1
        elif sign in ")]}":
            depth -= 1
        elif depth == 0 and (sign == "?" or bare.startswith("||", at)):
            return []
        elif depth == 0 and bare.startswith("&&", at):
            terms.append(bare[start:at])
            start = at + 2
    return [*terms, bare[start:]]


def _may_fail(node: syntax.Node) -> bool:
    conversion = node.kind == "call" and not str(node.value).startswith("in_")
    return conversion or node.kind in ("+", "-", "*", "/", "%", "negative")


def _quoted(value: object) -> str:
    """A text as CEL reads it back, whatever is in it."""
    return '"' + "".join(f"\\U{ord(sign):08x}" for sign in str(value)) + '"'


def _membership(name: str, contains: Callable[[str], bool]) -> Any:
    return cel.FunctionDecl(
        f"in_{name}",
        [
            cel.Overload(
                f"in_{name}_string",
                return_type=cel.Type.BOOL,
                parameters=[cel.Type.STRING],
                impl=contains,
            )
        ],
    )


def _explain(message: str) -> str:
    found = _PLACE.search(message)
    text = f"column {found[1]}: {found[2]}" if found else "it does not compile"
    if "double" in text and "int" in text:
        text += "; numbers compared with a double are written 5.0, with an int 5"
    return _MANY_DIGITS.sub("...", text)[:300]
