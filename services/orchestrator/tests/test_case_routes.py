"""What analysts ask at the gateway, who may, and what the other services hear."""

import json
from typing import Any

import pytest

from fraud_shared.testing.factories import payment_body

CLEARING = {
    "account": "acc-1",
    "entity_id": "own-1",
    "who": "anna",
    "why": "another birth date",
    "until": "2026-12-01T00:00:00Z",
}
FINDING = {"resolution": "not_listed", "analyst": "anna", "note": None}
ANALYST = (
    ("GET", "/v1/cases?state=resolved&limit=5", None, "action"),
    ("GET", "/v1/cases/case-1", None, "action"),
    ("POST", "/v1/cases/case-1/resolve", FINDING, "action"),
)


class Neighbour:
    """Answers as it is told, and keeps what it was asked."""

    def __init__(self, status: int = 200, body: bytes = b'{"answer": 1}') -> None:
        self.status, self.body = status, body
        self.asked: list[tuple[str, Any]] = []

    async def __call__(self, path: str, body: bytes) -> tuple[int, bytes]:
        if path.startswith("/v1/"):
            self.asked.append((path, json.loads(body) if body else None))
        return self.status, self.body


async def ask(run: Any, method: str, path: str, body: Any) -> Any:
    return await run.http.request(method, path, json=body)


@pytest.mark.parametrize(("method", "path", "body", "service"), ANALYST)
class TestEachRoute:
    async def test_asks_the_service_that_knows(
        self, start: Any, method: str, path: str, body: Any, service: str
    ) -> None:
        async with start(scopes=["analyst", "admin"]) as run:
            neighbour = run.transport.responders[service] = Neighbour()
            reply = await ask(run, method, path, body)
        assert reply.json() == {"answer": 1}
        # A case is asked for with the tenants that the key may see.
        mark = "&" if "?" in path else "?"
        own = f"{mark}tenant=shop" if path.startswith("/v1/cases") else ""
        # Who acts is the client of the key, whatever the body says.
        named = {
            k: "shop" if k in ("who", "analyst") else v for k, v in (body or {}).items()
        }
        assert neighbour.asked == [(path + own, named or None)]

    async def test_needs_the_scope(
        self, start: Any, method: str, path: str, body: Any, service: str
    ) -> None:
        others = {"score", "label", "read", "admin"}
        async with start(scopes=sorted(others)) as run:
            neighbour = run.transport.responders[service] = Neighbour()
            reply = await ask(run, method, path, body)
        assert reply.status_code == 403
        assert neighbour.asked == []

    async def test_hands_over_a_refusal_and_reports_a_failure(
        self, start: Any, method: str, path: str, body: Any, service: str
    ) -> None:
        async with start(scopes=["analyst", "admin"]) as run:
            for status, expected in ((201, 201), (404, 404), (422, 422), (500, 503)):
                run.transport.responders[service] = Neighbour(status)
                reply = await ask(run, method, path, body)
                assert reply.status_code == expected
            del run.transport.responders[service]
            assert (await ask(run, method, path, body)).status_code == 503


async def test_a_clearing_that_is_not_as_documented_goes_nowhere(start: Any) -> None:
    async with start(scopes=["analyst"]) as run:
        neighbour = run.transport.responders["sanctions"] = Neighbour()
        body = {**CLEARING, "account": "Jane Smith"}
        reply = await ask(run, "POST", "/v1/cleared", body)
    assert reply.status_code == 422
    assert "Jane Smith" not in reply.text
    assert neighbour.asked == []


async def test_screening_knows_whose_parties_they_are(start: Any) -> None:
    received: list[Any] = []
    async with start() as run:
        answer = run.transport.responders["sanctions"]

        async def screen(path: str, body: bytes) -> tuple[int, bytes]:
            received.append(json.loads(body))
            reply: tuple[int, bytes] = await answer(path, body)
            return reply

        run.transport.responders["sanctions"] = screen
        body = payment_body(account_id="acc-7", customer={"name": "Jane Smith"})
        assert (await run.score(body)).status_code == 200
    payments = [one["payment"] for one in received if one["payment"]]
    transaction_id = body["transaction_id"]
    assert payments == [{"transaction_id": transaction_id, "account_id": "acc-7"}]
