"""A thousand card numbers sent to every string of every route: none is kept anywhere.

The bodies come from the OpenAPI document, so that a new field is tried without anybody
thinking of it.
"""

import copy
import unicodedata
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from urllib.parse import quote

import polars as pl
import pytest

from fraud_shared.contracts.card_numbers import is_card_number
from fraud_shared.mesh.deadline import Deadline
from fraud_shared.testing.factories import payment_body
from fraud_shared.web import logs

# Ten digits that nothing else in the stores begins with.
STEM = "4539578763"
MARK = "canary-witness"
Place = tuple[str | int, ...]
PROBES = ("/livez", "/readyz", "/health", "/healthz", "/metrics")
EXAMPLES = {
    "date-time": (datetime.now(UTC) + timedelta(days=3)).isoformat(),
    "date": "1980-01-02",
}
# The one place where a number belongs; what stands there becomes a token.
PAN = ("card", "pan")


def canaries() -> Iterator[str]:
    """Card numbers without end, no two alike, each in the next of many spellings."""
    spellings = [
        lambda n: n,
        lambda n: " ".join(n[i : i + 4] for i in range(0, 16, 4)),
        lambda n: "-".join(n[i : i + 4] for i in range(0, 16, 4)),
        lambda n: "/".join(n[i : i + 4] for i in range(0, 16, 4)),
        lambda n: "_".join(n[i : i + 4] for i in range(0, 16, 4)),
        lambda n: ".".join(n[i : i + 4] for i in range(0, 16, 4)),
        lambda n: "\u2011".join(n[i : i + 4] for i in range(0, 16, 4)),
        lambda n: "\u200b".join(n),
        lambda n: "".join(chr(0xFF10 + int(d)) for d in n),
        lambda n: "".join(chr(0x0660 + int(d)) for d in n),
        lambda n: f"ref 12 {n} 12/27",
        lambda n: f"tok:{n}",
        lambda n: f"00{n}",
        lambda n: f"{n}1227",
    ]
    serial = 0
    while True:
        for body in range(serial * 10, serial * 10 + 10):
            number = f"{STEM}{body:06d}"
            if is_card_number(number):
                yield spellings[serial % len(spellings)](number)
        serial += 1


def example(schema: dict[str, Any], parts: dict[str, Any]) -> Any:
    """A document that uses every field of a schema."""
    if "$ref" in schema:
        return example(parts[schema["$ref"].rpartition("/")[2]], parts)
    for word in ("anyOf", "oneOf", "allOf"):
        if word in schema:
            return example(schema[word][0], parts)
    if "const" in schema or "enum" in schema:
        return schema.get("const", schema.get("enum", [None])[0])
    kind = schema.get("type", "string")
    if kind == "object":
        found = {k: example(v, parts) for k, v in schema.get("properties", {}).items()}
        more = schema.get("additionalProperties")
        if isinstance(more, dict):
            found["V1"] = example(more, parts)
        return found or {"text": "a"}
    if kind == "array":
        items = schema.get("prefixItems") or [schema.get("items", {})]
        return [example(item, parts) for item in items]
    if kind == "string":
        return EXAMPLES.get(schema.get("format", ""), "a")
    return {"integer": 1, "number": 1.0, "boolean": True, "null": None}[kind]


def strings(node: Any, at: Place = ()) -> Iterator[Place]:
    """Where strings stand in a document."""
    if isinstance(node, str):
        yield at
    if isinstance(node, dict | list):
        children = node.items() if isinstance(node, dict) else enumerate(node)
        for key, child in children:
            yield from strings(child, (*at, key))


def placed(document: Any, at: Place, text: str) -> Any:
    """The document with this text at one place."""
    changed = copy.deepcopy(document)
    node = changed
    for key in at[:-1]:
        node = node[key]
    node[at[-1]] = text
    return changed


def bodies(api: dict[str, Any]) -> Iterator[tuple[str, Any]]:
    """Paths that take a body, with one that fills it."""
    parts = api["components"]["schemas"]
    payment = payment_body(
        occurred_at=datetime.now(UTC),
        counterparty={"name": "Nobody", "account": "acc-2"},
        features={"browser": "a"},
    )
    payment["merchant"]["name"] = payment["device"]["os"] = "a"
    payment["device"]["user_agent"] = "a"
    for path, methods in api["paths"].items():
        content = methods.get("post", {}).get("requestBody", {}).get("content", {})
        if "application/json" in content:
            body = example(content["application/json"]["schema"], parts)
            if (
                content["application/json"]["schema"]
                .get("$ref", "")
                .endswith("TransactionIn")
            ):
                body = payment
            yield path, body
    yield "/v1/score/batch", {"transactions": [payment]}
    yield "/v1/predict", {"model": "xgboost", "instances": [{"a": "b"}, ["c"]]}


def folded(text: str) -> str:
    """The digits of a text, in ASCII, and nothing else."""
    plain = unicodedata.normalize("NFKC", text)
    return "".join(str(int(char)) for char in plain if char.isdecimal())


def kept(folder: Path) -> Iterator[tuple[str, str]]:
    """What lies in the files of a folder, as text."""
    for path in sorted(folder.rglob("*")):
        if path.suffix == ".parquet":
            yield path.name, str(pl.read_parquet(path).rows())
        elif path.is_file() and "registry" not in path.parts:
            yield path.name, path.read_bytes().decode(errors="ignore")


async def refuse(http: Any, method: str, path: str, **parts: Any) -> str:
    """The reply's text, which must be a refusal that repeats nothing."""
    reply = await http.request(method, path, **parts)
    assert 400 <= reply.status_code < 500, (path, reply.status_code)
    assert reply.status_code != 429, path  # it must be refused for what it holds
    assert STEM not in folded(reply.text), path
    return str(reply.text)


async def in_bodies(http: Any, api: dict[str, Any], numbers: Iterator[str]) -> int:
    """Put a number into each string of each body; how many were sent."""
    sent = 0
    for path, body in bodies(api):
        path = path.replace("{dataset}", "default").replace("{", "").replace("}", "")
        for at in strings(body):
            if at[-2:] == PAN:
                continue
            for _ in range(6):
                text = next(numbers)
                changed = placed(body, at, text)
                sent += 1
                if path == "/v1/score/batch":
                    reply = await http.post(path, json=changed)
                    assert STEM not in folded(reply.text)
                    assert '"decision":{' not in reply.text, at
                else:
                    await refuse(http, "POST", path, json=changed)
    return sent


async def in_heads(http: Any, api: dict[str, Any], numbers: Iterator[str]) -> int:
    """Put numbers into paths, queries and headers; how many were sent."""
    sent = 0
    for path, methods in api["paths"].items():
        for method in methods if path not in PROBES else ():
            for parameter in methods[method].get("parameters", ()):
                text = quote(next(numbers), safe="")
                name = parameter["name"]
                plain = path.replace(f"{{{name}}}", text)
                target = plain if plain != path else f"{path}?{name}={text}"
                await refuse(http, method.upper(), target)
                sent += 1
    for _ in range(60):
        text = next(numbers)
        body = payment_body(occurred_at=datetime.now(UTC))
        given = {"idempotency-key": text.encode()}
        if text.isascii():
            await refuse(http, "POST", "/score", json=body, headers=given)
        reply = await http.post(
            "/score", json=body, headers={"x-request-id": text.encode()}
        )
        assert STEM not in folded(reply.headers["x-request-id"])
        sent += 2
    return sent


async def test_no_card_number_is_kept_wherever_it_is_sent(
    run: Any, environment: Any, capsys: pytest.CaptureFixture[str]
) -> None:
    numbers = canaries()
    logs.configure("INFO")
    taken = 0
    async with run() as mesh:
        api = mesh.local_mesh.apps["orchestrator"].openapi()
        sent = await in_bodies(mesh.http, api, numbers)
        sent += await in_heads(mesh.http, api, numbers)
        for number in (next(numbers) for _ in range(200)):
            digits = (
                folded(number)[-16:] if is_card_number(folded(number)[-16:]) else None
            )
            if digits is not None:  # where it belongs it is taken, and becomes a token
                body = payment_body(occurred_at=datetime.now(UTC), account_id=MARK)
                body["card"] = {"pan": digits}
                assert (await mesh.http.post("/score", json=body)).status_code == 200
                sent += 1
                taken += 1
        services = mesh.local_mesh.service_client("orchestrator")
        await services.call(
            "post_auth",
            "/v1/datasets/export",
            b"{}",
            deadline=Deadline.after(9000),
            cap_ms=9000,
        )
        online = str(vars(mesh.online))
    assert sent >= 1000
    assert taken >= 14
    found = dict(kept(environment.var)) | {
        "online": online,
        "log": capsys.readouterr().out,
    }
    assert (
        sum(MARK in text for text in found.values()) >= 2
    )  # they are the right stores
    for name, text in found.items():
        assert STEM not in folded(text), name
