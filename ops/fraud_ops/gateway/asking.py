"""Sending what a command asks to a gateway, and printing what it answers."""

import json
import os
import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any
from urllib.parse import quote

import httpx
import typer

from fraud_ops.gateway.operations import JSON, NDJSON, YAML, Operation
from fraud_ops.running import CommandError

_TIMEOUT = httpx.Timeout(65.0, connect=5.0)


def ask(
    operation: Operation,
    given: Mapping[str, Any],
    common: Mapping[str, Any],
    transport: httpx.BaseTransport | None = None,
) -> None:
    """Ask what a command asks, and print the answer.

    `given`: the fields, None where not given; `common`: `_url`, `_tenant`, and `_body`,
    `_all`, `_lines` where the command has them. Raises CommandError with what the gateway
    says is wrong.
    """
    key = os.environ.get("FRAUD_API_KEY", "")
    if not key:
        raise CommandError("set FRAUD_API_KEY to a key of the gateway")
    headers = {"x-api-key": key}
    if common.get("_tenant"):
        headers["x-tenant"] = common["_tenant"]
    if common.get("_lines"):
        headers["accept"] = NDJSON
    content, media = _body(operation, given, common.get("_body") or "")
    if content is not None:
        headers["content-type"] = media
    with httpx.Client(
        base_url=common["_url"], headers=headers, timeout=_TIMEOUT, transport=transport
    ) as http:
        query = _query(operation, given)
        while True:
            reply = _answer(http, operation, given, query, content)
            if not common.get("_all"):
                typer.echo(_shown(reply))
                return
            cursor = _printed(reply)
            if cursor is None:
                return
            query["cursor"] = cursor


def _answer(
    http: httpx.Client,
    operation: Operation,
    given: Mapping[str, Any],
    query: Mapping[str, Any],
    content: bytes | None,
) -> httpx.Response:
    path = re.sub(
        r"\{(\w+)\}", lambda m: quote(str(given[m[1]]), safe=""), operation.path
    )
    try:
        reply = http.request(operation.method, path, params=query, content=content)
    except httpx.HTTPError as error:
        raise CommandError(f"the gateway does not answer: {error}") from None
    if reply.status_code >= 400:
        raise CommandError(_problem(reply))
    return reply


def _query(operation: Operation, given: Mapping[str, Any]) -> dict[str, Any]:
    return {
        field.name: _text(given[field.name])
        for field in operation.fields
        if field.place == "query" and given.get(field.name) is not None
    }


def _text(value: Any) -> Any:
    return str(value).lower() if isinstance(value, bool) else value


def _body(
    operation: Operation, given: Mapping[str, Any], whole: str
) -> tuple[bytes | None, str]:
    """The body and its type: the whole one, or what its fields make; None without."""
    if not operation.takes:
        return None, JSON
    if whole.startswith("@"):
        path = Path(whole[1:])
        if not path.is_file():
            raise CommandError(f"there is no file {path}")
        yaml = path.suffix in (".yaml", ".yml") and YAML in operation.takes
        return path.read_bytes(), YAML if yaml else JSON
    if whole:
        return whole.encode(), JSON
    document = {
        field.name: _value(field.kind, field.name, given[field.name])
        for field in operation.fields
        if field.place == "body" and given.get(field.name) not in (None, [])
    }
    missing = [
        f"--{field.name.replace('_', '-')}"
        for field in operation.fields
        if field.place == "body" and field.required and field.name not in document
    ]
    if document and missing:
        raise CommandError(f"also needed: {', '.join(missing)} (or --body)")
    return (json.dumps(document).encode() if document or missing else None), JSON


def _value(kind: str, name: str, value: Any) -> Any:
    if kind != "json":
        return value
    try:
        return json.loads(value)
    except ValueError:
        raise CommandError(f"--{name} is not JSON") from None


def _problem(reply: httpx.Response) -> str:
    try:
        problem = reply.json()
        kind = problem["type"].removeprefix("urn:fraud:problem:")
        lines = [f"{reply.status_code} {kind}: {problem['detail']}"]
        for one in problem.get("errors") or ():
            lines.append(f"  {one['field']}: {one['problem']}")
        return "\n".join(lines)
    except (ValueError, KeyError, TypeError):
        return f"{reply.status_code} from the gateway"


def _shown(reply: httpx.Response) -> str:
    if reply.headers.get("content-type", "").startswith(JSON):
        return json.dumps(reply.json(), indent=2, ensure_ascii=False)
    return reply.text.rstrip("\n")


def _printed(reply: httpx.Response) -> str | None:
    """Print the items of a page, one a line; the cursor of the next."""
    if not reply.headers.get("content-type", "").startswith(JSON):
        typer.echo(reply.text.rstrip("\n"))
        found = re.search(r"[?&]cursor=([^&>]+)", reply.headers.get("link", ""))
        return found[1] if found else None
    page = reply.json()
    for item in page.get("items", ()):
        typer.echo(json.dumps(item, ensure_ascii=False))
    cursor: str | None = page.get("next_cursor")
    return cursor
