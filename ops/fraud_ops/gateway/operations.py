"""What the gateway's document says of the operations that have a command, in short: the
committed `operations.json`, which `fraud schemas` writes, so that no command waits for the
gateway's code to be loaded."""

import json
from collections.abc import Iterator, Mapping
from dataclasses import asdict, dataclass
from functools import cache
from pathlib import Path
from typing import Any, Literal

COMMAND = "x-fraud-command"
JSON, NDJSON, YAML = "application/json", "application/x-ndjson", "application/yaml"
FILE = Path(__file__).parent / "operations.json"
Kind = Literal["text", "integer", "number", "truth", "texts", "json"]


@dataclass(frozen=True, slots=True)
class Field:
    """One parameter or property of the body: `place` is path, query or body."""

    name: str
    place: str
    kind: Kind
    required: bool
    help: str


@dataclass(frozen=True, slots=True)
class Operation:
    """One command and what it asks. `media`: what the answer may be besides JSON;
    `takes`: what the body may be, empty without one."""

    command: str
    method: str
    path: str
    help: str
    fields: tuple[Field, ...]
    media: tuple[str, ...]
    takes: tuple[str, ...]


@cache
def operations() -> tuple[Operation, ...]:
    """Every operation with a command, as committed."""
    return tuple(
        Operation(
            **{
                **one,
                "fields": tuple(Field(**field) for field in one["fields"]),
                "media": tuple(one["media"]),
                "takes": tuple(one["takes"]),
            }
        )
        for one in json.loads(FILE.read_text())
    )


def written(document: Mapping[str, Any]) -> str:
    """The text of `operations.json` for an OpenAPI document."""
    found = sorted(_found(document), key=lambda one: one.command)
    return json.dumps([asdict(one) for one in found], indent=1) + "\n"


def _found(document: Mapping[str, Any]) -> Iterator[Operation]:
    for path, methods in document["paths"].items():
        for method, one in methods.items():
            if COMMAND not in one:
                continue
            content = one.get("requestBody", {}).get("content", {})
            answers = [
                media
                for status, response in one["responses"].items()
                if status.startswith("2")
                for media in response.get("content", {})
                if media != JSON
            ]
            yield Operation(
                command=one[COMMAND],
                method=method.upper(),
                path=path,
                help=one["summary"],
                fields=(*_parameters(one), *_body(content, document)),
                media=tuple(answers),
                takes=tuple(content),
            )


def _parameters(operation: Mapping[str, Any]) -> Iterator[Field]:
    for one in operation.get("parameters", ()):
        if one.get("in") in ("path", "query"):
            yield Field(
                one["name"],
                one["in"],
                _kind(one["schema"]),
                bool(one.get("required")),
                one.get("description", ""),
            )


def _body(content: Mapping[str, Any], document: Mapping[str, Any]) -> Iterator[Field]:
    schema = content.get(JSON, {}).get("schema", {})
    for kind in (schema, *schema.get("anyOf", ())):
        if "$ref" in kind:
            name = kind["$ref"].rpartition("/")[2]
            schema = document["components"]["schemas"][name]
    needed = schema.get("required", ())
    for name, one in schema.get("properties", {}).items():
        if not one.get("deprecated"):
            text = one.get("description", "")
            yield Field(name, "body", _kind(one), name in needed, text)


def _kind(schema: Mapping[str, Any]) -> Kind:
    several = [s for s in schema.get("anyOf", ()) if s.get("type") != "null"]
    if len(several) == 1:
        return _kind(several[0])
    plain: Mapping[str, Kind] = {
        "string": "text",
        "integer": "integer",
        "number": "number",
        "boolean": "truth",
    }
    kind = schema.get("type", "")
    if kind in plain:
        return plain[kind]
    if kind == "array":
        return "texts" if schema.get("items", {}).get("type") == "string" else "json"
    # Of several types (a truth or a code), what is typed is sent as it is.
    return "text" if several or "enum" in schema else "json"
