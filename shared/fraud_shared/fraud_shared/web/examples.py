"""Examples of messages, made from their JSON Schema: the one that a property declares, or
the plainest value that its type allows. OpenAPI shows them and tests send them."""

from collections.abc import Mapping
from typing import Any

from pydantic import BaseModel

_TEXTS = {
    "date-time": "2026-12-01T09:30:00Z",
    "date": "2026-12-01",
    "uuid": "6f1c7a52-0d0b-5c55-9a37-0d6d2f3f5b11",
    "ipv4": "203.0.113.7",
    "uri": "https://example.com/hook",
    "duration": "PT5M",
}
_REF = "#/"


def example_of(model: type[BaseModel], *, whole: bool = True) -> Any:
    """An example of a message; without `whole`, of its required properties only."""
    schema = model.model_json_schema(by_alias=True)
    return example(schema, schema, whole=whole)


def example(
    schema: Mapping[str, Any], root: Mapping[str, Any], *, whole: bool = True
) -> Any:
    """An example that `schema` allows; `root` is the document its references point into."""
    if "$ref" in schema:
        rest = {key: value for key, value in schema.items() if key != "$ref"}
        schema = {**_resolved(schema["$ref"], root), **rest}
    for key in ("examples", "enum"):
        if schema.get(key):
            return schema[key][0]
    for key in ("example", "const"):
        if key in schema:
            return schema[key]
    if schema.get("default") is not None:
        return schema["default"]
    for key in ("anyOf", "oneOf", "allOf"):
        if schema.get(key):
            kinds = [one for one in schema[key] if one.get("type") != "null"]
            return example(kinds[0], root, whole=whole) if kinds else None
    return _plainest(schema, root, whole)


def _plainest(schema: Mapping[str, Any], root: Mapping[str, Any], whole: bool) -> Any:
    kind = schema.get("type")
    match kind[0] if isinstance(kind, list) else kind:
        case "object":
            needed = schema.get("required", ())
            return {
                name: example(one, root, whole=whole)
                for name, one in schema.get("properties", {}).items()
                if whole or name in needed
            }
        case "array":
            if "prefixItems" in schema:
                return [
                    example(one, root, whole=whole) for one in schema["prefixItems"]
                ]
            one = example(schema.get("items", {}), root, whole=whole)
            return [one] * max(1, schema.get("minItems", 1))
        case "integer" | "number":
            return schema.get("minimum", 1)
        case "boolean":
            return False
        case "string":
            return _TEXTS.get(schema.get("format", ""), "text")
    return None


def _resolved(ref: str, root: Mapping[str, Any]) -> Mapping[str, Any]:
    found: Any = root
    for part in ref.removeprefix(_REF).split("/"):
        found = found[part]
    return found  # type: ignore[no-any-return]
