"""What clients of yente ask at the gateway, who may, and what the service hears."""

import json
from typing import Any

import pytest

from fraud_shared.contracts.screening import LARGEST_BODY

QUERY = {"schema": "Person", "properties": {"name": ["Jane Smith"]}}
BODY = {"queries": {"q": QUERY}}
ROUTES = (
    ("POST", "/match/default", BODY, "score"),
    ("POST", "/match/own?limit=3&include_dataset=a&include_dataset=b", BODY, "score"),
)


class Neighbour:
    """Answers as it is told, and keeps what it was asked."""

    def __init__(self, status: int = 200) -> None:
        self.status = status
        self.asked: list[tuple[str, Any]] = []

    async def __call__(self, path: str, body: bytes) -> tuple[int, bytes]:
        if path != "/screen":  # the gateway's own warm-up
            self.asked.append((path, json.loads(body) if body else None))
        return self.status, b'{"answer": 1}'


@pytest.mark.parametrize(("method", "path", "body", "scope"), ROUTES)
class TestEachRoute:
    async def test_asks_the_screening_service(
        self, start: Any, method: str, path: str, body: Any, scope: str
    ) -> None:
        async with start(scopes=[scope]) as run:
            neighbour = run.transport.responders["sanctions"] = Neighbour()
            reply = await run.http.request(method, path, json=body)
        assert (reply.status_code, reply.json()) == (200, {"answer": 1})
        ((asked, received),) = neighbour.asked
        assert asked == path
        if body:
            assert received["queries"]["q"] == {**QUERY, "id": None}

    async def test_needs_the_scope(
        self, start: Any, method: str, path: str, body: Any, scope: str
    ) -> None:
        others = {"score", "label", "read", "analyst", "admin"} - {scope}
        async with start(scopes=sorted(others)) as run:
            neighbour = run.transport.responders["sanctions"] = Neighbour()
            reply = await run.http.request(method, path, json=body)
        assert reply.status_code == 403
        assert neighbour.asked == []

    async def test_hands_over_a_refusal_and_reports_a_failure(
        self, start: Any, method: str, path: str, body: Any, scope: str
    ) -> None:
        async with start(scopes=[scope]) as run:
            for status, expected in ((404, 404), (422, 422), (500, 503), (504, 503)):
                run.transport.responders["sanctions"] = Neighbour(status)
                reply = await run.http.request(method, path, json=body)
                assert reply.status_code == expected


class TestMatch:
    async def test_the_key_may_come_as_clients_of_yente_send_it(
        self, start: Any
    ) -> None:
        async with start() as run:
            run.transport.responders["sanctions"] = Neighbour()
            key = run.http.headers.pop("x-api-key")
            for scheme, status in (("ApiKey", 200), ("Bearer", 200), ("Basic", 403)):
                headers = {"authorization": f"{scheme} {key}"}
                reply = await run.http.post(
                    "/match/default", json=BODY, headers=headers
                )
                assert reply.status_code == status

    async def test_a_large_batch_passes_and_a_larger_one_does_not(
        self, start: Any
    ) -> None:
        names = [f"{n} {'x' * 250}" for n in range(10)]
        query = {"schema": "Person", "properties": {"name": names}}
        large = {"queries": {f"q{n}": query for n in range(100)}}
        async with start() as run:
            neighbour = run.transport.responders["sanctions"] = Neighbour()
            assert (await run.http.post("/match/default", json=large)).is_success
            content = b" " * (LARGEST_BODY + 1)
            reply = await run.http.post(
                "/match/default",
                content=content,
                headers={"content-type": "application/json"},
            )
        assert reply.status_code == 413
        assert len(neighbour.asked[0][1]["queries"]) == 100

    @pytest.mark.parametrize("dataset", ["..", "a b", "a%3Fb", "x" * 64])
    async def test_a_dataset_is_a_plain_name(self, start: Any, dataset: str) -> None:
        async with start() as run:
            neighbour = run.transport.responders["sanctions"] = Neighbour()
            reply = await run.http.post(f"/match/{dataset}", json=BODY)
        assert reply.status_code in (404, 422)
        assert neighbour.asked == []
