"""The OpenAPI document: a stranger can use it, and every role may what it says."""

import json
import re
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime
from functools import cache
from pathlib import Path
from tempfile import mkdtemp
from typing import Any

import jsonschema
import pytest
from openapi_spec_validator import validate

from fraud_orchestrator.api.document import JSON, OPEN, PROBLEM, SCOPES
from fraud_orchestrator.api.public_routes import PUBLIC_ROUTES
from fraud_orchestrator.app import create_app
from fraud_orchestrator.settings import Settings
from fraud_shared.mesh.client import ServiceClient
from fraud_shared.mesh.tokens import TokenIssuer
from fraud_shared.testing.asgi import TEST_TOKEN_KEY
from fraud_shared.testing.clocks import FakeClock
from fraud_shared.testing.fakes import FakeTransport
from fraud_shared.web import keys


@cache
def document() -> dict[str, Any]:
    client = ServiceClient(FakeTransport({}), TokenIssuer("orchestrator", "k" * 40))
    settings = Settings(var_dir=Path(mkdtemp()), token_key=TEST_TOKEN_KEY)
    made: dict[str, Any] = create_app(settings, service_client=client).openapi()
    return made


def operations() -> Iterator[tuple[str, str, dict[str, Any]]]:
    for path, methods in document()["paths"].items():
        for method, operation in methods.items():
            yield method, path, operation


NAMED = {
    f"{method} {path}": (method, path)
    for method, path, _ in operations()
    if path not in OPEN
}


class TestTheDocument:
    def test_is_valid_openapi_with_one_id_for_each_operation(self) -> None:
        validate(document())
        ids = [operation["operationId"] for _, _, operation in operations()]
        assert len(set(ids)) == len(ids)

    def test_describes_every_property_and_parameter(self) -> None:
        schemas = document()["components"]["schemas"]
        silent = [
            f"{message}.{name}"
            for message, schema in schemas.items()
            for name, one in schema.get("properties", {}).items()
            if not one.get("description")
        ]
        silent += [
            f"{method} {path}: {parameter['name']}"
            for method, path, operation in operations()
            for parameter in operation.get("parameters", ())
            if "$ref" not in parameter and not parameter.get("description")
        ]
        assert silent == []

    def test_names_security_and_a_known_tag_everywhere(self) -> None:
        tags = {tag["name"] for tag in document()["tags"]}
        for method, path, operation in operations():
            assert "security" in operation, (method, path)
            assert bool(operation["security"]) == (path not in OPEN), (method, path)
            assert set(operation["tags"]) <= tags, (method, path)
            assert operation["summary"], (method, path)

    def test_has_examples_that_its_schemas_allow(self) -> None:
        found: list[str] = []
        for _, path, operation in operations():
            if path in OPEN:
                continue
            shown = [operation["requestBody"]] if "requestBody" in operation else []
            shown += operation["responses"].values()
            for body in shown:
                for media, one in body.get("content", {}).items():
                    if media in (JSON, PROBLEM):
                        found += _faults(one["schema"], one["example"], path)
        assert found == []

    def test_says_every_error_as_a_problem_with_its_types(self) -> None:
        for method, path, operation in operations():
            if path in OPEN:
                continue
            failures = {
                status: response
                for status, response in operation["responses"].items()
                if not status.startswith("2")
            }
            assert {"403", "429", "503"} <= failures.keys(), (method, path)
            for status, response in failures.items():
                assert list(response["content"]) == [PROBLEM], (path, status)
                kind = response["content"][PROBLEM]["example"]["type"]
                assert kind.startswith("urn:fraud:problem:"), (path, status)
            assert "Retry-After" in failures["429"]["headers"], (method, path)

    def test_commands_have_one_operation_each(self) -> None:
        commands = [
            o["x-fraud-command"] for *_, o in operations() if COMMAND & o.keys()
        ]
        assert len(set(commands)) == len(commands)


COMMAND = {"x-fraud-command"}


def _faults(schema: Mapping[str, Any], instance: Any, where: str) -> list[str]:
    whole = {**schema, "components": document()["components"]}
    validator = jsonschema.Draft202012Validator(whole)
    return [
        f"{where} {error.json_path}: {error.message[:200]}"
        for error in validator.iter_errors(instance)
    ]


async def everything(path: str, body: bytes) -> tuple[int, bytes]:
    """Whatever is asked of a service, it says something."""
    return 200, b"{}"


def _request(method: str, path: str, operation: Mapping[str, Any]) -> dict[str, Any]:
    """A request made of nothing but the document."""
    named = {
        p["name"]: p["schema"].get("examples", ["x-1"])[0]
        for p in operation["parameters"]
        if p.get("in") == "path"
    }
    named |= next(
        (
            r.examples
            for r in PUBLIC_ROUTES
            if (r.method.lower(), r.path) == (method, path)
        ),
        {},
    )
    if path.startswith("/v1/entities/{kind}"):
        named["kind"] = "card"
    request: dict[str, Any] = {
        "method": method,
        "url": re.sub(r"\{(\w+)\}", lambda m: str(named[m[1]]), path),
        "params": {
            p["name"]: p["schema"]["examples"][0]
            for p in operation["parameters"]
            if p.get("in") == "query" and p.get("required")
        },
    }
    if "requestBody" in operation:
        content = operation["requestBody"]["content"]
        request["content"] = json.dumps(content[JSON]["example"])
        request["headers"] = {"content-type": JSON}
    return request


class TestTheMatrix:
    @pytest.mark.parametrize("scope", keys.SCOPES)
    async def test_lets_a_scope_in_exactly_where_the_document_says(
        self, start: Any, scope: str
    ) -> None:
        async with start(scopes=[scope], client="matrix") as run:
            for name, (method, path) in NAMED.items():
                operation = document()["paths"][path][method]
                needed = operation[SCOPES]
                reply = await run.http.request(**_request(method, path, operation))
                allowed = not needed or scope in needed
                assert (reply.status_code == 403) != allowed, (name, reply.text)

    async def test_lets_nobody_in_without_a_key(self, start: Any) -> None:
        async with start() as run:
            run.http.headers.pop("x-api-key")
            for name, (method, path) in NAMED.items():
                operation = document()["paths"][path][method]
                reply = await run.http.request(**_request(method, path, operation))
                assert reply.status_code == 403, name

    async def test_takes_every_documented_example(self, start: Any) -> None:
        refused = {}
        late = FakeClock(datetime(2027, 6, 1, tzinfo=UTC))
        every = list(keys.LIVE_SCOPES)
        async with start(scopes=every, event_behind_s=1e10, clock=late) as run:
            for service in ("action", "post_auth", "sanctions", "rules", "decision"):
                run.transport.responders[service] = everything
            for name, (method, path) in NAMED.items():
                operation = document()["paths"][path][method]
                request = _request(method, path, operation)
                reply = await run.http.request(**request)
                if reply.status_code in (400, 413, 415, 422):
                    refused[name] = reply.json()
        assert not refused, json.dumps(refused)


def test_a_role_has_scopes_that_exist_and_meanings() -> None:
    for scopes in keys.ROLES.values():
        assert set(scopes) <= set(keys.SCOPE_MEANINGS)
    used = {scope for *_, o in operations() for scope in o.get(SCOPES, ())}
    assert used <= set(keys.SCOPES)
