"""What another service says against a question reaches whoever asked it."""

import json
from typing import Any

import pytest

from fraud_shared.contracts.screening import LARGEST_BODY
from fraud_shared.mesh.errors import DependencyTimeout
from fraud_shared.testing.factories import make_screening, payment_body

PROBLEM = {
    "type": "urn:fraud:problem:name-unreadable",
    "title": "A name holds nothing that can be compared",
    "status": 422,
    "detail": "Send a name with at least one letter or digit, in any script.",
    "instance": "r-1",
    "errors": [{"field": "parties.0.name", "problem": "no letter or digit"}],
}
PATH, BODY = "/v1/screen", {"parties": [{"role": "customer", "name": "..."}]}


def saying(status: int, body: Any = None) -> Any:
    async def answer(path: str, raw: bytes) -> tuple[int, bytes]:
        return status, json.dumps(body or {}).encode()

    return answer


class TestARefusal:
    async def test_an_unreadable_name_is_named_by_its_place(self, start: Any) -> None:
        async with start() as run:
            run.transport.responders["sanctions"] = saying(422, PROBLEM)
            reply = await run.http.post(PATH, json=BODY)
        assert reply.status_code == 422
        assert reply.headers["content-type"] == "application/problem+json"
        assert reply.json() == PROBLEM

    async def test_the_policy_may_refuse_too(self, start: Any) -> None:
        async with start() as run:
            await run.score(payment_body())
            body = run.neighbours.asked[-1].model_dump_json()
            assert (await run.http.post("/decision", content=body)).status_code == 200
            run.transport.responders["decision"] = saying(422, PROBLEM)
            reply = await run.http.post("/decision", content=body)
        assert (reply.status_code, reply.json()) == (422, PROBLEM)

    @pytest.mark.parametrize(
        ("status", "expected"),
        [(409, 409), (413, 413), (404, 404), (401, 503), (403, 503), (500, 503)],
    )
    async def test_faults_of_the_services_are_not_the_callers(
        self, start: Any, status: int, expected: int
    ) -> None:
        async with start() as run:
            run.transport.responders["sanctions"] = saying(status)
            reply = await run.http.post(PATH, json=BODY)
        assert reply.status_code == expected


class TestScreening:
    @pytest.mark.parametrize("escaped", [False, True])
    async def test_a_thousand_of_the_longest_names_pass(
        self, start: Any, escaped: bool
    ) -> None:
        parties = [{"role": f"r-{n}", "name": "Ж" * 256} for n in range(1000)]
        body = json.dumps({"parties": parties}, ensure_ascii=escaped).encode()
        assert 512 * 1024 < len(body) < LARGEST_BODY
        received = []

        async def answer(path: str, raw: bytes) -> tuple[int, bytes]:
            received.append(raw)
            return 200, make_screening().model_dump_json().encode()

        async with start() as run:
            run.transport.responders["sanctions"] = answer
            reply = await run.http.post(PATH, content=body)
        assert reply.status_code == 200
        assert body in received

    async def test_questions_that_fail_leave_payments_alone(self, start: Any) -> None:
        async with start() as run:
            answer = run.transport.responders["sanctions"]

            async def late(path: str, raw: bytes) -> tuple[int, bytes]:
                raise DependencyTimeout("sanctions")

            run.transport.responders["sanctions"] = late
            for _ in range(10):
                reply = await run.http.post(PATH, json=BODY)
                assert reply.status_code == 503
            run.transport.responders["sanctions"] = answer
            body = payment_body(customer={"name": "Jane Smith"})
            scored = (await run.score(body)).json()
        assert scored["screening"]["status"] == "clear"
