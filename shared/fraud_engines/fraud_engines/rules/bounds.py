"""What a rule may cost, known when it is loaded: size, steps, macros, regular expressions.

CEL always ends, but `[...].all(x, [...].all(y, ...))` multiplies. Fields are single values,
so every list that a macro walks is written in the rule, and the steps can be counted.
Regular expressions are RE2's: their time is linear in the text, whatever the pattern.
"""

import math

from fraud_engines.rules.syntax import Node

MAX_SOURCE = 1000
MAX_STEPS = 1000
MAX_MACRO_DEPTH = 2
MAX_PATTERN = 100
# Entries of all lists of a ruleset file together, and the file itself, in bytes.
MAX_ENTRIES = 100_000
MAX_BYTES = 4 * 1024 * 1024


class BeyondBounds(ValueError):
    """The expression could cost more than a payment may wait for."""


def check(tree: Node) -> float:
    """The most steps that an evaluation takes. Raises BeyondBounds."""
    depth = _macro_depth(tree)
    if depth > MAX_MACRO_DEPTH:
        raise BeyondBounds(
            f"macros nested {depth} deep; at most {MAX_MACRO_DEPTH} are allowed"
        )
    count = steps(tree)
    if math.isinf(count):
        raise BeyondBounds("a macro walks a list that is written in the rule")
    if count > MAX_STEPS:
        raise BeyondBounds(f"up to {count:.0f} steps; at most {MAX_STEPS} are allowed")
    for node in tree.walk():
        _literal_only(node)
    return count


def steps(node: Node) -> float:
    """The most steps that an evaluation takes: nodes, times the items of a macro's list."""
    if node.kind != "macro":
        return 1 + sum(map(steps, node.parts))
    walked, _, *bodies = node.parts
    return 1 + steps(walked) + _items(walked) * (1 + sum(map(steps, bodies)))


def constants(tree: Node) -> list[Node]:
    """The calls whose written argument CEL itself only looks at on a payment: regular
    expressions and time zones."""
    return [n for n in tree.walk() if n.kind == "method" and _checked_argument(n)]


def _checked_argument(node: Node) -> bool:
    name = str(node.value)
    return name == "matches" or (name.startswith("get") and len(node.parts) == 2)


def _literal_only(node: Node) -> None:
    if node.kind != "method" or not _checked_argument(node):
        return
    what = "regular expression" if node.value == "matches" else "time zone"
    argument = node.parts[-1]
    if argument.kind != "literal" or not isinstance(argument.value, str):
        raise BeyondBounds(f"column {node.column + 1}: a {what} is written as a text")
    if len(argument.value) > MAX_PATTERN:
        raise BeyondBounds(
            f"column {node.column + 1}: a {what} of {len(argument.value)} characters; "
            f"at most {MAX_PATTERN} are allowed"
        )


def _macro_depth(node: Node) -> int:
    below = max(map(_macro_depth, node.parts), default=0)
    return below + (node.kind == "macro")


def _items(node: Node) -> float:
    """How many items a macro walks."""
    if node.kind == "list":
        return len(node.parts)
    if node.kind == "macro":
        return _items(node.parts[0])
    if node.kind == "+":
        return sum(map(_items, node.parts))
    if node.kind == "?":
        return max(map(_items, node.parts[1:]))
    return math.inf
