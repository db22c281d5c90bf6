"""OpenAPI of routes whose rows depend on the model that serves at that moment."""

from collections.abc import Mapping
from typing import Any

_REQUEST = "PredictRequest"
# A row of the model behind `/v1/fraud-score`, where everything must be known.
_CARD_ROW, _CARD_MODEL = "CardRow", "credit_card"


def with_instances(
    document: Mapping[str, Any], rows: Mapping[str, Mapping[str, Any]]
) -> dict[str, Any]:
    """A copy of an OpenAPI document in which the instances of `PredictRequest` are one of
    `rows`, the JSON Schemas of the hosted models by name, and `CardRow` is that of
    `credit_card`, without null; without any, as it was."""
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
    made = {**schemas, _REQUEST: changed, **instances}
    if _CARD_ROW in schemas and _CARD_MODEL in rows:
        described = {key: schemas[_CARD_ROW][key] for key in ("title", "description")}
        made[_CARD_ROW] = {**_known(rows[_CARD_MODEL]), **described}
    return {**document, "components": {**components, "schemas": made}}


def _known(row: Mapping[str, Any]) -> dict[str, Any]:
    """The schema of a row in which nothing may be null."""
    properties: dict[str, Any] = {}
    for name, schema in row["properties"].items():
        kinds = schema.get("anyOf", [{}])
        rest = {key: value for key, value in schema.items() if key != "anyOf"}
        properties[name] = {**kinds[0], **rest}
    return {**row, "properties": properties}


def _title(model: str) -> str:
    return "".join(part.capitalize() for part in model.split("_")) + "Instance"
