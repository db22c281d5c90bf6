"""Keys that are made, rotated and revoked while gateways run."""

import sqlite3
from contextlib import closing
from datetime import timedelta
from pathlib import Path
from typing import Any

import httpx

ADMIN = {"client": "operator", "scopes": ["admin"]}
SHOP = {"client": "shop", "role": "integrator", "name": "till 7"}


async def make(run: Any, **wanted: Any) -> Any:
    reply = await run.http.post("/v1/keys", json={**SHOP, **wanted})
    assert reply.status_code == 201, reply.text
    return reply.json()


async def me(run: Any, key: str) -> httpx.Response:
    reply: httpx.Response = await run.http.get("/v1/me", headers={"x-api-key": key})
    return reply


class TestANewKey:
    async def test_works_at_once_here_and_soon_at_every_gateway(
        self, start: Any
    ) -> None:
        async with start(**ADMIN) as run, start(**ADMIN) as other:
            made = await make(run)
            mine = (await me(run, made["key"])).json()
            assert mine["scopes"] == ["label", "read", "score"]
            assert (mine["client"], mine["key_name"]) == ("shop", "till 7")
            await other.app.state.gateway.keys.follow()
            assert (await me(other, made["key"])).status_code == 200

    async def test_is_shown_once_and_kept_as_a_hash(self, start: Any) -> None:
        async with start(**ADMIN) as run:
            made = await make(run)
            listed = await run.http.get("/v1/keys")
        assert made["key"] not in listed.text
        assert "hash" not in listed.text
        sources = {k["client"]: k["source"] for k in listed.json()["items"]}
        assert sources == {"operator": "environment", "shop": "store"}

    async def test_is_refused_without_scope_or_with_an_end_in_the_past(
        self, start: Any
    ) -> None:
        async with start(**ADMIN) as run:
            past = (run.clock.now() - timedelta(seconds=1)).isoformat()
            for wrong in ({"role": None}, {"expires_at": past}, {"scopes": ["root"]}):
                reply = await run.http.post("/v1/keys", json={**SHOP, **wrong})
                assert reply.status_code == 422, wrong

    async def test_is_made_by_operators_only(self, start: Any) -> None:
        async with start(scopes=["analyst", "read", "audit"]) as run:
            assert (await run.http.post("/v1/keys", json=SHOP)).status_code == 403
            assert (await run.http.get("/v1/keys")).status_code == 403


class TestFollowing:
    async def test_with_nothing_to_write_waits_for_no_writer(
        self, start: Any, tmp_path: Path
    ) -> None:
        async with start(**ADMIN) as run:
            made = await make(run)
            keys = run.app.state.gateway.keys
            await keys.follow()
            with closing(sqlite3.connect(tmp_path / "orchestrator.db")) as other:
                other.isolation_level = None
                other.execute("BEGIN IMMEDIATE")
                await keys.follow()
                other.execute("ROLLBACK")
            assert (await me(run, made["key"])).status_code == 200


class TestTheEnd:
    async def test_comes_when_it_was_said(self, start: Any) -> None:
        async with start(**ADMIN) as run:
            until = run.clock.now() + timedelta(hours=1)
            made = await make(run, expires_at=until.isoformat())
            assert (await me(run, made["key"])).status_code == 200
            run.clock.advance(timedelta(hours=1))
            assert (await me(run, made["key"])).status_code == 403
            await run.app.state.gateway.keys.follow()
            query = {"client": "shop", "ended": True}
            (key,) = (await run.http.get("/v1/keys", params=query)).json()["items"]
            assert key["revoked_at"] == key["expires_at"]
            assert (await run.http.get("/v1/keys?client=shop")).json()["items"] == []

    async def test_comes_at_once_when_it_is_revoked(self, start: Any) -> None:
        async with start(**ADMIN) as run:
            made = await make(run)
            for _ in range(2):
                reply = await run.http.delete(f"/v1/keys/{made['key_id']}")
                assert reply.status_code == 200
            assert (await me(run, made["key"])).status_code == 403
            path = f"/v1/keys/{made['key_id']}/rotate"
            assert (await run.http.post(path)).status_code == 409


class TestRotation:
    async def test_lets_both_keys_work_for_the_overlap(self, start: Any) -> None:
        async with start(**ADMIN) as run:
            old = await make(run, tenants=["bank"])
            path = f"/v1/keys/{old['key_id']}/rotate"
            new = (await run.http.post(path, json={"overlap_s": 3600})).json()
            assert (new["client"], new["tenants"]) == ("shop", ["bank"])
            for key in (old, new):
                assert (await me(run, key["key"])).status_code == 200
            third = await run.http.post("/v1/keys", json=SHOP)
            assert third.json()["type"] == "urn:fraud:problem:too-many-keys"
            run.clock.advance(timedelta(hours=1))
            assert (await me(run, old["key"])).status_code == 403
            assert (await me(run, new["key"])).status_code == 200

    async def test_of_a_key_of_the_environment_happens_there(self, start: Any) -> None:
        async with start(**ADMIN) as run:
            (mine,) = (await run.http.get("/v1/keys")).json()["items"]
            for method, path in (
                ("POST", f"/v1/keys/{mine['key_id']}/rotate"),
                ("DELETE", f"/v1/keys/{mine['key_id']}"),
            ):
                reply = await run.http.request(method, path)
                assert reply.status_code == 409
            assert (await run.http.delete("/v1/keys/nobody")).status_code == 404


class TestLastUse:
    async def test_is_known_to_a_minute(self, start: Any) -> None:
        async with start(**ADMIN) as run:
            made = await make(run)
            store = run.app.state.gateway.keys
            assert made["last_used_at"] is None
            await me(run, made["key"])
            await store.follow()
            query = {"client": "shop"}
            (key,) = (await run.http.get("/v1/keys", params=query)).json()["items"]
            assert key["last_used_at"] is not None
