"""The closed language as a tree: what a rule may be made of, before CEL compiles it.

CEL's own compiler checks types and keeps its tree to itself. This parser reads the part of
CEL that rules are written in (no maps, no fields of messages, no bytes), so that bounds and
static checks can look at a rule. What it does not know is refused by name.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass, field

LiteralValue = bool | int | float | str
# Brackets, operators and calls inside each other: CEL itself refuses 32.
MAX_DEPTH = 24
MACROS = frozenset({"all", "exists", "exists_one", "filter", "map"})
# By function: whether it is written `text.f(...)`, `f(...)`, or either.
_METHODS = frozenset(
    {"contains", "startsWith", "endsWith", "matches", "size"}
    | {f"get{part}" for part in (
        "Date", "DayOfMonth", "DayOfWeek", "DayOfYear", "FullYear", "Hours",
        "Milliseconds", "Minutes", "Month", "Seconds")}
)  # fmt: skip
_FUNCTIONS = frozenset({"size", "int", "double", "string", "timestamp", "duration"})
_REFUSED = {
    "dyn": "dyn() switches the type check off",
    "type": "type() is not part of the rules language",
    "has": "has() is not needed: a rule about an absent field does not fire",
    "null": "there is no null: an absent field is unknown, and the rule does not fire",
}
_TOKEN = re.compile(
    r"""(?P<space>\s+|//[^\n]*)
    |(?P<number>(?:0x[0-9a-fA-F]+|\d+\.\d+(?:[eE][+-]?\d+)?|\d+[eE][+-]?\d+|\.\d+(?:[eE][+-]?\d+)?|\d+)u?)
    |(?P<text>[rR]?(?:'''(?:\\.|[^\\])*?'''|\"\"\"(?:\\.|[^\\])*?\"\"\"|'(?:\\.|[^'\\\n])*'|"(?:\\.|[^"\\\n])*"))
    |(?P<name>[A-Za-z_]\w*)
    |(?P<sign>&&|\|\||[<>=!]=|[-+*/%<>!?:.,()\[\]])""",
    re.VERBOSE | re.DOTALL,
)
_ESCAPES = {
    "n": "\n", "t": "\t", "r": "\r", "a": "\a", "b": "\b", "f": "\f", "v": "\v",
    "\\": "\\", "'": "'", '"': '"', "`": "`", "?": "?",
}  # fmt: skip
_LEVELS = {
    "||": 1, "&&": 2, "==": 3, "!=": 3, "<": 3, "<=": 3, ">": 3, ">=": 3, "in": 3,
    "+": 4, "-": 4, "*": 5, "/": 5, "%": 5,
}  # fmt: skip
_UNARY = 6


class SyntaxProblem(ValueError):
    """The expression is not of the rules language. The message names the column."""


@dataclass(frozen=True, slots=True)
class Node:
    """One node: `kind` is literal, field, list, call, method, macro or an operator's sign.

    `value` is a literal's value or a name; equal nodes are equal texts but for spaces.
    """

    kind: str
    value: LiteralValue | None = None
    parts: tuple["Node", ...] = ()
    column: int = field(default=0, compare=False)

    def walk(self) -> Iterator["Node"]:
        """This node and all below it."""
        yield self
        for part in self.parts:
            yield from part.walk()


def parse(source: str) -> Node:
    """The tree of an expression. Raises SyntaxProblem."""
    return _Parser(source).whole()


class _Parser:
    def __init__(self, source: str) -> None:
        self._tokens = list(_tokens(source))
        self._at = 0
        self._depth = 0

    def whole(self) -> Node:
        node = self._expression()
        if self._sign() is not None:
            raise self._unexpected()
        return node

    def _expression(self) -> Node:
        self._depth += 1
        if self._depth > MAX_DEPTH:
            raise SyntaxProblem(f"nested more than {MAX_DEPTH} deep")
        node = self._binary(1)
        if self._sign() == "?":
            column = self._next()[2]
            then = self._expression()
            self._expect(":")
            node = Node("?", None, (node, then, self._expression()), column)
        self._depth -= 1
        return node

    def _binary(self, level: int) -> Node:
        if level == _UNARY:
            return self._unary()
        node = self._binary(level + 1)
        while _LEVELS.get(self._sign() or "") == level:
            _, sign, column = self._next()
            node = Node(sign, None, (node, self._binary(level + 1)), column)
        return node

    def _unary(self) -> Node:
        sign = self._sign()
        if sign not in ("!", "-"):
            return self._postfix()
        column = self._next()[2]
        self._depth += 1
        if self._depth > MAX_DEPTH:
            raise SyntaxProblem(f"nested more than {MAX_DEPTH} deep")
        inner = self._unary()
        self._depth -= 1
        if sign == "-" and inner.kind == "literal" and _is_number(inner.value):
            assert isinstance(inner.value, int | float)
            return Node("literal", -inner.value, (), column)
        return Node("not" if sign == "!" else "negative", None, (inner,), column)

    def _postfix(self) -> Node:
        node = self._primary()
        while self._sign() == ".":
            column = self._next()[2]
            _, name, _ = self._expect_name()
            if self._sign() != "(":
                raise SyntaxProblem(f"column {column + 1}: fields have no parts")
            node = self._method(node, name, column)
        if self._sign() == "[":
            raise self._unexpected()
        return node

    def _method(self, target: Node, name: str, column: int) -> Node:
        arguments = self._arguments(")")
        if name in MACROS:
            if len(arguments) < 2 or arguments[0].kind != "field":
                raise SyntaxProblem(f"column {column + 1}: {name}(x, condition)")
            return Node("macro", name, (target, *arguments), column)
        if name not in _METHODS:
            raise SyntaxProblem(
                f"column {column + 1}: undeclared reference to '{name}'"
            )
        return Node("method", name, (target, *arguments), column)

    def _primary(self) -> Node:
        kind, text, column = self._next()
        if kind == "number":
            return Node("literal", _number(text, column), (), column)
        if kind == "text":
            return Node("literal", _text(text, column), (), column)
        if kind == "name":
            return self._named(text, column)
        if text == "(":
            node = self._expression()
            self._expect(")")
            return node
        if text == "[":
            self._at -= 1
            return Node("list", None, self._arguments("]"), column)
        self._at -= 1
        raise self._unexpected()

    def _named(self, name: str, column: int) -> Node:
        if name in ("true", "false"):
            return Node("literal", name == "true", (), column)
        if name in _REFUSED:
            raise SyntaxProblem(f"column {column + 1}: {_REFUSED[name]}")
        if self._sign() != "(":
            return Node("field", name, (), column)
        arguments = self._arguments(")")
        if name not in _FUNCTIONS and not name.startswith("in_"):
            raise SyntaxProblem(
                f"column {column + 1}: undeclared reference to '{name}'"
            )
        return Node("call", name, arguments, column)

    def _arguments(self, end: str) -> tuple[Node, ...]:
        self._next()
        found: list[Node] = []
        while self._sign() != end:
            found.append(self._expression())
            if self._sign() == ",":
                self._next()
            elif self._sign() != end:
                raise self._unexpected()
        self._next()
        return tuple(found)

    def _sign(self) -> str | None:
        """The sign or `in` that comes next; "" for anything else, None at the end."""
        if self._at >= len(self._tokens):
            return None
        kind, text, _ = self._tokens[self._at]
        return text if kind == "sign" or text == "in" else ""

    def _next(self) -> tuple[str, str, int]:
        if self._at >= len(self._tokens):
            raise self._unexpected()
        self._at += 1
        return self._tokens[self._at - 1]

    def _expect(self, sign: str) -> None:
        if self._sign() != sign:
            raise self._unexpected()
        self._next()

    def _expect_name(self) -> tuple[str, str, int]:
        if self._at >= len(self._tokens) or self._tokens[self._at][0] != "name":
            raise self._unexpected()
        return self._next()

    def _unexpected(self) -> SyntaxProblem:
        if self._at >= len(self._tokens):
            return SyntaxProblem("Syntax error: it ends too early")
        _, _, column = self._tokens[self._at]
        return SyntaxProblem(f"column {column + 1}: Syntax error")


def _tokens(source: str) -> Iterator[tuple[str, str, int]]:
    at = 0
    while at < len(source):
        found = _TOKEN.match(source, at)
        if found is None:
            raise SyntaxProblem(f"column {at + 1}: Syntax error")
        if found.lastgroup != "space":
            yield str(found.lastgroup), found[0], at
        at = found.end()


def _is_number(value: object) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)


def _number(text: str, column: int) -> int | float:
    if text.endswith("u"):
        raise SyntaxProblem(f"column {column + 1}: numbers are int (5) or double (5.0)")
    if text.lower().startswith("0x"):
        return int(text, 16)
    return float(text) if re.search(r"[.eE]", text) else int(text)


def _text(text: str, column: int) -> str:
    raw = text[0] in "rR"
    body = text[1:] if raw else text
    body = body[3:-3] if body[:3] in ("'''", '"""') else body[1:-1]
    if raw:
        return body

    def escaped(found: re.Match[str]) -> str:
        code = found[1]
        if code[0] in "uUxX" and len(code) > 1:
            return chr(int(code[1:], 16))
        if code[0].isdigit() and len(code) == 3:
            return chr(int(code, 8))
        if code not in _ESCAPES:
            raise SyntaxProblem(f"column {column + 1}: an escape that does not exist")
        return _ESCAPES[code]

    pattern = r"\\(u[0-9a-fA-F]{4}|U[0-9a-fA-F]{8}|[xX][0-9a-fA-F]{2}|[0-3][0-7]{2}|.)"
    return re.sub(pattern, escaped, body, flags=re.DOTALL)
