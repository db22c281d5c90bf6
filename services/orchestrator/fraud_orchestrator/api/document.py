"""The gateway's OpenAPI document, completed: who may call what, headers, errors, meanings
and examples. The framework knows routes and models; this adds what it cannot know."""

from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from fastapi import FastAPI
from fastapi.routing import iter_route_contexts

from fraud_orchestrator.api.document_parts import (
    BODIES,
    ERRORS,
    HEADERS,
    NAMING,
    PARAMETERS,
    SECURITY,
    TAGS,
    problem_example,
)
from fraud_shared.contracts.describing import described, with_meaning
from fraud_shared.web.examples import example
from fraud_shared.web.service import HotRoute

JSON, PROBLEM = "application/json", "application/problem+json"
SCOPES = "x-fraud-scopes"
# Answered to everybody: what load balancers and monitors ask.
OPEN = frozenset({"/livez", "/readyz", "/health", "/healthz", "/metrics"})
_METHODS = ("get", "post", "delete", "put", "patch")


def policies(app: FastAPI) -> dict[tuple[str, str], tuple[str, ...]]:
    """The scopes of which a key must have one, by method and path; any key where there are
    none. What is in `OPEN` has no policy."""
    found: dict[tuple[str, str], tuple[str, ...]] = {}
    hot: Iterable[HotRoute] = app.state.hot
    for route in hot:
        scopes = getattr(route.guard, "scopes", None)
        if scopes is not None:
            found["post", route.path] = scopes
    for cold in iter_route_contexts(app.routes):
        for dependency in getattr(cold, "dependencies", None) or ():
            scopes = getattr(dependency.dependency, "scopes", None)
            if scopes is not None:
                for method in cold.methods or ():
                    found[method.lower(), str(cold.path)] = scopes
    return found


def completed(app: FastAPI, document: Mapping[str, Any]) -> dict[str, Any]:
    """The framework's document with everything a stranger needs."""
    allowed = policies(app)
    schemas = described(_without_framework(document["components"]["schemas"]))
    made = {
        **document,
        "info": {**document["info"], "description": _ABOUT},
        "tags": [{"name": name, "description": text} for name, text in TAGS.items()],
        "servers": [{"url": "/"}],
        "components": {
            **document["components"],
            "schemas": schemas,
            "securitySchemes": SECURITY,
            "headers": HEADERS,
            "parameters": PARAMETERS,
        },
    }
    made["paths"] = {
        path: {
            method: _operation(operation, method, path, allowed, made)
            if method in _METHODS
            else operation
            for method, operation in operations.items()
        }
        for path, operations in document["paths"].items()
    }
    return made


def _operation(
    operation: Mapping[str, Any],
    method: str,
    path: str,
    allowed: Mapping[tuple[str, str], tuple[str, ...]],
    document: Mapping[str, Any],
) -> dict[str, Any]:
    made = dict(operation)
    if path in OPEN:
        return {**made, "security": []}
    scopes = allowed.get((method, path))
    if scopes is not None:
        made[SCOPES] = list(scopes)
        made["security"] = [{name: []} for name in SECURITY]
        may = " or ".join(f"`{scope}`" for scope in scopes) or "any"
        about = made.get("description", made.get("summary", ""))
        made["description"] = f"{about}\n\nScope: {may}."
    own = [_parameter(one) for one in made.get("parameters", ())]
    common = [{"$ref": f"#/components/parameters/{name}"} for name in _common(path)]
    made["parameters"] = own + common
    if "requestBody" in made:
        made["requestBody"] = _with_examples(
            made["requestBody"], document, BODIES.get(path)
        )
    made["responses"] = dict(_responses(made, method, path, document))
    return made


def _parameter(parameter: Mapping[str, Any]) -> dict[str, Any]:
    """A parameter with its meaning; examples stand in its schema, as a list."""
    name, given = parameter["name"], dict(parameter["schema"])
    shown = {"description": parameter.get("description"), **given}
    known = with_meaning("", name, {k: v for k, v in shown.items() if v is not None})
    text = known.pop("description", None)
    rest = {k: v for k, v in parameter.items() if k not in ("examples", "example")}
    return {**rest, **({"description": text} if text else {}), "schema": known}


def _common(path: str) -> Iterator[str]:
    yield from ("RequestId", "Traceparent", "Tenant")
    if path in ("/score", "/v1/score"):
        yield from ("IdempotencyKey", "Deadline")


def _responses(
    operation: Mapping[str, Any], method: str, path: str, document: Mapping[str, Any]
) -> Iterator[tuple[str, Any]]:
    """Good answers with headers and examples, then every problem that can come."""
    kept = operation.get("responses", {})
    answers = dict.fromkeys(("X-Request-ID", "RateLimit", "RateLimit-Policy"))
    for status, response in kept.items():
        if status.startswith("2"):
            headers = {name: _ref("headers", name) for name in answers}
            yield status, {**_with_examples(response, document), "headers": headers}
    for status, (text, types) in ERRORS.items():
        if status in _impossible(operation, method, path):
            continue
        named = [*types, *operation.get("x-fraud-problems", {}).get(status, ())]
        headers = {"X-Request-ID": _ref("headers", "X-Request-ID")}
        if status in ("409", "429", "503"):
            headers["Retry-After"] = _ref("headers", "Retry-After")
        yield (
            status,
            {
                "description": f"{text}: "
                + ", ".join(f"`{one}`" for one in named)
                + ".",
                "headers": headers,
                "content": {
                    PROBLEM: {
                        "schema": {"$ref": "#/components/schemas/Problem"},
                        "example": problem_example(int(status), named[0]),
                    }
                },
            },
        )


def _impossible(operation: Mapping[str, Any], method: str, path: str) -> set[str]:
    """The problems that this operation cannot answer with."""
    impossible = set()
    if "requestBody" not in operation:
        impossible |= {"400", "413", "415"}
    if method == "get" or "409" not in operation.get("x-fraud-problems", {}):
        impossible.add("409")
    named = [p for p in operation.get("parameters", ()) if p.get("in") == "path"]
    if not named and path not in NAMING:
        impossible.add("404")
    return impossible


def _with_examples(
    content: Mapping[str, Any], document: Mapping[str, Any], given: Any = None
) -> dict[str, Any]:
    """A body or response with an example for its JSON: `given`, or one of its schema."""
    made = dict(content)
    if "content" not in content:
        return made
    made["content"] = {
        media: (
            {**one, "example": given or example(one.get("schema", {}), document) or {}}
            if media == JSON
            else one
        )
        for media, one in content["content"].items()
    }
    return made


def _without_framework(schemas: Mapping[str, Any]) -> dict[str, Any]:
    """The schemas without the framework's own of errors, which are never sent."""
    own = ("HTTPValidationError", "ValidationError")
    return {name: schema for name, schema in schemas.items() if name not in own}


def _ref(kind: str, name: str) -> dict[str, str]:
    return {"$ref": f"#/components/{kind}/{name}"}


_ABOUT = """\
Decides payments: APPROVE, CHALLENGE or DECLINE, with reasons; and everything that follows.

Send the API key as `X-API-Key` (or `Authorization: Bearer`). A key has scopes; each
operation names those of which it needs one. Everybody sees what belongs to their own
payments; `analyst` and `audit` see every client's, within the tenants of their key.

Errors are problems (RFC 9457) as `application/problem+json`; `type` is a URN of
`docs/problems.md`. They name the field and the reason, and never repeat what was sent.

Lists come in pages: `?limit=&cursor=` is answered by `items` and `next_cursor`, null at the
end. Times are RFC 3339, answers in UTC; sums are in minor units of their currency.

A key of scope `test` is in test mode: the `account_id` of a payment forces the answer, and
nothing of it counts. `docs/test-mode.md` has the magic values.

Paths under `/v1` are stable: within v1 fields are only added. Bare paths (`/score`,
`/profile/…`) are earlier names of the same.
"""
