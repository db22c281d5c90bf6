"""Feature expressions and the functions of `maths` as Polars expressions.

Null is None. Every number in a slot or a fact is a whole one below 2^53, so arithmetic in
float64 is what Python's integers give; where a product is larger, 128-bit integers are
used. The operations and their order are those of `maths`, and so are the bits.
"""

import ast
import operator
from collections.abc import Callable, Sequence
from functools import reduce
from math import pi
from typing import Any

import polars as pl

from fraud_features.definitions.feature import Feature
from fraud_features.definitions.maths import (
    EARTH_KM,
    MIN_AMOUNTS,
    MIN_DEVIATION,
    MIN_HOURS,
)
from fraud_features.offline.source import REQUEST
from fraud_features.store.schema import SQUARES_BASE

_NUMBER = pl.Float64
_WIDE = pl.Int128
_RADIANS = pi / 180


def _over(part: pl.Expr, whole: pl.Expr | float) -> pl.Expr:
    """The quotient as IEEE 754 defines it. Polars divides by a constant as it were a
    product with its reciprocal, so a constant becomes a column first."""
    part = part.cast(_NUMBER)
    if not isinstance(whole, pl.Expr):
        whole = pl.lit(float(whole))
    if whole.meta.is_literal():
        whole = part * 0.0 + whole
    return part / whole.cast(_NUMBER)


def ratio(part: pl.Expr, whole: pl.Expr) -> pl.Expr:
    """See `maths.ratio`."""
    return pl.when(whole != 0).then(_over(part, whole))


def share(part: pl.Expr, upto: pl.Expr, after: pl.Expr) -> pl.Expr:
    """See `maths.share`."""
    found = _over(part, upto - after)
    return pl.when(upto > after).then(pl.when(found > 1).then(1.0).otherwise(found))


def minus(left: pl.Expr, right: pl.Expr) -> pl.Expr:
    """See `maths.minus`."""
    return left - right


def zscore(
    amount: pl.Expr, n: pl.Expr, total: pl.Expr, hi: pl.Expr, lo: pl.Expr
) -> pl.Expr:
    """See `maths.zscore`."""
    squares = hi.cast(_WIDE) * pl.lit(SQUARES_BASE, _WIDE) + lo.cast(_WIDE)
    spread = n.cast(_WIDE) * squares - total.cast(_WIDE) * total.cast(_WIDE)
    count = n.cast(_NUMBER)
    deviation = spread.cast(_NUMBER).sqrt() / count
    deviation = (
        pl.when(deviation < MIN_DEVIATION).then(MIN_DEVIATION).otherwise(deviation)
    )
    away = amount.cast(_NUMBER) - total.cast(_NUMBER) / count
    return pl.when(n >= MIN_AMOUNTS).then(away / deviation)


def seconds(later: pl.Expr, earlier: pl.Expr) -> pl.Expr:
    """See `maths.seconds`."""
    return pl.when(later >= earlier).then(_over(later - earlier, 1e6))


def at_most(value: pl.Expr, most: pl.Expr) -> pl.Expr:
    """See `maths.at_most`."""
    return pl.when(value > most).then(most.cast(_NUMBER)).otherwise(value)


def distance_km(lat: pl.Expr, lon: pl.Expr, lat0: pl.Expr, lon0: pl.Expr) -> pl.Expr:
    """See `maths.distance_km`."""
    a, b = _over(lat0, 1e6) * _RADIANS, _over(lat, 1e6) * _RADIANS
    across = (_over(lon - lon0, 1e6) * _RADIANS * 0.5).sin()
    along = ((b - a) * 0.5).sin()
    chord = along * along + a.cos() * b.cos() * across * across
    half = chord.sqrt()
    half = pl.when(half > 1).then(1.0).otherwise(half)
    same = (lat == lat0) & (lon == lon0)
    return pl.when(same).then(0.0).otherwise(2 * EARTH_KM * half.arcsin())


def speed(km: pl.Expr, elapsed: pl.Expr) -> pl.Expr:
    """See `maths.speed`."""
    lasted = pl.when(elapsed < 1).then(1.0).otherwise(elapsed)
    return km / lasted * 3600


def unusual_hour(n: pl.Expr, before: pl.Expr, same: pl.Expr, after: pl.Expr) -> pl.Expr:
    """See `maths.unusual_hour`."""
    near = before.fill_null(0) + same.fill_null(0) + after.fill_null(0)
    return pl.when(n >= MIN_HOURS).then(1.0 - _over(near, n))


def first_seen(known: pl.Expr, history: pl.Expr) -> pl.Expr:
    """See `maths.first_seen`."""
    return pl.when(history != 0).then(known == 0)


def differs(one: pl.Expr, other: pl.Expr) -> pl.Expr:
    """See `maths.differs`."""
    return one != other


FUNCTIONS: dict[str, Callable[..., pl.Expr]] = {
    function.__name__: function
    for function in (
        ratio,
        share,
        minus,
        zscore,
        seconds,
        at_most,
        distance_km,
        speed,
        unusual_hour,
        first_seen,
        differs,
    )
}
_OPERATORS: dict[type[ast.AST], Callable[..., Any]] = {
    ast.Add: operator.add,
    ast.Sub: operator.sub,
    ast.Mult: operator.mul,
    ast.Div: _over,
    ast.FloorDiv: operator.floordiv,
    ast.Mod: operator.mod,
    ast.Eq: pl.Expr.eq_missing,
    ast.NotEq: pl.Expr.ne_missing,
    ast.Lt: operator.lt,
    ast.LtE: operator.le,
    ast.Gt: operator.gt,
    ast.GtE: operator.ge,
}


class ExpressionUnsupported(ValueError):
    """An expression has a form that columns cannot compute."""


def feature_columns(features: Sequence[Feature]) -> list[pl.Expr]:
    """One float64 column per feature, from columns of facts, slots and requests."""
    earlier: dict[str, pl.Expr] = {}
    columns: list[pl.Expr] = []
    for feature in features:
        tree = ast.parse(feature.expression, mode="eval").body
        value = _truths(tree, earlier)
        if feature.expression != feature.name:
            earlier[feature.name] = value
        if feature.type == "bool":
            value = value.cast(pl.Boolean)
        elif isinstance(tree, ast.BoolOp):
            raise ExpressionUnsupported(feature.expression)
        columns.append(value.cast(_NUMBER).alias(feature.name))
    return columns


def requests(features: Sequence[Feature]) -> list[str]:
    """The names that `given` and `code` look up in what the caller sent."""
    return [
        str(ast.literal_eval(node.args[1]))
        for feature in features
        for node in ast.walk(ast.parse(feature.expression, mode="eval"))
        if _is_request(node) and isinstance(node, ast.Call)
    ]


def _is_request(node: ast.AST) -> bool:
    return (
        isinstance(node, ast.Call)
        and isinstance(node.func, ast.Name)
        and node.func.id in ("given", "code")
    )


def _truths(node: ast.expr, earlier: dict[str, pl.Expr]) -> pl.Expr:
    """Where only truth is asked for, `and`, `or` and `not` may stand."""
    match node:
        case ast.UnaryOp(op=ast.Not(), operand=operand):
            return ~_truth(_truths(operand, earlier))
        case ast.BoolOp(op=op, values=values):
            parts = [_truths(value, earlier) for value in values]
            return _either(isinstance(op, ast.And), parts)
    return _translate(node, earlier)


def _translate(node: ast.expr, earlier: dict[str, pl.Expr]) -> pl.Expr:
    def inner(child: ast.expr) -> pl.Expr:
        return _translate(child, earlier)

    match node:
        case ast.Name(id=name):
            return earlier.get(name, pl.col(name))
        case ast.Constant(value=value):
            return pl.lit(value)
        case ast.Call(func=ast.Name(id="given"), args=[_, ast.Constant(value=name)]):
            return pl.col(f"{REQUEST}{name!s}")
        case ast.Call(
            func=ast.Name(id="code"), args=[_, ast.Constant(value=name), those]
        ):
            return _code(str(name), ast.literal_eval(those))
        case ast.Call(func=ast.Name(id=name), args=arguments) if name in FUNCTIONS:
            return FUNCTIONS[name](*map(inner, arguments))
        case ast.BinOp(left=left, op=op, right=right) if type(op) in _OPERATORS:
            return _applied(op, inner(left), inner(right))
        case ast.Compare(left=left, ops=[op], comparators=[right]) if (
            type(op) in _OPERATORS
        ):
            return _applied(op, inner(left), inner(right))
        case ast.UnaryOp(op=ast.USub(), operand=operand):
            return -inner(operand)
    raise ExpressionUnsupported(ast.unparse(node))


def _applied(op: ast.AST, left: pl.Expr, right: pl.Expr) -> pl.Expr:
    found: pl.Expr = _OPERATORS[type(op)](left, right)
    return found


def _truth(value: pl.Expr) -> pl.Expr:
    """Whether Python takes a value for true; text and numbers that are empty are not."""
    as_text = value.cast(pl.String)
    return as_text.is_not_null() & ~as_text.is_in(["", "0", "0.0", "-0.0", "false"])


def _either(is_and: bool, values: list[pl.Expr]) -> pl.Expr:
    """`a and b` is a where a is false, else b; only the truth of a text matters."""

    def two(right: pl.Expr, left: pl.Expr) -> pl.Expr:
        kept = pl.when(left.is_not_null()).then(_truth(left))
        use_right = _truth(left) if is_and else ~_truth(left)
        return pl.when(use_right).then(right).otherwise(kept)

    return reduce(two, reversed(values))


def _code(name: str, categories: tuple[str, ...]) -> pl.Expr:
    text = pl.col(f"{REQUEST}{name}:text")
    places = {category: float(i) for i, category in reversed([*enumerate(categories)])}
    return text.replace_strict(places, default=None, return_dtype=_NUMBER)
