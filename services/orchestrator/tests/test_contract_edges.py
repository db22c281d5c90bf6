"""Corners of the contract that a generator of requests found."""

from typing import Any

import pytest

NO_TENANT = "s/_\ts3r.R"
EVENT = {
    "transaction_id": "tx-2041",
    "event": "captured",
    "occurred_at": "2026-03-02T12:00:05Z",
    "amount_minor": 4250,
    "currency": "EUR",
}


@pytest.mark.parametrize("path", ["/v1/events", "/v1/labels", "/v1/cases"])
async def test_a_tenant_that_is_no_name_is_refused_with_its_header(
    start: Any, path: str
) -> None:
    async with start(scopes=["label", "analyst"], tenants=["*"]) as run:
        method = "GET" if path == "/v1/cases" else "POST"
        reply = await run.http.request(
            method, path, json=EVENT, headers={"x-tenant": NO_TENANT}
        )
    assert reply.status_code == 422
    assert reply.json()["errors"][0]["field"] == "header.X-Tenant"
    assert NO_TENANT not in reply.text


async def test_parked_events_of_a_chosen_service_come_from_it(start: Any) -> None:
    async with start(scopes=["admin"]) as run:
        asked: list[str] = []

        async def parked(path: str, _: bytes) -> tuple[int, bytes]:
            asked.append(path)
            return 200, b'{"items": [], "next_cursor": null}'

        run.transport.responders["sanctions"] = parked
        query = {"service": "sanctions", "limit": 5}
        reply = await run.http.get("/v1/parked", params=query)
    assert reply.status_code == 200
    assert asked == ["/v1/parked?limit=5"]


@pytest.mark.parametrize(
    ("path", "methods"),
    [("/v1/keys", {"GET", "POST"}), ("/profile/a-1", {"GET", "POST"})],
)
async def test_allow_names_every_method_of_a_path(
    start: Any, path: str, methods: set[str]
) -> None:
    async with start() as run:
        reply = await run.http.request("PATCH", path)
    assert reply.status_code == 405
    assert set(reply.headers["allow"].split(", ")) >= methods


async def test_a_spelled_out_path_is_no_identifier_under_another_method(
    start: Any,
) -> None:
    async with start(scopes=["rules"]) as run:
        reply = await run.http.get("/v1/policies/check")
    assert (reply.status_code, reply.headers["allow"]) == (405, "POST")
