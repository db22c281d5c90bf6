"""The inference API's routes: a host is asked, and its answer passed on."""

import json
from dataclasses import dataclass, field
from typing import Any

import pytest

from fraud_shared.mesh.errors import DependencyUnreachable
from fraud_shared.testing.factories import make_model, payment_body

PREDICT = "/v1/predict"
BODY = {"model": "auto_loan", "instances": [{"age": 35, "ltv_ratio": 0.8}]}
ANSWER = {
    "model": make_model("auto_loan").model_dump(),
    "predictions": [
        {
            "score": 0.25,
            "raw": {"fraud_score": 0.5},
            "ood_warning": False,
            "ood_features": [],
        }
    ],
}
INSTANCE = {"type": "object", "properties": {"age": {"type": "number"}}}


@dataclass
class Host:
    """A lightgbm service with two models, of which one is loaded."""

    otherwise: Any
    loaded: bool = True
    status: int = 200
    answer: dict[str, Any] = field(default_factory=lambda: ANSWER)
    bodies: list[bytes] = field(default_factory=list)
    swapped_to: str | None = None

    async def __call__(self, path: str, body: bytes) -> tuple[int, bytes]:
        if path == "/v1/model":
            return 200, json.dumps(
                {"service": "lightgbm", "models": self._slots()}
            ).encode()
        if path == "/v1/refresh":
            return 200, json.dumps(
                {"service": "lightgbm", "results": self._swaps()}
            ).encode()
        if path == PREDICT:
            self.bodies.append(body)
            return self.status, json.dumps(self.answer).encode()
        answer: tuple[int, bytes] = await self.otherwise(path, body)
        return answer

    def _slots(self) -> list[dict[str, Any]]:
        current = {
            "ref": ANSWER["model"],
            "alias": "champion",
            "instance": INSTANCE,
            "metadata": {"features": ["age", "ltv_ratio"]},
        }
        return [
            {"name": "auto_loan", "current": current if self.loaded else None},
            {"name": "ieee_cis", "current": None},
        ]

    def _swaps(self) -> list[dict[str, Any]]:
        before = make_model("auto_loan").model_dump()
        after = {**before, "version": self.swapped_to or before["version"]}
        status = "swapped" if self.swapped_to else "unchanged"
        return [
            {"model": "auto_loan", "status": status, "before": before, "after": after},
            {
                "model": "ieee_cis",
                "status": "unavailable",
                "before": None,
                "after": None,
            },
        ]


def host(run: Any, **fields: Any) -> Host:
    """Put the host in the place of the plain fake."""
    made = Host(run.transport.responders["lightgbm"], **fields)
    run.transport.responders["lightgbm"] = made
    return made


class TestPredict:
    async def test_the_host_s_answer_comes_back(self, start: Any) -> None:
        async with start() as run:
            asked = host(run)
            reply = await run.http.post(PREDICT, json=BODY)
        assert reply.status_code == 200
        assert reply.json() == ANSWER
        assert [json.loads(body) for body in asked.bodies] == [BODY]

    async def test_rows_as_arrays_are_passed_on(self, start: Any) -> None:
        body = {"model": "auto_loan", "instances": [[35, None]]}
        async with start() as run:
            asked = host(run)
            reply = await run.http.post(PREDICT, json=body)
        assert reply.status_code == 200
        assert [json.loads(sent) for sent in asked.bodies] == [body]

    async def test_so_does_its_refusal_with_every_field(self, start: Any) -> None:
        problem = {
            "type": "urn:fraud:problem:invalid-input",
            "title": "The request does not match the contract",
            "status": 422,
            "detail": "One or more fields are not as documented.",
            "instance": "r-1",
            "errors": [{"field": "instances.0.age", "problem": "Field required"}] * 40,
        }
        async with start() as run:
            host(run, status=422, answer=problem)
            reply = await run.http.post(PREDICT, json=BODY)
        assert reply.status_code == 422
        assert reply.headers["content-type"] == "application/problem+json"
        assert reply.json() == problem

    @pytest.mark.parametrize(
        ("model", "status", "kind"),
        [("ieee_cis", 503, "model-not-loaded"), ("nobody", 404, "not-found")],
    )
    async def test_a_model_that_nobody_serves(
        self, start: Any, model: str, status: int, kind: str
    ) -> None:
        async with start() as run:
            asked = host(run)
            reply = await run.http.post(PREDICT, json={**BODY, "model": model})
        assert reply.status_code == status
        assert reply.json()["type"] == f"urn:fraud:problem:{kind}"
        assert asked.bodies == []

    async def test_a_host_that_fails_or_is_away(self, start: Any) -> None:
        async def silent(path: str, body: bytes) -> tuple[int, bytes]:
            raise DependencyUnreachable("lightgbm")

        async with start() as run:
            asked = host(run, status=500, answer={})
            failed = await run.http.post(PREDICT, json=BODY)
            run.transport.responders["lightgbm"] = silent
            away = await run.http.post(PREDICT, json=BODY)
        assert len(asked.bodies) == 1
        for reply in (failed, away):
            assert reply.status_code == 503
            assert reply.json()["type"] == "urn:fraud:problem:model-not-loaded"

    @pytest.mark.parametrize(
        "body",
        [
            {"model": "auto_loan"},
            {"model": "auto_loan", "instances": []},
            {"model": "auto_loan", "instances": [1]},
            {**BODY, "more": 1},
        ],
    )
    async def test_another_shape_is_refused_here(
        self, start: Any, body: dict[str, Any]
    ) -> None:
        async with start() as run:
            asked = host(run)
            reply = await run.http.post(PREDICT, json=body)
        assert reply.status_code == 422
        assert asked.bodies == []

    async def test_needs_a_key_with_the_scope(self, start: Any) -> None:
        async with start(scopes=["read", "label", "admin"]) as run:
            assert (await run.http.post(PREDICT, json=BODY)).status_code == 403


class TestApart:
    async def test_payments_and_questions_have_breakers_of_their_own(
        self, start: Any
    ) -> None:
        async with start() as run:
            asked = host(run, status=500, answer={})
            for _ in range(20):
                await run.http.post(PREDICT, json=BODY)
            refused = len(asked.bodies)
            asked.status, asked.answer = 200, ANSWER
            scored = await run.http.post("/score", json=payment_body())
        assert refused < 20
        sources = {s["source"]: s["outcome"] for s in scored.json()["signals"]}
        assert sources["lightgbm"] == "scored"


class TestOpenApi:
    async def test_shows_the_rows_of_the_models_that_serve(self, start: Any) -> None:
        async with start() as run:
            host(run)
            before = (await run.http.get("/openapi.json")).json()
            await run.http.post(PREDICT, json=BODY)
            after = (await run.http.get("/openapi.json")).json()
        assert "AutoLoanInstance" not in before["components"]["schemas"]
        assert after["components"]["schemas"]["AutoLoanInstance"] == INSTANCE


class TestVersion:
    async def test_names_each_loaded_model_with_its_inputs(self, start: Any) -> None:
        async with start() as run:
            host(run)
            found = (await run.http.get("/v1/version")).json()
        assert found["models"]["ieee_cis"] is None
        assert found["loaded_models"]["auto_loan"] == {
            "name": "auto_loan",
            "version": ANSWER["model"]["version"],
            "hash": ANSWER["model"]["hash"],
            "stage": "champion",
            "signature_inputs": ["age", "ltv_ratio"],
        }


class TestRefresh:
    @pytest.mark.parametrize(
        "path", ["/v1/admin/refresh-models", "/admin/refresh-models"]
    )
    async def test_says_what_changed_from_what_to_what(
        self, start: Any, path: str
    ) -> None:
        async with start() as run:
            host(run, swapped_to="v2")
            reply = await run.http.post(path)
        version = make_model("auto_loan").version
        assert reply.status_code == 200
        assert reply.json()["changed"] == {"auto_loan": {"from": version, "to": "v2"}}
        assert reply.json()["scorers"]["lightgbm"]["service"] == "lightgbm"

    async def test_a_scorer_that_is_away_is_named(self, start: Any) -> None:
        async with start() as run:
            host(run)
            del run.transport.responders["xgboost"]
            reply = await run.http.post("/v1/admin/refresh-models")
        assert reply.json()["changed"] == {}
        assert reply.json()["scorers"]["xgboost"]["status"] == "unavailable"
