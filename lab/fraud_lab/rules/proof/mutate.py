"""Small changes of a ruleset or a policy, drawn by seed: what a slip of the pen would do.

Some keep the meaning on purpose (`>= 5` for `> 4` of a whole number, a term put elsewhere):
a proof that finds a difference there would be as wrong as one that misses another.
"""

import copy
import json
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from hashlib import sha256
from random import Random
from typing import Any

import yaml
from pydantic import ValidationError

from fraud_engines.policy.policy import Policy
from fraud_engines.policy.policy_schema import PolicyDocument
from fraud_engines.rules.ruleset import Ruleset, RulesetError
from fraud_engines.rules.ruleset import load as load_ruleset
from fraud_engines.rules.ruleset_schema import RulesetDocument
from fraud_features.definitions.registry import PAYMENT_FEATURES
from fraud_lab.rules.checked import (
    Call,
    Const,
    Field,
    Node,
    Unwritable,
    read,
    walk,
    write,
)
from fraud_lab.rules.proof.cases import TYPES

_FLIPS = {
    "_<_": ("_<=_", "_>_", "_>=_"),
    "_<=_": ("_<_", "_>_", "_>=_"),
    "_>_": ("_>=_", "_<_", "_<=_"),
    "_>=_": ("_>_", "_<_", "_<=_"),
    "_==_": ("_!=_",),
    "_!=_": ("_==_",),
    "_&&_": ("_||_",),
    "_||_": ("_&&_",),
}
# Sections of a policy that can move a verdict.
_DECIDING = (
    "risk", "segments", "required_blocks", "gaps", "amounts", "anomaly", "flags",
    "screening", "stand_in", "costs",
)  # fmt: skip
_VERDICTS = ("APPROVE", "CHALLENGE", "DECLINE")
_FACTORS = (0.0, 0.5, 0.9, 0.99, 1.01, 1.1, 2.0)


@dataclass(frozen=True)
class Mutant:
    """A changed document that loads, and what was changed."""

    what: str
    document: dict[str, Any]
    loaded: Ruleset | Policy


def rule_mutants(body: bytes, chance: Random) -> Iterator[Mutant]:
    """Endless changes of a ruleset, each by itself."""
    document = yaml.safe_load(body)
    trees = {
        row["id"]: read(rule.expression.checked())
        for row, rule in zip(
            document["rules"], load_ruleset(body, PAYMENT_FEATURES).rules, strict=True
        )
    }
    while True:
        changed = copy.deepcopy(document)
        try:
            what = chance.choices(_RULE_CHANGES, weights=_WEIGHTS)[0](
                changed, trees, chance
            )
        except Unwritable:
            continue
        try:
            read_again = RulesetDocument.model_validate_json(json.dumps(changed))
            loaded = Ruleset(read_again, _hash(what), PAYMENT_FEATURES)
        except (RulesetError, ValidationError):
            continue
        yield Mutant(what, changed, loaded)


def policy_mutants(body: bytes, chance: Random) -> Iterator[Mutant]:
    """Endless changes of a policy, each by itself."""
    document = yaml.safe_load(body)
    places = [p for p in _places(document) if p[0] in _DECIDING]
    while True:
        changed = copy.deepcopy(document)
        place = chance.choice(places)
        holder: Any = changed
        for step in place[:-1]:
            holder = holder[step]
        value = holder[place[-1]]
        other = _another(value, chance)
        if other == value:
            continue
        holder[place[-1]] = other
        what = f"{'.'.join(map(str, place))}: {value} to {other}"
        try:
            read_again = PolicyDocument.model_validate_json(json.dumps(changed))
        except ValidationError:
            continue
        yield Mutant(what, changed, Policy(read_again, _hash(what)))


def _hash(what: str) -> str:
    return sha256(what.encode()).hexdigest()


def _places(document: Any, path: tuple[Any, ...] = ()) -> Iterator[tuple[Any, ...]]:
    """Where numbers, verdicts and lists of verdicts, kinds and blocks stand."""
    if isinstance(document, dict):
        for name, inner in document.items():
            yield from _places(inner, (*path, name))
    elif isinstance(document, list):
        if document and all(isinstance(item, str) for item in document):
            yield path
        for number, inner in enumerate(document):
            if not isinstance(inner, str):
                yield from _places(inner, (*path, number))
    elif (
        (isinstance(document, int | float) and not isinstance(document, bool))
        or document in _VERDICTS
        or document in ("low", "medium", "high", "critical")
    ):
        yield path


def _another(value: Any, chance: Random) -> Any:
    if isinstance(value, list):
        if set(value) <= set(_VERDICTS):
            start = chance.randrange(3)
            return list(_VERDICTS[start : chance.randrange(start, 3) + 1])
        kept = list(value)
        kept.pop(chance.randrange(len(kept)))
        return kept or value
    if isinstance(value, str):
        pool = (
            _VERDICTS if value in _VERDICTS else ("low", "medium", "high", "critical")
        )
        return chance.choice(pool)
    if isinstance(value, int):
        return max(0, value + chance.choice((-1, 1, 10, value, -(value // 2))))
    if chance.random() < 0.3:
        return (
            min(1.0, value + chance.choice((1e-9, 1e-4))) if value <= 1 else value + 1
        )
    return round(value * chance.choice(_FACTORS), 12)


Change = Callable[[dict[str, Any], dict[str, Node], Random], str]


def _row(document: dict[str, Any], chance: Random) -> dict[str, Any]:
    row: dict[str, Any] = chance.choice(document["rules"])
    return row


def _change_condition(
    document: dict[str, Any], trees: dict[str, Node], chance: Random
) -> str:
    row = _row(document, chance)
    tree = trees[row["id"]]
    nodes = list(walk(tree))
    place = chance.randrange(len(nodes))
    changed = _with(tree, place, lambda node: _changed(node, chance))
    row["when"] = write(changed)
    return f"{row['id']}: {write(tree)} to {row['when']}"


def _with(tree: Node, place: int, change: Callable[[Node], Node]) -> Node:
    """The tree with the node at this place, counted as `walk` does, changed."""
    count = -1

    def visit(node: Node) -> Node:
        nonlocal count
        count += 1
        mine = count == place
        if isinstance(node, Call):
            node = replace(node, args=tuple(visit(arg) for arg in node.args))
        else:
            count += sum(1 for _ in walk(node)) - 1
        return change(node) if mine else node

    return visit(tree)


def _changed(node: Node, chance: Random) -> Node:
    if isinstance(node, Call) and node.function in _FLIPS:
        if node.function in ("_&&_", "_||_") and chance.random() < 0.5:
            return chance.choice(node.args)
        return replace(node, function=chance.choice(_FLIPS[node.function]))
    if isinstance(node, Const):
        return replace(node, value=_other_constant(node.value, chance))
    if isinstance(node, Field):
        kind = TYPES.get(node.name)
        return Field(chance.choice([n for n, t in TYPES.items() if t == kind]))
    if isinstance(node, Call) and node.function == "!_":
        return node.args[0]
    return Call("!_", "logical_not", (node,))


def _other_constant(value: Any, chance: Random) -> Any:
    if isinstance(value, bool):
        return not value
    if isinstance(value, int):
        return value + chance.choice((-1, 1, 10, -value))
    if isinstance(value, float):
        return chance.choice((value + 1.0, value * 1.0000001, value * 0.5, 0.0))
    return chance.choice(("pos", "atm", f"{value}x"))


def _keep_meaning(
    document: dict[str, Any], trees: dict[str, Node], chance: Random
) -> str:
    """A condition written in another way."""
    row = _row(document, chance)
    tree = trees[row["id"]]
    nodes = list(walk(tree))
    calls = [n for n, node in enumerate(nodes) if isinstance(node, Call)]
    # A bare field is the only condition without a call.
    places = calls or [0]
    changed = _with(tree, chance.choice(places), _rewritten)
    row["when"] = write(changed)
    return f"{row['id']}: {write(tree)} as {row['when']}"


def _rewritten(node: Node) -> Node:
    if not isinstance(node, Call):
        return Call("!_", "logical_not", (Call("!_", "logical_not", (node,)),))
    if node.function in ("_&&_", "_||_"):
        return replace(node, args=tuple(reversed(node.args)))
    bound = node.args[-1]
    if node.overload.endswith("_int64") and isinstance(bound, Const):
        step = {"_>=_": ("_>_", -1), "_>_": ("_>=_", 1)}.get(node.function)
        if step is not None and isinstance(bound.value, int):
            moved = replace(bound, value=bound.value + step[1])
            return replace(node, function=step[0], args=(node.args[0], moved))
    if node.function in ("!_", "_<_", "_<=_", "_>_", "_>=_", "_==_", "_!=_"):
        return Call("!_", "logical_not", (Call("!_", "logical_not", (node,)),))
    return node


def _change_row(
    document: dict[str, Any], trees: dict[str, Node], chance: Random
) -> str:
    row = _row(document, chance)
    name, values = chance.choice(
        (
            ("effect", ("FLAG", "BLOCK")),
            ("severity", ("low", "medium", "high", "critical")),
            ("state", ("draft", "shadow", "live")),
        )
    )
    before = row[name]
    row[name] = chance.choice([v for v in values if v != before])
    return f"{row['id']}: {name} {before} to {row[name]}"


def _change_rules(
    document: dict[str, Any], trees: dict[str, Node], chance: Random
) -> str:
    rows = document["rules"]
    place = chance.randrange(len(rows))
    if chance.random() < 0.5:
        return f"{rows.pop(place)['id']} left out"
    rows.append({**rows[place], "id": "R-999", "severity": "critical"})
    return f"{rows[place]['id']} again, critical"


def _change_list(
    document: dict[str, Any], trees: dict[str, Node], chance: Random
) -> str:
    name, row = chance.choice(sorted(document["lists"].items()))
    if len(row["entries"]) > 1 and chance.random() < 0.5:
        gone = row["entries"].pop(chance.randrange(len(row["entries"])))
        return f"{name} without {gone}"
    one = row["entries"][0]
    added = "999998" if one.isdigit() and len(one) == 6 else None
    added = added or (
        "5499" if one.isdigit() else "NA" if len(one) == 2 else f"{one}-b"
    )
    row["entries"].append(added)
    return f"{name} with {added}"


_RULE_CHANGES: tuple[Change, ...] = (
    _change_condition, _keep_meaning, _change_row, _change_rules, _change_list,
)  # fmt: skip
_WEIGHTS = (12, 3, 3, 1, 2)
