"""The gateway's screening route before the real screening service."""

import json
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import httpx
import pytest

import fraud_orchestrator.app
import fraud_orchestrator.settings
import fraud_sanctions.app
import fraud_sanctions.settings
from fraud_features.store.memory.store import MemoryOnlineStore
from fraud_shared.mesh.client import ServiceClient
from fraud_shared.mesh.tokens import TokenIssuer
from fraud_shared.mesh.transport import AsgiTransport
from fraud_shared.testing.asgi import TEST_TOKEN_KEY
from fraud_shared.testing.fakes import FakeBus
from fraud_shared.web.keys import key_hash, new_key

PEPPER = "test-pepper-of-at-least-32-characters"


@pytest.fixture
async def http(tmp_path: Path) -> AsyncIterator[httpx.AsyncClient]:
    """A gateway with nobody but screening around it."""
    common: dict[str, Any] = {"token_key": TEST_TOKEN_KEY, "var_dir": tmp_path}
    settings = fraud_sanctions.settings.Settings(**common, check_every_s=0.0)
    sanctions = fraud_sanctions.app.create_app(settings, bus=FakeBus())
    key = new_key("shop")
    entry = {
        "client": "shop",
        "hash": key_hash(PEPPER, key),
        "scopes": ["score", "read"],
    }
    service_client = ServiceClient(
        AsgiTransport({"sanctions": sanctions}),
        TokenIssuer("orchestrator", TEST_TOKEN_KEY),
    )
    gateway = fraud_orchestrator.app.create_app(
        fraud_orchestrator.settings.Settings(
            **common,
            pan_key="test-pan-key-of-at-least-32-characters",
            key_pepper=PEPPER,
            api_keys=json.dumps([entry]),
            query_cap_ms=60_000.0,
        ),
        service_client=service_client,
        online=MemoryOnlineStore(),
    )
    async with (
        sanctions.router.lifespan_context(sanctions),
        gateway.router.lifespan_context(gateway),
        httpx.AsyncClient(
            transport=httpx.ASGITransport(gateway),
            base_url="http://gateway",
            headers={"x-api-key": key},
        ) as http,
    ):
        yield http


@pytest.mark.parametrize("name", ["🙂🙂", "...", "\u200b\u200d"])
async def test_a_name_that_nobody_can_read_is_named(
    http: httpx.AsyncClient, name: str
) -> None:
    body = {"parties": [{"role": "customer", "name": name}]}
    reply = await http.post("/v1/screen", json=body)
    assert reply.status_code == 422
    assert reply.json()["errors"][0]["field"] == "parties.0.name"
    assert name not in reply.text


async def test_a_body_may_be_as_large_here_as_there(http: httpx.AsyncClient) -> None:
    parties = [{"role": f"r-{n}", "name": "жа" * 128} for n in range(1000)]
    body = json.dumps({"parties": parties}).encode()
    reply = await http.post("/v1/screen", content=body)
    assert reply.status_code == 200


async def test_a_client_of_yente_is_answered(http: httpx.AsyncClient) -> None:
    properties = {"firstName": "Bohumira", "lastName": ["Telchanska"]}
    body = {"queries": {"q": {"schema": "Person", "properties": properties}}}
    reply = await http.post("/match/default", params={"limit": 1}, json=body)
    (found,) = reply.json()["responses"]["q"]["results"]
    assert found["match"] is True
    entity = (await http.get(f"/v1/entities/{found['id']}")).json()
    assert entity["caption"] == found["caption"]
    lists = (await http.get("/v1/sanctions/lists")).json()["lists"]
    assert entity["list"] in {one["list"] for one in lists}


async def test_what_it_asks_wrongly_is_named(http: httpx.AsyncClient) -> None:
    body = {"queries": {"q": {"schema": "Person", "properties": {"name": "🙂"}}}}
    reply = await http.post("/match/default", json=body)
    assert reply.status_code == 422
    assert reply.json()["errors"][0]["field"] == "queries.q.properties.name"
    assert (await http.post("/match/nowhere", json=body)).status_code == 404
