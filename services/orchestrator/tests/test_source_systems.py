"""What clients of the source systems ask the gateway, to the letter."""

import json
from typing import Any

import pytest

from fraud_shared.testing.factories import payment_body

LOAN = {
    "features": [float(n) for n in range(15)],
    "feature_names": [f"f{n}" for n in range(15)],
    "request_id": "req-1",
}


def described(version: str = "7") -> bytes:
    current = {
        "ref": {"name": "xgboost", "version": version, "hash": "0" * 64},
        "calibration_version": "isotonic-abc",
        "instance": {},
    }
    slot = {"name": "xgboost", "current": current}
    return json.dumps({"service": "xgboost", "models": [slot]}).encode()


class TestProbes:
    async def test_health_says_whether_a_model_is_loaded(self, start: Any) -> None:
        async with start() as run:
            before = (await run.http.get("/health")).json()

            async def model(_: str, __: bytes) -> tuple[int, bytes]:
                return 200, described()

            run.transport.responders["xgboost"] = model
            await run.http.get("/v1/version")
            after = (await run.http.get("/health")).json()
            healthz = (await run.http.get("/healthz")).json()
        assert before["status"] == "ready"
        assert (before["model_loaded"], after["model_loaded"]) == (False, True)
        assert healthz["model_version"] == "7"
        assert healthz["calibration_version"] == "isotonic-abc"
        assert healthz["timestamp"]

    async def test_redoc_is_there_for_people(self, start: Any) -> None:
        async with start() as run:
            reply = await run.http.get("/redoc")
        assert reply.status_code == 200

    async def test_app_version_is_shown_beside_our_own(self, start: Any) -> None:
        async with start(app_version="2026.11") as run:
            found = (await run.http.get("/v1/version")).json()
        assert found["app_version"] == "2026.11"


async def test_model_scores_have_the_three_figures_side_by_side(start: Any) -> None:
    async with start() as run:
        found = (await run.http.post("/ml/predict", json=payment_body())).json()
    assert {"if_score", "ae_error", "fraud_score", "signals"} <= found.keys()
    assert found["fraud_score"] == 0.01


class TestAutoLoan:
    async def test_row_goes_to_its_model(self, start: Any) -> None:
        asked: list[dict[str, Any]] = []

        async def answer(path: str, body: bytes) -> tuple[int, bytes]:
            if path == "/score" and b"request_id" in body:
                asked.append(json.loads(body))
            return 200, b'{"confidence_score": 0.2}'

        async with start() as run:
            run.transport.responders["lightgbm"] = answer
            reply = await run.http.post("/v1/auto-loan/score", json=LOAN)
        assert reply.json() == {"confidence_score": 0.2}
        assert asked == [LOAN | {"model": "auto_loan"}]

    @pytest.mark.parametrize("count", [0, 14, 16])
    async def test_wrong_count_is_a_bad_request(self, start: Any, count: int) -> None:
        wrong = LOAN | {"features": [1.0] * count}
        async with start() as run:
            reply = await run.http.post("/v1/auto-loan/score", json=wrong)
        assert reply.status_code == 400
        assert reply.json()["type"].endswith("wrong-feature-count")


@pytest.mark.parametrize(
    "path",
    ["/entities/NK-1?nested=true", "/search/default?q=x", "/catalog", "/algorithms"],
)
async def test_clients_of_yente_reach_the_screening_service(
    start: Any, path: str
) -> None:
    asked: list[str] = []

    async def answer(inner: str, _: bytes) -> tuple[int, bytes]:
        asked.append(inner)
        return 200, b"{}"

    async with start() as run:
        run.transport.responders["sanctions"] = answer
        reply = await run.http.get(path)
    assert reply.status_code == 200, reply.text
    assert asked[-1].partition("?")[0] == path.partition("?")[0]


class TestOrigins:
    PAGE = "https://shop.example"

    @pytest.mark.parametrize("path", ["/v1/score", "/v1/version"])
    async def test_page_that_is_let_in_may_ask(self, start: Any, path: str) -> None:
        asked = {
            "origin": self.PAGE,
            "access-control-request-method": "POST",
            "access-control-request-headers": "x-api-key",
        }
        async with start(cors_origins=(self.PAGE,)) as run:
            before = await run.http.options(path, headers=asked)
            reply = await run.http.post(
                "/v1/score", json=payment_body(), headers={"origin": self.PAGE}
            )
        assert before.status_code == 200
        assert before.headers["access-control-allow-origin"] == self.PAGE
        assert reply.headers["access-control-allow-origin"] == self.PAGE

    async def test_other_pages_may_not(self, start: Any) -> None:
        async with start(cors_origins=(self.PAGE,)) as run:
            reply = await run.http.post(
                "/v1/score",
                json=payment_body(),
                headers={"origin": "https://other.example"},
            )
        assert "access-control-allow-origin" not in reply.headers
