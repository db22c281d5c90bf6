"""OpenAPI of routes whose rows depend on the model that serves at that moment."""

from collections.abc import Mapping
from typing import Any

_REQUEST = "PredictRequest"


def with_instances(
    document: Mapping[str, Any], rows: Mapping[str, Mapping[str, Any]]
) -> dict[str, Any]:
    """A copy of an OpenAPI document in which the instances of `PredictRequest` are one of
    `rows`, the JSON Schemas of the hosted models by name; without any, as it was."""
    components = document.get("components", {})
    schemas = components.get("schemas", {})
    if not rows or _REQUEST not in schemas:
        return dict(document)
    instances = {_title(name): dict(schema) for name, schema in rows.items()}
    request = schemas[_REQUEST]
    listed = request["properties"]["instances"]
    variants: list[dict[str, Any]] = [
        {"$ref": f"#/components/schemas/{title}"} for title in instances
    ]
    # The other form of a row: values alone, in the order of the object's properties.
    variants.append({"type": "array", "items": {"type": ["number", "string", "null"]}})
    changed = {
        **request,
        "properties": {
            **request["properties"],
            "model": {**request["properties"]["model"], "enum": list(rows)},
            "instances": {**listed, "items": {"anyOf": variants}},
        },
    }
    return {
        **document,
        "components": {
            **components,
            "schemas": {**schemas, _REQUEST: changed, **instances},
        },
    }


def _title(model: str) -> str:
    return "".join(part.capitalize() for part in model.split("_")) + "Instance"
