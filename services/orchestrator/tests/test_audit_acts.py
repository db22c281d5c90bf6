"""Whoever changes something through the gateway is on record, before it is done and after."""

from typing import Any


async def acts(run: Any) -> list[dict[str, Any]]:
    reply = await run.http.get("/v1/audit")
    assert reply.status_code == 200
    found: list[dict[str, Any]] = reply.json()["items"]
    return found


class Answer:
    """A neighbour that always says the same."""

    def __init__(self, status: int, body: bytes = b"{}") -> None:
        self.status, self.body = status, body

    async def __call__(self, path: str, body: bytes) -> tuple[int, bytes]:
        return self.status, self.body


async def test_change_is_on_record_with_who_what_and_its_status(start: Any) -> None:
    async with start(scopes=["analyst", "audit"]) as run:
        run.transport.responders["action"] = Answer(200)
        await run.http.post(
            "/v1/holds/hold-1/release",
            json={"reason": "the payer called"},
            headers={"X-Request-ID": "request-of-ana"},
        )
        asked, answered = await acts(run)
    assert asked["act"] == "POST /v1/holds/{hold_id}/release"
    assert asked["subject"] == "hold_id=hold-1"
    assert asked["request_id"] == answered["request_id"] == "request-of-ana"
    assert (asked["status"], answered["status"]) == (None, 200)
    assert asked["actor"] == answered["actor"] != ""
    assert "the payer called" not in str(asked)


async def test_refusal_is_on_record_too(start: Any) -> None:
    async with start(scopes=["analyst", "audit"]) as run:
        run.transport.responders["action"] = Answer(404)
        await run.http.post("/v1/holds/hold-1/release", json={"reason": "x y z"})
        assert [act["status"] for act in await acts(run)] == [None, 404]


async def test_view_of_a_case_is_on_record_and_of_the_queue_not(start: Any) -> None:
    async with start(scopes=["analyst", "audit"]) as run:
        run.transport.responders["action"] = Answer(404)
        await run.http.get("/v1/cases")
        await run.http.get("/v1/cases/case-7")
        assert {act["subject"] for act in await acts(run)} == {"case_id=case-7"}


async def test_view_of_an_account_is_on_record(start: Any) -> None:
    async with start(scopes=["analyst", "audit"]) as run:
        await run.http.get("/v1/entities/account/acc-1")
        (act,) = await acts(run)
    # A token: this record outlives an erasure of the account.
    token = run.app.state.gateway.token_of("account", "acc-1")
    assert act["subject"] == f"kind=account,entity_id={token}"


async def test_pages_follow_one_another(start: Any) -> None:
    async with start(scopes=["analyst", "audit"]) as run:
        run.transport.responders["action"] = Answer(200)
        for n in range(3):
            await run.http.post(f"/v1/holds/h-{n}/release", json={"reason": "x y z"})
        first = (await run.http.get("/v1/audit", params={"limit": 4})).json()
        cursor = first["next_cursor"]
        rest = (await run.http.get("/v1/audit", params={"cursor": cursor})).json()
        assert len(first["items"]) == 4
        assert (len(rest["items"]), rest["next_cursor"]) == (2, None)


async def test_keys_and_orders_of_the_gateway_itself_are_on_record(
    start: Any,
) -> None:
    async with start(scopes=["admin", "audit"]) as run:
        body = {"client": "shop-2", "scopes": ["score"]}
        made = (await run.http.post("/v1/keys", json=body)).json()
        await run.http.delete(f"/v1/keys/{made['key_id']}")
        await run.http.delete("/v1/keys/nobody")
        await run.http.post("/v1/admin/refresh-models")
        found = [
            (act["act"], act["subject"], act["status"])
            for act in await acts(run)
            if act["status"] is not None
        ]
    revoke = "DELETE /v1/keys/{key_id}"
    assert found[:3] == [
        ("POST /v1/keys", "client=shop-2", 201),
        (revoke, f"key_id={made['key_id']}", 200),
        (revoke, "key_id=nobody", 404),
    ]
    assert found[3][0] == "POST /v1/admin/refresh-models"


async def test_auditors_alone_read_what_was_done(start: Any) -> None:
    async with start(scopes=["analyst"]) as run:
        assert (await run.http.get("/v1/audit")).status_code == 403
