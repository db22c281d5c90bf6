"""From feature expressions to two Python functions: with and without the online store.

An expression is a Python expression over facts, slots, the functions of `maths` and the
features before it. The names are checked when the set is built, so a misspelt one stops
the start; all expressions run as one function, which is what makes a vector cheap.
"""

import ast
from collections.abc import Callable, Mapping, Sequence

from fraud_features.definitions import maths
from fraud_features.definitions.facts import Facts
from fraud_features.definitions.feature import Feature
from fraud_features.store.schema import SLOT

Raw = Sequence[int | None]
Values = tuple[float | None, ...]
ONLINE_SOURCES = frozenset(("velocity", "profile", "risk"))
FUNCTIONS: dict[str, Callable[..., object]] = {
    function.__name__: function
    for function in (
        maths.ratio,
        maths.share,
        maths.minus,
        maths.zscore,
        maths.seconds,
        maths.at_most,
        maths.distance_km,
        maths.speed,
        maths.unusual_hour,
        maths.first_seen,
        maths.differs,
        maths.given,
        maths.code,
    )
}
_ALLOWED = (
    ast.Expression,
    ast.Name,
    ast.Load,
    ast.Constant,
    ast.Call,
    ast.Compare,
    ast.BoolOp,
    ast.UnaryOp,
    ast.BinOp,
    ast.Tuple,
    ast.cmpop,
    ast.boolop,
    ast.unaryop,
    ast.operator,
)


class ExpressionInvalid(ValueError):
    """A feature's expression uses a name or a form that it may not."""


def names_in(feature: Feature) -> set[str]:
    """The names that a feature's expression reads, functions left out."""
    tree = ast.parse(feature.expression, mode="eval")
    for node in ast.walk(tree):
        if not isinstance(node, _ALLOWED):
            raise ExpressionInvalid(
                f"{feature.name}: {type(node).__name__} not allowed"
            )
    names = {node.id for node in ast.walk(tree) if isinstance(node, ast.Name)}
    return names - FUNCTIONS.keys()


def check(features: Sequence[Feature]) -> None:
    """Raise `ExpressionInvalid` unless every expression reads only what it may."""
    earlier: dict[str, bool] = {}
    for feature in features:
        online = feature.source in ONLINE_SOURCES
        for name in names_in(feature):
            if name in Facts._fields:
                continue
            needs_online = earlier.get(name, name in SLOT)
            if name not in SLOT and name not in earlier:
                raise ExpressionInvalid(f"{feature.name}: unknown name {name}")
            if needs_online and not online:
                raise ExpressionInvalid(
                    f"{feature.name}: {name} needs the online store"
                )
        taken = feature.name in FUNCTIONS or feature.name in {*Facts._fields, *SLOT}
        if taken and feature.expression != feature.name:
            raise ExpressionInvalid(f"{feature.name}: the name is taken")
        earlier[feature.name] = online


def compile_features(
    features: Sequence[Feature],
) -> tuple[Callable[[Facts, Raw], Values], Callable[[Facts], Values]]:
    """The vector with the online store's integers, and the vector without them."""
    check(features)
    return _function(features, online=True), _function(features, online=False)


def _function(features: Sequence[Feature], *, online: bool) -> Callable[..., Values]:
    computed = [f for f in features if online or f.source not in ONLINE_SOURCES]
    wanted: set[str] = set().union(*map(names_in, computed)) if computed else set()
    body = [f"  {', '.join(Facts._fields)} = facts"]
    body += [f"  {name} = raw[{SLOT[name]}]" for name in sorted(wanted & SLOT.keys())]
    for feature in computed:
        if feature.expression != feature.name:
            body.append(f"  {feature.name} = {feature.expression}")
    done = {feature.name for feature in computed}
    values = (_value(f) if f.name in done else "None" for f in features)
    arguments = "facts, raw" if online else "facts"
    source = "\n".join(
        [f"def vector({arguments}):", *body, f"  return ({', '.join(values)},)"]
    )
    scope: dict[str, object] = dict(FUNCTIONS)
    # The source is made of this package's own, checked expressions.
    exec(compile(source, "<feature registry>", "exec"), scope)  # noqa: S102
    function = scope["vector"]
    assert callable(function)
    return function


def _value(feature: Feature) -> str:
    name = feature.name
    if feature.type == "bool":
        return f"None if {name} is None else 1.0 if {name} else 0.0"
    return name


def inputs(features: Sequence[Feature]) -> Mapping[str, frozenset[str]]:
    """For each feature, the names its expression reads: the lineage in the docs."""
    return {feature.name: frozenset(names_in(feature)) for feature in features}
