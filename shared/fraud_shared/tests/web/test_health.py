"""Probes and metrics."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import pytest
from fastapi import FastAPI

from fraud_shared.testing.asgi import client
from fraud_shared.web.problems import Unavailable


async def get(knock: Any, app: FastAPI, path: str) -> Any:
    return await knock(app, path, method="GET")


class TestProbes:
    async def test_alive_but_not_ready_before_the_start(
        self, make_app: Any, knock: Any
    ) -> None:
        app = make_app()
        for path in ("/livez", "/healthz"):
            assert (await get(knock, app, path)).status == 200
        for path in ("/readyz", "/health"):
            reply = await get(knock, app, path)
            assert reply.status == 503
            assert reply.json["checks"] == {"started": False, "serving": True}

    async def test_ready_between_start_and_stop(
        self, make_app: Any, knock: Any
    ) -> None:
        app = make_app()
        async with client(app) as http:
            assert (await http.get("/readyz")).status_code == 200
            app.state.readiness.draining = True
            assert (await http.get("/readyz")).status_code == 503
            assert (await http.get("/livez")).status_code == 200
        reply = await get(knock, app, "/readyz")
        assert reply.json["checks"] == {"started": False, "serving": False}

    async def test_ready_again_after_a_second_start(self, make_app: Any) -> None:
        app = make_app()
        for _ in range(2):
            async with client(app) as http:
                assert (await http.get("/readyz")).status_code == 200

    async def test_not_ready_until_every_check_holds(self, make_app: Any) -> None:
        loaded = {"ruleset": False}
        checks = {"ruleset": lambda: loaded["ruleset"], "lists": lambda: True}
        async with client(make_app(checks=checks)) as http:
            reply = await http.get("/readyz")
            assert reply.status_code == 503
            assert reply.json()["checks"]["ruleset"] is False
            loaded["ruleset"] = True
            assert (await http.get("/readyz")).status_code == 200

    async def test_a_check_that_breaks_says_no(self, make_app: Any) -> None:
        async with client(make_app(checks={"model": lambda: 1 // 0 > 0})) as http:
            reply = await http.get("/readyz")
            assert reply.status_code == 503
            assert reply.json()["checks"]["model"] is False

    async def test_need_no_token(self, make_app: Any) -> None:
        async with client(make_app(), authenticated=False) as http:
            assert (await http.get("/readyz")).status_code == 200


class TestLifespan:
    async def test_runs_what_the_service_needs_around_readiness(
        self, make_app: Any
    ) -> None:
        seen: list[bool] = []
        app: FastAPI

        @asynccontextmanager
        async def inner() -> AsyncIterator[None]:
            seen.append(app.state.readiness.started)
            yield
            seen.append(app.state.readiness.draining)

        app = make_app(lifespan=inner)
        async with client(app):
            assert seen == [False]
        assert seen == [False, True]

    async def test_a_start_that_fails_is_one_log_line_and_not_ready(
        self, make_app: Any, capsys: pytest.CaptureFixture[str]
    ) -> None:
        @asynccontextmanager
        async def inner() -> AsyncIterator[None]:
            raise Unavailable("DATABASE_URL does not answer.")
            yield

        app = make_app(lifespan=inner)
        with pytest.raises(Unavailable):
            async with client(app):
                pass
        lines = capsys.readouterr().out.splitlines()
        assert "DATABASE_URL does not answer." in lines[-1]
        assert app.state.readiness.started is False


class TestMetrics:
    async def test_expose_requests_by_route_and_status(self, make_app: Any) -> None:
        async with client(make_app()) as http:
            await http.get("/nothing")
            reply = await http.get("/metrics")
        assert reply.status_code == 200
        assert reply.headers["content-type"].startswith("text/plain")
        wanted = (
            'fraud_http_responses_total{route="unmatched",service="kit",status="404"}'
        )
        assert wanted in reply.text
        assert "fraud_http_request_duration_seconds_bucket" in reply.text


class TestDocuments:
    async def test_hot_and_cold_routes_are_in_openapi(self, kit: Any) -> None:
        async with client(kit()) as http:
            document = (await http.get("/openapi.json")).json()
        assert {"/tell", "/cold/raw", "/livez"} <= document["paths"].keys()
        hot = document["paths"]["/tell"]["post"]
        schema = hot["requestBody"]["content"]["application/json"]["schema"]
        assert schema["$ref"].endswith("/Ask")

    async def test_production_shows_no_interactive_pages(self, kit: Any) -> None:
        async with client(kit(env="production")) as http:
            assert (await http.get("/docs")).status_code == 404


class TestGuard:
    @pytest.mark.parametrize("path", ["/tell", "/cold/tell/1"])
    async def test_internal_routes_need_a_token(self, kit: Any, path: str) -> None:
        async with client(kit(), authenticated=False) as http:
            refused = await http.post(path, json={"name": "a"})
            assert refused.status_code == 401
            assert refused.headers["www-authenticate"] == "Bearer"
            assert refused.headers["content-type"] == "application/problem+json"

    @pytest.mark.parametrize("path", ["/tell", "/cold/tell/1"])
    async def test_a_token_of_the_mesh_is_let_in(self, kit: Any, path: str) -> None:
        async with client(kit()) as http:
            assert (await http.post(path, json={"name": "a"})).status_code == 200

    async def test_the_token_is_checked_before_the_body(self, kit: Any) -> None:
        async with client(kit(), authenticated=False) as http:
            assert (await http.post("/tell", content=b"{")).status_code == 401
