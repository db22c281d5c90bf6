"""A compiled expression as a tree: read from the checked form that the compiler exports.

The compiler has resolved names, types and overloads; nothing here parses a rule again. The
message is `cel.expr.CheckedExpr` of the published specification, of which only the fields
that a tree needs are declared.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from typing import Any

from google.protobuf import descriptor_pb2, descriptor_pool, message_factory
from google.protobuf.any_pb2 import Any as AnyMessage

Constant = bool | int | float | str

_MESSAGE, _STRING, _INT64, _BOOL, _DOUBLE = 11, 9, 3, 8, 1
_REPEATED, _OPTIONAL = 3, 1
# Field numbers of checked.proto and syntax.proto.
_FIELDS: dict[str, tuple[tuple[str, int, int, int, str], ...]] = {
    "Reference": (("overload_id", 3, _REPEATED, _STRING, ""),),
    "ReferenceEntry": (
        ("key", 1, _OPTIONAL, _INT64, ""),
        ("value", 2, _OPTIONAL, _MESSAGE, "Reference"),
    ),
    "Constant": (
        ("bool_value", 2, _OPTIONAL, _BOOL, ""),
        ("int64_value", 3, _OPTIONAL, _INT64, ""),
        ("double_value", 5, _OPTIONAL, _DOUBLE, ""),
        ("string_value", 6, _OPTIONAL, _STRING, ""),
    ),
    "Ident": (("name", 1, _OPTIONAL, _STRING, ""),),
    "Call": (
        ("target", 1, _OPTIONAL, _MESSAGE, "Expr"),
        ("function", 2, _OPTIONAL, _STRING, ""),
        ("args", 3, _REPEATED, _MESSAGE, "Expr"),
    ),
    "CreateList": (("elements", 1, _REPEATED, _MESSAGE, "Expr"),),
    "Expr": (
        ("id", 2, _OPTIONAL, _INT64, ""),
        ("const_expr", 3, _OPTIONAL, _MESSAGE, "Constant"),
        ("ident_expr", 4, _OPTIONAL, _MESSAGE, "Ident"),
        ("call_expr", 6, _OPTIONAL, _MESSAGE, "Call"),
        ("list_expr", 7, _OPTIONAL, _MESSAGE, "CreateList"),
    ),
    "CheckedExpr": (
        ("reference_map", 2, _REPEATED, _MESSAGE, "ReferenceEntry"),
        ("expr", 4, _OPTIONAL, _MESSAGE, "Expr"),
    ),
}


@dataclass(frozen=True, slots=True)
class Const:
    """A literal. `kind` keeps apart what Python holds equal: 1, 1.0 and True."""

    value: Constant
    kind: str


@dataclass(frozen=True, slots=True)
class Field:
    """A declared field, or the name of a type."""

    name: str


@dataclass(frozen=True, slots=True)
class Call:
    """A function or operator applied; `overload` names the one that the checker chose, and
    is empty where it left the choice to the payment's values."""

    function: str
    overload: str
    args: tuple["Node", ...]
    is_method: bool = False


@dataclass(frozen=True, slots=True)
class Items:
    """A list written out."""

    items: tuple["Node", ...]


@dataclass(frozen=True, slots=True)
class Other:
    """Anything else: macros over lists, maps, unsigned numbers, bytes."""


Node = Const | Field | Call | Items | Other


class Unwritable(ValueError):
    """The tree holds a macro, whose source the tree no longer has."""


def read(serialized: bytes) -> Node:
    """The tree of a compiled expression, from what `Expression.checked` returns."""
    wrapped = AnyMessage.FromString(serialized)
    checked = _messages()["CheckedExpr"].FromString(wrapped.value)
    overloads = {
        entry.key: entry.value.overload_id[0]
        for entry in checked.reference_map
        if len(entry.value.overload_id) == 1
    }
    return _node(checked.expr, overloads)


def fields(node: Node) -> frozenset[str]:
    """The names that a tree reads."""
    return frozenset(part.name for part in walk(node) if isinstance(part, Field))


def walk(node: Node) -> Iterator[Node]:
    """The node and every one below it, from the outside in and from left to right."""
    yield node
    if isinstance(node, Call):
        for arg in node.args:
            yield from walk(arg)
    elif isinstance(node, Items):
        for item in node.items:
            yield from walk(item)


_BINARY = frozenset(
    ("_&&_", "_||_", "_==_", "_!=_", "_<_", "_<=_", "_>_", "_>=_",
     "_+_", "_-_", "_*_", "_/_", "_%_", "@in")
)  # fmt: skip


def write(node: Node) -> str:
    """Source with the same tree, every operand in parentheses. Raises Unwritable."""
    if isinstance(node, Const):
        return _literal(node.value)
    if isinstance(node, Field):
        return node.name
    if isinstance(node, Items):
        return f"[{', '.join(write(item) for item in node.items)}]"
    if isinstance(node, Other):
        raise Unwritable("a macro")
    parts = [write(arg) for arg in node.args]
    if node.function in _BINARY:
        sign = node.function.strip("_@")
        return f"({parts[0]} {sign} {parts[1]})"
    if node.function == "_?_:_":
        return f"({parts[0]} ? {parts[1]} : {parts[2]})"
    if node.function in ("!_", "-_"):
        return f"{node.function[0]}({parts[0]})"
    if node.is_method:
        return f"({parts[0]}).{node.function}({', '.join(parts[1:])})"
    if not node.function.isidentifier():
        raise Unwritable(node.function)
    return f"{node.function}({', '.join(parts)})"


def _literal(value: Constant) -> str:
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, str):
        written = "".join(
            c if c.isalnum() and c.isascii() else f"\\U{ord(c):08x}" for c in value
        )
        return f'"{written}"'
    return repr(value)


def _node(expr: Any, overloads: dict[int, str]) -> Node:
    if expr.HasField("const_expr"):
        return _constant(expr.const_expr)
    if expr.HasField("ident_expr"):
        return Field(expr.ident_expr.name)
    if expr.HasField("list_expr"):
        return Items(tuple(_node(e, overloads) for e in expr.list_expr.elements))
    if not expr.HasField("call_expr"):
        return Other()
    call = expr.call_expr
    is_method = call.HasField("target")
    args = [*((call.target,) if is_method else ()), *call.args]
    return Call(
        call.function,
        overloads.get(expr.id, ""),
        tuple(_node(arg, overloads) for arg in args),
        is_method,
    )


def _constant(constant: Any) -> Node:
    for name in ("bool_value", "int64_value", "double_value", "string_value"):
        if constant.HasField(name):
            return Const(getattr(constant, name), name)
    return Other()


@cache
def _messages() -> dict[str, Any]:
    file = descriptor_pb2.FileDescriptorProto(
        name="fraud_lab/checked.proto", package="fraud_lab.checked", syntax="proto2"
    )
    for name, rows in _FIELDS.items():
        message = file.message_type.add(name=name)
        for field, number, label, kind, of in rows:
            message.field.add(
                name=field,
                number=number,
                label=label,
                type=kind,
                type_name=f".fraud_lab.checked.{of}" if of else None,
            )
    pool = descriptor_pool.DescriptorPool()
    pool.Add(file)
    return {
        name: message_factory.GetMessageClass(
            pool.FindMessageTypeByName(f"fraud_lab.checked.{name}")
        )
        for name in _FIELDS
    }
