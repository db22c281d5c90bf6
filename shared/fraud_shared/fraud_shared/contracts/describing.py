"""JSON Schemas with what their properties mean, from the table of meanings."""

import re
from collections.abc import Mapping
from typing import Any

from fraud_shared.contracts.meanings import EXAMPLES, MEANINGS, Meaning


def meaning(message: str, name: str) -> Meaning | None:
    """What a property of a message means, and an example (None for none)."""
    return MEANINGS.get(f"{message}.{name}") or MEANINGS.get(name)


def described(schemas: Mapping[str, Any]) -> dict[str, Any]:
    """JSON Schemas by the name of their message, with each property described that does
    not describe itself; `$defs` within them too."""
    return {name: _described(name, schema) for name, schema in schemas.items()}


def _described(message: str, schema: Mapping[str, Any]) -> dict[str, Any]:
    made = dict(schema)
    if message in EXAMPLES:
        made["examples"] = [EXAMPLES[message]]
    if "properties" in schema:
        made["properties"] = {
            name: with_meaning(message, name, one)
            for name, one in schema["properties"].items()
        }
    if "$defs" in schema:
        made["$defs"] = described(schema["$defs"])
    return made


def with_meaning(message: str, name: str, schema: Mapping[str, Any]) -> dict[str, Any]:
    """The schema of one property or parameter, described if anything is known of it."""
    known = meaning(message, name)
    made = dict(schema)
    if known is None:
        return made
    text, instance = known
    made.setdefault("description", text)
    if not {"examples", "example", "$ref"} & made.keys() and _fits(made, instance):
        made["examples"] = [instance]
    return made


_TYPES: Mapping[str, tuple[type, ...]] = {
    "string": (str,),
    "integer": (int,),
    "number": (int, float),
    "boolean": (bool,),
    "array": (list,),
    "object": (dict,),
}


def _fits(schema: Mapping[str, Any], instance: Any) -> bool:
    """Whether an example of this name is one of this type too: the same word may stand for
    a number here and for a text there."""
    if instance is None:
        return False
    for several in ("anyOf", "oneOf"):
        if several in schema:
            return any(_fits(one, instance) for one in schema[several])
    if "$ref" in schema:
        return isinstance(instance, dict)
    if "enum" in schema or "const" in schema:
        return instance in schema.get("enum", ()) or (
            "const" in schema and instance == schema["const"]
        )
    wanted = _TYPES.get(schema.get("type", ""), ())
    if not isinstance(instance, wanted) or (
        isinstance(instance, bool) and bool not in wanted
    ):
        return False
    if isinstance(instance, list) and instance:
        return _fits(schema.get("items", {}), instance[0])
    if isinstance(instance, dict) and instance:
        values = schema.get("additionalProperties", {})
        return isinstance(values, bool) or _fits(values, next(iter(instance.values())))
    if isinstance(instance, str) and "pattern" in schema:
        return re.search(schema["pattern"], instance) is not None
    return True
