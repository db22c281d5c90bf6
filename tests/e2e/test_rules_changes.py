"""People change lists and policies through the gateway, and payments feel it."""

from typing import Any

import pytest

ADDRESS = "198.51.100.77"


async def caught_up(mesh: Any) -> None:
    """Both that evaluate have what is in force now, without waiting for their turn."""
    await mesh.local_mesh.apps["rules"].state.service.refresh()
    await mesh.local_mesh.apps["orchestrator"].state.engines.follow()


class TestLists:
    @pytest.mark.parametrize("value", [f"::ffff:{ADDRESS}", "198.51.100.0/24"])
    async def test_an_address_on_the_deny_list_is_declined_until_it_is_taken_off(
        self, run: Any, value: str
    ) -> None:
        device = {"device_id": "dev-77", "ip": ADDRESS}
        entry = {"kind": "ip", "value": value, "reason": "a proxy of a bot farm"}
        async with run() as mesh:
            path = "/v1/lists/deny/entries"
            made = await mesh.http.post(path, json=entry)
            assert made.status_code == 201, made.text
            assert ADDRESS not in made.text
            await caught_up(mesh)
            declined = await mesh.score(device=device)
            entry_id = made.json()["entry_id"]
            await mesh.http.delete(f"{path}/{entry_id}", params={"reason": "mistaken"})
            await caught_up(mesh)
            again = await mesh.score(device=device)
        assert declined["decision"] == "DECLINE"
        assert declined["rules"]["hits"][0]["rule"] == f"L-DENY-IP@{entry_id}"
        assert again["rules"]["hits"] == []


class TestTwoPeople:
    async def test_one_person_alone_changes_no_policy(self, run: Any) -> None:
        async with run() as mesh:
            live = (await mesh.http.get("/v1/policies/live")).json()
            number = live["version"] + 1
            text = live["text"].replace(
                f"version: {live['version']}\n", f"version: {number}\n", 1
            )
            draft = {"text": text, "why": "the same, to see"}
            made = await mesh.http.post("/v1/policies", json=draft)
            assert made.status_code == 201, made.text
            path, why = f"/v1/policies/{number}/promote", {"why": "it is fine"}
            replies = [await mesh.http.post(path, json=why) for _ in range(2)]
            assert [reply.status_code for reply in replies] == [202, 409]
            after = (await mesh.http.get("/v1/policies/live")).json()
        assert after["version"] == live["version"]
