"""What people ask the gateway for and workers carry out, in a whole mesh."""

import json
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

import httpx
import pytest
from rich.console import Console

from fraud_lab.chaos.registries import again, registry_at
from fraud_lab.rules import studies
from fraud_ops.jobs import model_orders
from fraud_ops.jobs.worker import Handler, Worker
from fraud_ops.mesh.environment import LocalMesh
from fraud_shared.web.keys import EVERY_TENANT, key_hash, new_key

from .conftest import eventually

PEOPLE = {"ana": "models", "ben": "models", "rob": "rules", "worker": "worker"}


@pytest.fixture
def keys(environment: LocalMesh, monkeypatch: pytest.MonkeyPatch) -> dict[str, str]:
    """A key for each of `PEOPLE`, beside the development client's own."""
    made = {name: new_key(name) for name in PEOPLE} | {"own": environment.key()}
    pepper = environment.secret("FRAUD_KEY_PEPPER")
    scopes = {**PEOPLE, "own": "score"}
    entries = [
        {
            "client": name,
            "hash": key_hash(pepper, key),
            "scopes": [scopes[name], "read"],
            "tenants": [EVERY_TENANT],
        }
        for name, key in made.items()
    ]
    monkeypatch.setenv("FRAUD_API_KEYS", json.dumps(entries))
    return made


async def ask(
    mesh: Any, key: str, method: str, path: str, body: Any = None
) -> dict[str, Any]:
    reply = await mesh.http.request(method, path, json=body, headers={"x-api-key": key})
    assert reply.status_code < 300, reply.text
    found: dict[str, Any] = reply.json()
    return found


async def work(mesh: Any, key: str, handlers: dict[str, Handler]) -> None:
    """Carry out what waits."""
    gateway = httpx.ASGITransport(mesh.local_mesh.apps["orchestrator"])
    async with httpx.AsyncClient(
        transport=gateway, base_url="http://gateway", headers={"x-api-key": key}
    ) as http:
        while await Worker(http, handlers, Console(quiet=True)).once():
            pass


async def test_two_people_promote_a_bundle_and_roll_it_back(
    run: Any, environment: LocalMesh, keys: dict[str, str]
) -> None:
    registry = registry_at(environment, environment.registry)
    target = registry.aliases("xgboost").target("champion")
    draft = again(registry.load("xgboost", target.version))
    made = registry.publish(replace(draft, bundle="b-next"), now=datetime.now(UTC))
    signer = model_orders.handlers(registry)
    async with run() as mesh:

        async def serves(version: str) -> None:
            async def found() -> bool:
                reply = await ask(mesh, keys["ana"], "GET", "/v1/version")
                served: bool = reply["models"]["xgboost"]["version"] == version
                return served

            await eventually(found)

        await serves(target.version)
        for action, after in (
            ("promote", made.manifest.version),
            ("roll_back", target.version),
        ):
            wanted = {"action": action, "bundle": "b-next", "why": "as the test says"}
            path = "/v1/models/proposals"
            proposal = await ask(mesh, keys["ana"], "POST", path, wanted)
            path += f"/{proposal['proposal_id']}"
            why = {"why": "read the card"}
            await ask(mesh, keys["ben"], "POST", f"{path}/approve", why)
            await work(mesh, keys["worker"], signer)
            done = await ask(mesh, keys["ben"], "GET", path)
            assert (done["state"], done["problem"]) == ("done", None)
            assert [one["after"] for one in done["moved"]] == [after]
            await serves(after)


async def test_a_draft_is_tried_on_recorded_payments_and_proved(
    run: Any, environment: LocalMesh, keys: dict[str, str]
) -> None:
    rob, path = keys["rob"], "/v1/rulesets"
    async with run() as mesh:
        for amount in (1_000, 2_000, 900_000):
            await mesh.score(amount_minor=amount)
        live = await ask(mesh, rob, "GET", f"{path}/live")
        number = live["version"] + 1
        text = live["text"].replace(
            f"version: {live['version']}\n", f"version: {number}\n", 1
        )
        await ask(mesh, rob, "POST", path, {"text": text, "why": "the same"})
        asked = {"version": number, "why": "before it goes live"}
        started = {
            kind: await ask(mesh, rob, "POST", "/v1/studies", {"kind": kind, **asked})
            for kind in ("backtest", "prove")
        }
        await work(mesh, keys["worker"], studies.handlers(environment))
        found = {
            kind: await ask(mesh, rob, "GET", f"/v1/studies/{one['study_id']}")
            for kind, one in started.items()
        }
    assert {kind: one["problem"] for kind, one in found.items()} == {
        "backtest": None,
        "prove": None,
    }
    assert found["backtest"]["result"]["payments"] == 3
    assert found["backtest"]["result"]["verdicts"] == {}
    assert found["prove"]["result"]["milder"]["outcome"] == "proved"
